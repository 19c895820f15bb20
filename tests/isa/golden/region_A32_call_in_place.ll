; 0x8000  bl 0x800c
; 0x8004  subs r1, r1, #1
; 0x8008  bne 0x8000
; 0x800c  add r0, r0, r1
; 0x8010  bx lr
target triple = "x86_64-unknown-linux-gnu"
attributes #0 = { nounwind strictfp "no-builtins" }
attributes #1 = { nounwind "no-builtins" "no-jump-tables"="true" }
attributes #2 = { nounwind noinline strictfp "no-builtins" }
!llvm.module.flags = !{!1}
!1 = !{i32 1, !"override-stack-alignment", i32 8}
!0 = !{!"branch_weights", i32 1, i32 100000}
!2 = !{!"branch_weights", i32 31, i32 1}
!3 = !{!"branch_weights", i32 100000, i32 1}
define hidden preserve_nonecc void @region(ptr noalias %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v) #0 align 16 {
entry:
  %budget_left = alloca i64, align 8
  %r0 = alloca i32, align 4
  %r1 = alloca i32, align 4
  %r2 = alloca i32, align 4
  %r3 = alloca i32, align 4
  %r4 = alloca i32, align 4
  %r5 = alloca i32, align 4
  %r6 = alloca i32, align 4
  %r7 = alloca i32, align 4
  %r8 = alloca i32, align 4
  %r9 = alloca i32, align 4
  %r10 = alloca i32, align 4
  %r11 = alloca i32, align 4
  %r12 = alloca i32, align 4
  %r13 = alloca i32, align 4
  %r14 = alloca i32, align 4
  %fn = alloca i32, align 4
  %fz = alloca i32, align 4
  %cx = alloca i32, align 4
  %cy = alloca i32, align 4
  %vx = alloca i32, align 4
  %vy = alloca i32, align 4
  %lx = alloca i32, align 4
  %ly = alloca i32, align 4
  %fpn = alloca i32, align 4
  %fpz = alloca i32, align 4
  %fpc = alloca i32, align 4
  %fpv = alloca i32, align 4
  %ge = alloca i32, align 4
  %leaving_n = alloca i32, align 4
  %leaving_z = alloca i32, align 4
  %leaving_c = alloca i32, align 4
  %leaving_v = alloca i32, align 4
  %leaving_for = alloca ptr, align 8
  %vfp = alloca [256 x i8], align 16
  %fault_ip = getelementptr inbounds i8, ptr %st, i64 464
  %fault_info = getelementptr inbounds i8, ptr %st, i64 468
  %short = icmp sle i64 %budget, 7
  br i1 %short, label %refuse, label %begin, !prof !0
