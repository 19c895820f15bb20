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
  store i64 %budget, ptr %budget_left, align 8
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
  %r0p = getelementptr inbounds i8, ptr %st, i64 0
  %r0v = load i32, ptr %r0p, align 4
  store i32 %r0v, ptr %r0, align 4
  %r1p = getelementptr inbounds i8, ptr %st, i64 4
  %r1v = load i32, ptr %r1p, align 4
  store i32 %r1v, ptr %r1, align 4
  %r2p = getelementptr inbounds i8, ptr %st, i64 8
  %r2v = load i32, ptr %r2p, align 4
  store i32 %r2v, ptr %r2, align 4
  %r3p = getelementptr inbounds i8, ptr %st, i64 12
  %r3v = load i32, ptr %r3p, align 4
  store i32 %r3v, ptr %r3, align 4
  %r4p = getelementptr inbounds i8, ptr %st, i64 16
  %r4v = load i32, ptr %r4p, align 4
  store i32 %r4v, ptr %r4, align 4
  %r5p = getelementptr inbounds i8, ptr %st, i64 20
  %r5v = load i32, ptr %r5p, align 4
  store i32 %r5v, ptr %r5, align 4
  %r6p = getelementptr inbounds i8, ptr %st, i64 24
  %r6v = load i32, ptr %r6p, align 4
  store i32 %r6v, ptr %r6, align 4
  %r7p = getelementptr inbounds i8, ptr %st, i64 28
  %r7v = load i32, ptr %r7p, align 4
  store i32 %r7v, ptr %r7, align 4
  %r8p = getelementptr inbounds i8, ptr %st, i64 32
  %r8v = load i32, ptr %r8p, align 4
  store i32 %r8v, ptr %r8, align 4
  %r9p = getelementptr inbounds i8, ptr %st, i64 36
  %r9v = load i32, ptr %r9p, align 4
  store i32 %r9v, ptr %r9, align 4
  %r10p = getelementptr inbounds i8, ptr %st, i64 40
  %r10v = load i32, ptr %r10p, align 4
  store i32 %r10v, ptr %r10, align 4
  %r11p = getelementptr inbounds i8, ptr %st, i64 44
  %r11v = load i32, ptr %r11p, align 4
  store i32 %r11v, ptr %r11, align 4
  %r12p = getelementptr inbounds i8, ptr %st, i64 48
  %r12v = load i32, ptr %r12p, align 4
  store i32 %r12v, ptr %r12, align 4
  %r13p = getelementptr inbounds i8, ptr %st, i64 52
  %r13v = load i32, ptr %r13p, align 4
  store i32 %r13v, ptr %r13, align 4
  %r14p = getelementptr inbounds i8, ptr %st, i64 56
  %r14v = load i32, ptr %r14p, align 4
  store i32 %r14v, ptr %r14, align 4
  %ip = getelementptr i8, ptr %ip0, i64 0
  br label %i8000
i8000:
  %b1 = load i64, ptr %budget_left, align 8
  %l1 = icmp sle i64 %b1, 7
  br i1 %l1, label %xi8000, label %n1, !prof !0
n1:
  %b2 = load i64, ptr %budget_left, align 8
  %d2 = sub i64 %b2, 1
  store i64 %d2, ptr %budget_left, align 8
  br label %in1
in1:
  store i32 32772, ptr %r14, align 4
  br label %i800c_8004
i800c_8004:
  %b3 = load i64, ptr %budget_left, align 8
  %d3 = sub i64 %b3, 2
  store i64 %d3, ptr %budget_left, align 8
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
  %s4 = load i32, ptr %r0, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s4, ptr %s4p, align 4
  %s5 = load i32, ptr %r1, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s5, ptr %s5p, align 4
  %s6 = load i32, ptr %r14, align 4
  %s6p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s6, ptr %s6p, align 4
  %t25 = load i64, ptr %budget_left, align 8
  %t26 = load i32, ptr %cy, align 4
  %t27 = load i32, ptr %cx, align 4
  %t28 = icmp ule i32 %t26, %t27
  %t29 = zext i1 %t28 to i32
  %t30 = load i32, ptr %fn, align 4
  %t31 = load i32, ptr %fz, align 4
  %t32 = load i32, ptr %vx, align 4
  %t33 = load i32, ptr %vy, align 4
  %t34 = sub i32 %t32, %t33
  %t35 = xor i32 %t32, %t33
  %t36 = xor i32 %t32, %t34
  %t37 = and i32 %t35, %t36
  %t38 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t24, ptr %base, i64 %t25, i32 %t30, i32 %t31, i32 %t29, i32 %t37)
  %t39 = icmp ult i64 %t38, 768
  store i32 %t30, ptr %leaving_n, align 4
  store i32 %t31, ptr %leaving_z, align 4
  store i32 %t29, ptr %leaving_c, align 4
  store i32 %t37, ptr %leaving_v, align 4
  store ptr %t24, ptr %leaving_for, align 8
  br i1 %t39, label %leave_counted, label %go6, !prof !0