refuse:
  %redecode = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %redecode(ptr %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
begin:
  %more = sub i64 %budget, 7
  store i64 %more, ptr %budget_left, align 8
  store i32 %n, ptr %fn, align 4
  store i32 %z, ptr %fz, align 4
  store i32 %c, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  %v0 = and i32 %v, -2147483648
  store i32 %v0, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  %l0 = xor i32 %n, %v
  store i32 %l0, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  %ip = getelementptr i8, ptr %ip0, i64 0
  %s15p = getelementptr inbounds i8, ptr %st, i64 0
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r0, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 4
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r1, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 8
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r2, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 12
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r3, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 16
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r4, align 4
  %s20p = getelementptr inbounds i8, ptr %st, i64 20
  %s20 = load i32, ptr %s20p, align 4
  store i32 %s20, ptr %r5, align 4
  %s21p = getelementptr inbounds i8, ptr %st, i64 24
  %s21 = load i32, ptr %s21p, align 4
  store i32 %s21, ptr %r6, align 4
  %s22p = getelementptr inbounds i8, ptr %st, i64 28
  %s22 = load i32, ptr %s22p, align 4
  store i32 %s22, ptr %r7, align 4
  %s23p = getelementptr inbounds i8, ptr %st, i64 32
  %s23 = load i32, ptr %s23p, align 4
  store i32 %s23, ptr %r8, align 4
  %s24p = getelementptr inbounds i8, ptr %st, i64 36
  %s24 = load i32, ptr %s24p, align 4
  store i32 %s24, ptr %r9, align 4
  %s25p = getelementptr inbounds i8, ptr %st, i64 40
  %s25 = load i32, ptr %s25p, align 4
  store i32 %s25, ptr %r10, align 4
  %s26p = getelementptr inbounds i8, ptr %st, i64 44
  %s26 = load i32, ptr %s26p, align 4
  store i32 %s26, ptr %r11, align 4
  %s27p = getelementptr inbounds i8, ptr %st, i64 48
  %s27 = load i32, ptr %s27p, align 4
  store i32 %s27, ptr %r12, align 4
  %s28p = getelementptr inbounds i8, ptr %st, i64 52
  %s28 = load i32, ptr %s28p, align 4
  store i32 %s28, ptr %r13, align 4
  %s29p = getelementptr inbounds i8, ptr %st, i64 56
  %s29 = load i32, ptr %s29p, align 4
  store i32 %s29, ptr %r14, align 4
  br label %i8000
i8000:
  %b1 = load i64, ptr %budget_left, align 8
  %d1 = callbr i64 asm sideeffect "subq $3, $0; jl 1f; .subsection 1; 1: movq $0, 416($2); jmp ${4:l}; .previous", "=r,0,{r12},i,!i,~{flags}"(i64 %b1, ptr %st, i64 1)
    to label %n1 [label %xi8000], !prof !3
n1:
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  store i32 32772, ptr %r14, align 4
  br label %i800c_8004
i800c_8004:
  %b6 = load i64, ptr %budget_left, align 8
  %s6 = sub i64 %b6, 2
  %d6 = call i64 asm "", "=r,0"(i64 %s6)
  store i64 %d6, ptr %budget_left, align 8
  br label %in2
in2:
  %t1 = load i32, ptr %r1, align 4
  %t2 = load i32, ptr %r0, align 4
  %t3 = add i32 %t2, %t1
  %t4 = icmp ult i32 %t3, %t2
  %t5 = xor i32 %t2, %t3
  %t6 = xor i32 %t1, %t3
  %t7 = and i32 %t5, %t6
  store i32 %t3, ptr %r0, align 4
  br label %in3
in3:
  %t8 = load i32, ptr %r14, align 4
  %t9 = icmp eq i32 %t8, 32772
  br i1 %t9, label %back4, label %elsewhere5
back4:
  br label %i8004
elsewhere5:
  %t10 = getelementptr inbounds i8, ptr %st, i64 392
  %t11 = load ptr, ptr %t10, align 8
  %t12 = zext i32 %t8 to i64
  %t13 = and i64 %t12, -4
  %t14 = shl i64 %t13, 2
  %t15 = getelementptr i8, ptr %t11, i64 %t14
  %t16 = getelementptr inbounds i8, ptr %st, i64 392
  %t17 = load ptr, ptr %t16, align 8
  %t18 = zext i32 %t8 to i64
  %t19 = and i64 %t18, -2
  %t20 = shl i64 %t19, 3
  %t21 = add i64 %t20, 19327352832
  %t22 = getelementptr i8, ptr %t17, i64 %t21
  %t23 = trunc i32 %t8 to i1
  %t24 = select i1 %t23, ptr %t22, ptr %t15
  %s7 = load i32, ptr %r0, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s7, ptr %s7p, align 4
  %s8 = load i32, ptr %r1, align 4
  %s8p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s8, ptr %s8p, align 4
  %s9 = load i32, ptr %r14, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s9, ptr %s9p, align 4
  %t25 = load i64, ptr %budget_left, align 8
  %t26 = add i64 %t25, 7
  %t27 = load i32, ptr %cy, align 4
  %t28 = load i32, ptr %cx, align 4
  %t29 = icmp ule i32 %t27, %t28
  %t30 = zext i1 %t29 to i32
  %t31 = load i32, ptr %fn, align 4
  %t32 = load i32, ptr %fz, align 4
  %t33 = load i32, ptr %vx, align 4
  %t34 = load i32, ptr %vy, align 4
  %t35 = sub i32 %t33, %t34
  %t36 = xor i32 %t33, %t34
  %t37 = xor i32 %t33, %t35
  %t38 = and i32 %t36, %t37
  %t39 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t24, ptr %base, i64 %t26, i32 %t31, i32 %t32, i32 %t30, i32 %t38)
  %t40 = icmp ult i64 %t39, 768
  br i1 %t40, label %aside7, label %go6, !prof !0
aside7:
  call void asm sideeffect "", ""()
  store i32 %t31, ptr %leaving_n, align 4
  store i32 %t32, ptr %leaving_z, align 4
  store i32 %t30, ptr %leaving_c, align 4
  store i32 %t38, ptr %leaving_v, align 4
  store ptr %t24, ptr %leaving_for, align 8
  br label %leave_counted
go6:
  %t41 = getelementptr i8, ptr %base, i64 %t39
  musttail call preserve_nonecc void %t41(ptr %st, ptr %mem, ptr %t24, ptr %base, i64 %t26, i32 %t31, i32 %t32, i32 %t30, i32 %t38)
  ret void
i8004:
  %b10 = load i64, ptr %budget_left, align 8
  %s10 = sub i64 %b10, 2
  %d10 = call i64 asm "", "=r,0"(i64 %s10)
  store i64 %d10, ptr %budget_left, align 8
  br label %in8
in8:
  %t42 = load i32, ptr %r1, align 4
  %t43 = sub i32 %t42, 1
  %t44 = xor i32 %t42, 1
  %t45 = icmp ule i32 1, %t42
  %t46 = xor i32 %t42, %t43
  %t47 = and i32 %t44, %t46
  store i32 %t43, ptr %fn, align 4
  store i32 %t43, ptr %fz, align 4
  %t48 = load i32, ptr %fn, align 4
  %t49 = load i32, ptr %vx, align 4
  %t50 = load i32, ptr %vy, align 4
  %t51 = sub i32 %t49, %t50
  %t52 = xor i32 %t49, %t50
  %t53 = xor i32 %t49, %t51
  %t54 = and i32 %t52, %t53
  %t55 = xor i32 %t48, %t54
  store i32 %t55, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t42, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  store i32 %t42, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  store i32 %t42, ptr %lx, align 4
  store i32 1, ptr %ly, align 4
  store i32 %t43, ptr %r1, align 4
  store i32 4294967294, ptr %cx, align 4
  store i32 %t43, ptr %cy, align 4
  store i32 %t43, ptr %vx, align 4
  store i32 4294967295, ptr %vy, align 4
  br label %in9
in9:
  %t56 = load i32, ptr %fz, align 4
  %t57 = icmp eq i32 %t56, 0
  %t58 = xor i1 %t57, 1
  br i1 %t58, label %then10, label %else11, !prof !2
then10:
  br label %i8000
else11:
  br label %after12
after12:
  br label %i800c
i800c:
  %b11 = load i64, ptr %budget_left, align 8
  %s11 = sub i64 %b11, 2
  %d11 = call i64 asm "", "=r,0"(i64 %s11)
  store i64 %d11, ptr %budget_left, align 8
  br label %in13
in13:
  %t59 = load i32, ptr %r1, align 4
  %t60 = load i32, ptr %r0, align 4
  %t61 = add i32 %t60, %t59
  %t62 = icmp ult i32 %t61, %t60
  %t63 = xor i32 %t60, %t61
  %t64 = xor i32 %t59, %t61
  %t65 = and i32 %t63, %t64
  store i32 %t61, ptr %r0, align 4
  br label %in14
in14:
  %t66 = load i32, ptr %r14, align 4
  switch i32 %t66, label %elsewhere15 [  ]
elsewhere15:
  %t67 = getelementptr inbounds i8, ptr %st, i64 392
  %t68 = load ptr, ptr %t67, align 8
  %t69 = zext i32 %t66 to i64
  %t70 = and i64 %t69, -4
  %t71 = shl i64 %t70, 2
  %t72 = getelementptr i8, ptr %t68, i64 %t71
  %t73 = getelementptr inbounds i8, ptr %st, i64 392
  %t74 = load ptr, ptr %t73, align 8
  %t75 = zext i32 %t66 to i64
  %t76 = and i64 %t75, -2
  %t77 = shl i64 %t76, 3
  %t78 = add i64 %t77, 19327352832
  %t79 = getelementptr i8, ptr %t74, i64 %t78
  %t80 = trunc i32 %t66 to i1
  %t81 = select i1 %t80, ptr %t79, ptr %t72
  %s12 = load i32, ptr %r0, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s12, ptr %s12p, align 4
  %s13 = load i32, ptr %r1, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s13, ptr %s13p, align 4
  %s14 = load i32, ptr %r14, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s14, ptr %s14p, align 4
  %t82 = load i64, ptr %budget_left, align 8
  %t83 = add i64 %t82, 7
  %t84 = load i32, ptr %cy, align 4
  %t85 = load i32, ptr %cx, align 4
  %t86 = icmp ule i32 %t84, %t85
  %t87 = zext i1 %t86 to i32
  %t88 = load i32, ptr %fn, align 4
  %t89 = load i32, ptr %fz, align 4
  %t90 = load i32, ptr %vx, align 4
  %t91 = load i32, ptr %vy, align 4
  %t92 = sub i32 %t90, %t91
  %t93 = xor i32 %t90, %t91
  %t94 = xor i32 %t90, %t92
  %t95 = and i32 %t93, %t94
  %t96 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t81, ptr %base, i64 %t83, i32 %t88, i32 %t89, i32 %t87, i32 %t95)
  %t97 = icmp ult i64 %t96, 768
  br i1 %t97, label %aside17, label %go16, !prof !0