go6:
  %t40 = getelementptr i8, ptr %base, i64 %t38
  musttail call preserve_nonecc void %t40(ptr %st, ptr %mem, ptr %t24, ptr %base, i64 %t25, i32 %t30, i32 %t31, i32 %t29, i32 %t37)
  ret void
i8004:
  %b7 = load i64, ptr %budget_left, align 8
  %d7 = sub i64 %b7, 2
  store i64 %d7, ptr %budget_left, align 8
  br label %in7
in7:
  %t41 = load i32, ptr %r1, align 4
  %t42 = sub i32 %t41, 1
  %t43 = icmp ule i32 1, %t41
  %t44 = xor i32 %t41, 1
  %t45 = xor i32 %t41, %t42
  %t46 = and i32 %t44, %t45
  store i32 %t42, ptr %fn, align 4
  store i32 %t42, ptr %fz, align 4
  %t47 = load i32, ptr %fn, align 4
  %t48 = load i32, ptr %vx, align 4
  %t49 = load i32, ptr %vy, align 4
  %t50 = sub i32 %t48, %t49
  %t51 = xor i32 %t48, %t49
  %t52 = xor i32 %t48, %t50
  %t53 = and i32 %t51, %t52
  %t54 = xor i32 %t47, %t53
  store i32 %t54, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t41, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  store i32 %t41, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  store i32 %t41, ptr %lx, align 4
  store i32 1, ptr %ly, align 4
  store i32 %t42, ptr %r1, align 4
  br label %in8
in8:
  %t55 = load i32, ptr %fz, align 4
  %t56 = icmp eq i32 %t55, 0
  %t57 = xor i1 %t56, 1
  br i1 %t57, label %then9, label %else10
then9:
  br label %i8000
else10:
  br label %after11
after11:
  br label %i800c
i800c:
  %b8 = load i64, ptr %budget_left, align 8
  %d8 = sub i64 %b8, 2
  store i64 %d8, ptr %budget_left, align 8
  br label %in12
in12:
  %t58 = load i32, ptr %r1, align 4
  %t59 = load i32, ptr %r0, align 4
  %t60 = add i32 %t59, %t58
  %t61 = icmp ult i32 %t60, %t59
  %t62 = xor i32 %t59, %t60
  %t63 = xor i32 %t58, %t60
  %t64 = and i32 %t62, %t63
  store i32 %t60, ptr %r0, align 4
  br label %in13
in13:
  %t65 = load i32, ptr %r14, align 4
  switch i32 %t65, label %elsewhere14 [  ]
elsewhere14:
  %t66 = getelementptr inbounds i8, ptr %st, i64 392
  %t67 = load ptr, ptr %t66, align 8
  %t68 = zext i32 %t65 to i64
  %t69 = and i64 %t68, -4
  %t70 = shl i64 %t69, 2
  %t71 = getelementptr i8, ptr %t67, i64 %t70
  %t72 = getelementptr inbounds i8, ptr %st, i64 392
  %t73 = load ptr, ptr %t72, align 8
  %t74 = zext i32 %t65 to i64
  %t75 = and i64 %t74, -2
  %t76 = shl i64 %t75, 3
  %t77 = add i64 %t76, 19327352832
  %t78 = getelementptr i8, ptr %t73, i64 %t77
  %t79 = trunc i32 %t65 to i1
  %t80 = select i1 %t79, ptr %t78, ptr %t71
  %s9 = load i32, ptr %r0, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s9, ptr %s9p, align 4
  %s10 = load i32, ptr %r1, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s10, ptr %s10p, align 4
  %s11 = load i32, ptr %r14, align 4
  %s11p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s11, ptr %s11p, align 4
  %t81 = load i64, ptr %budget_left, align 8
  %t82 = load i32, ptr %cy, align 4
  %t83 = load i32, ptr %cx, align 4
  %t84 = icmp ule i32 %t82, %t83
  %t85 = zext i1 %t84 to i32
  %t86 = load i32, ptr %fn, align 4
  %t87 = load i32, ptr %fz, align 4
  %t88 = load i32, ptr %vx, align 4
  %t89 = load i32, ptr %vy, align 4
  %t90 = sub i32 %t88, %t89
  %t91 = xor i32 %t88, %t89
  %t92 = xor i32 %t88, %t90
  %t93 = and i32 %t91, %t92
  %t94 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t80, ptr %base, i64 %t81, i32 %t86, i32 %t87, i32 %t85, i32 %t93)
  %t95 = icmp ult i64 %t94, 768
  store i32 %t86, ptr %leaving_n, align 4
  store i32 %t87, ptr %leaving_z, align 4
  store i32 %t85, ptr %leaving_c, align 4
  store i32 %t93, ptr %leaving_v, align 4
  store ptr %t80, ptr %leaving_for, align 8
  br i1 %t95, label %leave_counted, label %go15, !prof !0