aside17:
  call void asm sideeffect "", ""()
  store i32 %t88, ptr %leaving_n, align 4
  store i32 %t89, ptr %leaving_z, align 4
  store i32 %t87, ptr %leaving_c, align 4
  store i32 %t95, ptr %leaving_v, align 4
  store ptr %t81, ptr %leaving_for, align 8
  br label %leave_counted
go16:
  %t98 = getelementptr i8, ptr %base, i64 %t96
  musttail call preserve_nonecc void %t98(ptr %st, ptr %mem, ptr %t81, ptr %base, i64 %t83, i32 %t88, i32 %t89, i32 %t87, i32 %t95)
  ret void
xi8000:
  %s2p = getelementptr inbounds i8, ptr %st, i64 416
  %s2 = load i64, ptr %s2p, align 4
  store i64 %s2, ptr %budget_left, align 4
  store i32 8192, ptr %fault_ip, align 4
  store i32 1, ptr %fault_info, align 4
  %s3 = load i32, ptr %r0, align 4
  %s3p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s3, ptr %s3p, align 4
  %s4 = load i32, ptr %r1, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s4, ptr %s4p, align 4
  %s5 = load i32, ptr %r14, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s5, ptr %s5p, align 4
  br label %again
again:
  %t99 = load i32, ptr %cy, align 4
  %t100 = load i32, ptr %cx, align 4
  %t101 = icmp ule i32 %t99, %t100
  %t102 = zext i1 %t101 to i32
  %t103 = load i32, ptr %fn, align 4
  %t104 = load i32, ptr %fz, align 4
  %t105 = load i32, ptr %vx, align 4
  %t106 = load i32, ptr %vy, align 4
  %t107 = sub i32 %t105, %t106
  %t108 = xor i32 %t105, %t106
  %t109 = xor i32 %t105, %t107
  %t110 = and i32 %t108, %t109
  %t111 = getelementptr inbounds i8, ptr %st, i64 464
  %t112 = load i32, ptr %t111, align 4
  %t113 = zext i32 %t112 to i64
  %t114 = getelementptr inbounds i8, ptr %st, i64 392
  %t115 = load ptr, ptr %t114, align 8
  %t116 = getelementptr [16 x i8], ptr %t115, i64 %t113
  %t117 = getelementptr inbounds i8, ptr %st, i64 468
  %t118 = load i32, ptr %t117, align 4
  %t119 = and i32 %t118, 65535
  %t120 = zext i32 %t119 to i64
  %t121 = load i64, ptr %budget_left, align 8
  %t122 = add i64 %t121, 7
  %t123 = add i64 %t122, %t120
  %t124 = lshr i32 %t118, 24
  %t125 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t124, ptr %t125, align 4
  %t126 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t126(ptr %st, ptr %mem, ptr %t116, ptr %base, i64 %t123, i32 %t103, i32 %t104, i32 %t102, i32 %t110)
  ret void
leave_counted:
  %t127 = load ptr, ptr %leaving_for, align 8
  %t128 = load i64, ptr %budget_left, align 8
  %t129 = add i64 %t128, 7
  %t130 = load i32, ptr %leaving_n, align 4
  %t131 = load i32, ptr %leaving_z, align 4
  %t132 = load i32, ptr %leaving_c, align 4
  %t133 = load i32, ptr %leaving_v, align 4
  %t134 = getelementptr i8, ptr %base, i64 512
  %t135 = ptrtoint ptr %t127 to i64
  %t136 = and i64 %t135, 16368
  %t137 = lshr i64 %t136, 2
  %t138 = getelementptr inbounds i8, ptr %st, i64 512
  %t139 = getelementptr inbounds i8, ptr %t138, i64 %t137
  %t140 = load i32, ptr %t139, align 4
  %t141 = add i32 %t140, -1
  store i32 %t141, ptr %t139, align 4
  %t142 = icmp eq i32 %t141, 0
  br i1 %t142, label %hot18, label %cold19, !prof !0
hot18:
  %t143 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t143, align 4
  musttail call preserve_nonecc void %t134(ptr %st, ptr %mem, ptr %t127, ptr %base, i64 %t129, i32 %t130, i32 %t131, i32 %t132, i32 %t133)
  ret void
cold19:
  %t144 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t127, ptr %base, i64 %t129, i32 %t130, i32 %t131, i32 %t132, i32 %t133)
  %t145 = getelementptr i8, ptr %base, i64 %t144
  musttail call preserve_nonecc void %t145(ptr %st, ptr %mem, ptr %t127, ptr %base, i64 %t129, i32 %t130, i32 %t131, i32 %t132, i32 %t133)
  ret void
}