go15:
  %t96 = getelementptr i8, ptr %base, i64 %t94
  musttail call preserve_nonecc void %t96(ptr %st, ptr %mem, ptr %t80, ptr %base, i64 %t81, i32 %t86, i32 %t87, i32 %t85, i32 %t93)
  ret void
xi8000:
  %s12 = load i32, ptr %r0, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s12, ptr %s12p, align 4
  %s13 = load i32, ptr %r1, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s13, ptr %s13p, align 4
  %s14 = load i32, ptr %r14, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 56
  store i32 %s14, ptr %s14p, align 4
  %t97 = getelementptr i8, ptr %ip, i64 0
  %t98 = load i64, ptr %budget_left, align 8
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
  %t111 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t97, ptr %base, i64 %t98, i32 %t103, i32 %t104, i32 %t102, i32 %t110)
  %t112 = icmp ult i64 %t111, 768
  store i32 %t103, ptr %leaving_n, align 4
  store i32 %t104, ptr %leaving_z, align 4
  store i32 %t102, ptr %leaving_c, align 4
  store i32 %t110, ptr %leaving_v, align 4
  store ptr %t97, ptr %leaving_for, align 8
  br i1 %t112, label %leave_counted, label %go16, !prof !0
go16:
  %t113 = getelementptr i8, ptr %base, i64 %t111
  musttail call preserve_nonecc void %t113(ptr %st, ptr %mem, ptr %t97, ptr %base, i64 %t98, i32 %t103, i32 %t104, i32 %t102, i32 %t110)
  ret void
leave_counted:
  %t114 = load ptr, ptr %leaving_for, align 8
  %t115 = load i64, ptr %budget_left, align 8
  %t116 = load i32, ptr %leaving_n, align 4
  %t117 = load i32, ptr %leaving_z, align 4
  %t118 = load i32, ptr %leaving_c, align 4
  %t119 = load i32, ptr %leaving_v, align 4
  %t120 = getelementptr i8, ptr %base, i64 512
  %t121 = ptrtoint ptr %t114 to i64
  %t122 = and i64 %t121, 16368
  %t123 = lshr i64 %t122, 2
  %t124 = getelementptr inbounds i8, ptr %st, i64 512
  %t125 = getelementptr inbounds i8, ptr %t124, i64 %t123
  %t126 = load i32, ptr %t125, align 4
  %t127 = add i32 %t126, -1
  store i32 %t127, ptr %t125, align 4
  %t128 = icmp eq i32 %t127, 0
  br i1 %t128, label %hot17, label %cold18, !prof !0
hot17:
  %t129 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t129, align 4
  musttail call preserve_nonecc void %t120(ptr %st, ptr %mem, ptr %t114, ptr %base, i64 %t115, i32 %t116, i32 %t117, i32 %t118, i32 %t119)
  ret void
cold18:
  %t130 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t114, ptr %base, i64 %t115, i32 %t116, i32 %t117, i32 %t118, i32 %t119)
  %t131 = getelementptr i8, ptr %base, i64 %t130
  musttail call preserve_nonecc void %t131(ptr %st, ptr %mem, ptr %t114, ptr %base, i64 %t115, i32 %t116, i32 %t117, i32 %t118, i32 %t119)
  ret void
}
