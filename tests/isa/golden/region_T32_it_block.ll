; 0x8000  cmp r0, #0
; 0x8002  ite eq
; 0x8004  adds r1, r1, #1
; 0x8006  adds r2, r2, #1
; 0x8008  str r0, [r1]
; 0x800a  bx lr
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
  %short = icmp sle i64 %budget, 6
  br i1 %short, label %refuse, label %begin, !prof !0
refuse:
  %redecode = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %redecode(ptr %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
begin:
  %more = sub i64 %budget, 6
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
  %s6p = getelementptr inbounds i8, ptr %st, i64 0
  %s6 = load i32, ptr %s6p, align 4
  store i32 %s6, ptr %r0, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 4
  %s7 = load i32, ptr %s7p, align 4
  store i32 %s7, ptr %r1, align 4
  %s8p = getelementptr inbounds i8, ptr %st, i64 8
  %s8 = load i32, ptr %s8p, align 4
  store i32 %s8, ptr %r2, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 12
  %s9 = load i32, ptr %s9p, align 4
  store i32 %s9, ptr %r3, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 16
  %s10 = load i32, ptr %s10p, align 4
  store i32 %s10, ptr %r4, align 4
  %s11p = getelementptr inbounds i8, ptr %st, i64 20
  %s11 = load i32, ptr %s11p, align 4
  store i32 %s11, ptr %r5, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 24
  %s12 = load i32, ptr %s12p, align 4
  store i32 %s12, ptr %r6, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 28
  %s13 = load i32, ptr %s13p, align 4
  store i32 %s13, ptr %r7, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 32
  %s14 = load i32, ptr %s14p, align 4
  store i32 %s14, ptr %r8, align 4
  %s15p = getelementptr inbounds i8, ptr %st, i64 36
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r9, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 40
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r10, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 44
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r11, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 48
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r12, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 52
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r13, align 4
  %s20p = getelementptr inbounds i8, ptr %st, i64 56
  %s20 = load i32, ptr %s20p, align 4
  store i32 %s20, ptr %r14, align 4
  br label %i8001
i8001:
  %b1 = load i64, ptr %budget_left, align 8
  %s1 = sub i64 %b1, 6
  %d1 = call i64 asm "", "=r,0"(i64 %s1)
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  %t1 = load i32, ptr %r0, align 4
  %t2 = sub i32 %t1, 0
  %t3 = xor i32 %t1, 0
  %t4 = icmp ule i32 0, %t1
  %t5 = xor i32 %t1, %t2
  %t6 = and i32 %t3, %t5
  store i32 %t2, ptr %fn, align 4
  store i32 %t2, ptr %fz, align 4
  %t7 = load i32, ptr %fn, align 4
  %t8 = load i32, ptr %vx, align 4
  %t9 = load i32, ptr %vy, align 4
  %t10 = sub i32 %t8, %t9
  %t11 = xor i32 %t8, %t9
  %t12 = xor i32 %t8, %t10
  %t13 = and i32 %t11, %t12
  %t14 = xor i32 %t7, %t13
  store i32 %t14, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t1, ptr %cx, align 4
  store i32 0, ptr %cy, align 4
  store i32 %t1, ptr %vx, align 4
  store i32 0, ptr %vy, align 4
  store i32 %t1, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  br label %in2
in2:
  br label %in3
in3:
  %t15 = load i32, ptr %fz, align 4
  %t16 = icmp eq i32 %t15, 0
  br i1 %t16, label %then4, label %else5
then4:
  %t17 = load i32, ptr %r1, align 4
  %t18 = add i32 %t17, 1
  %t19 = xor i32 %t17, 4294967295
  %t20 = icmp ule i32 4294967295, %t17
  %t21 = xor i32 %t17, %t18
  %t22 = and i32 %t19, %t21
  store i32 %t18, ptr %r1, align 4
  br label %after6
else5:
  br label %after6
after6:
  br label %in7
in7:
  %t23 = load i32, ptr %fz, align 4
  %t24 = icmp eq i32 %t23, 0
  %t25 = xor i1 %t24, 1
  br i1 %t25, label %then8, label %else9
then8:
  %t26 = load i32, ptr %r2, align 4
  %t27 = add i32 %t26, 1
  %t28 = xor i32 %t26, 4294967295
  %t29 = icmp ule i32 4294967295, %t26
  %t30 = xor i32 %t26, %t27
  %t31 = and i32 %t28, %t30
  store i32 %t27, ptr %r2, align 4
  br label %after10
else9:
  br label %after10
after10:
  br label %in11
in11:
  %t32 = load i32, ptr %r1, align 4
  %t33 = add i32 %t32, 0
  %t34 = load i32, ptr %r0, align 4
  %t35 = zext i32 %t32 to i64
  callbr void asm sideeffect "1: movl ${0:k}, ${2:c}($1,%r13); .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "r,r,i,{r12},{r13},i,i,!i"(i32 %t34, i64 %t35, i32 0, ptr %st, ptr %mem, i32 1207975940, i32 2) to label %ok12 [label %f0], !prof !3
ok12:
  br label %in13
in13:
  %t36 = load i32, ptr %r14, align 4
  switch i32 %t36, label %elsewhere14 [  ]
elsewhere14:
  %t37 = getelementptr inbounds i8, ptr %st, i64 392
  %t38 = load ptr, ptr %t37, align 8
  %t39 = zext i32 %t36 to i64
  %t40 = and i64 %t39, -4
  %t41 = shl i64 %t40, 2
  %t42 = getelementptr i8, ptr %t38, i64 %t41
  %t43 = getelementptr inbounds i8, ptr %st, i64 392
  %t44 = load ptr, ptr %t43, align 8
  %t45 = zext i32 %t36 to i64
  %t46 = and i64 %t45, -2
  %t47 = shl i64 %t46, 3
  %t48 = add i64 %t47, 19327352832
  %t49 = getelementptr i8, ptr %t44, i64 %t48
  %t50 = trunc i32 %t36 to i1
  %t51 = select i1 %t50, ptr %t49, ptr %t42
  %s4 = load i32, ptr %r1, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s4, ptr %s4p, align 4
  %s5 = load i32, ptr %r2, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s5, ptr %s5p, align 4
  %t52 = load i64, ptr %budget_left, align 8
  %t53 = add i64 %t52, 6
  %t54 = load i32, ptr %cy, align 4
  %t55 = load i32, ptr %cx, align 4
  %t56 = icmp ule i32 %t54, %t55
  %t57 = zext i1 %t56 to i32
  %t58 = load i32, ptr %fn, align 4
  %t59 = load i32, ptr %fz, align 4
  %t60 = load i32, ptr %vx, align 4
  %t61 = load i32, ptr %vy, align 4
  %t62 = sub i32 %t60, %t61
  %t63 = xor i32 %t60, %t61
  %t64 = xor i32 %t60, %t62
  %t65 = and i32 %t63, %t64
  %t66 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t51, ptr %base, i64 %t53, i32 %t58, i32 %t59, i32 %t57, i32 %t65)
  %t67 = icmp ult i64 %t66, 768
  br i1 %t67, label %aside16, label %go15, !prof !0
aside16:
  call void asm sideeffect "", ""()
  store i32 %t58, ptr %leaving_n, align 4
  store i32 %t59, ptr %leaving_z, align 4
  store i32 %t57, ptr %leaving_c, align 4
  store i32 %t65, ptr %leaving_v, align 4
  store ptr %t51, ptr %leaving_for, align 8
  br label %leave_counted
go15:
  %t68 = getelementptr i8, ptr %base, i64 %t66
  musttail call preserve_nonecc void %t68(ptr %st, ptr %mem, ptr %t51, ptr %base, i64 %t53, i32 %t58, i32 %t59, i32 %t57, i32 %t65)
  ret void
f0:
  call void asm sideeffect "", ""()
  %s2 = load i32, ptr %r1, align 4
  %s2p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s2, ptr %s2p, align 4
  %s3 = load i32, ptr %r2, align 4
  %s3p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s3, ptr %s3p, align 4
  br label %again
again:
  %t69 = load i32, ptr %cy, align 4
  %t70 = load i32, ptr %cx, align 4
  %t71 = icmp ule i32 %t69, %t70
  %t72 = zext i1 %t71 to i32
  %t73 = load i32, ptr %fn, align 4
  %t74 = load i32, ptr %fz, align 4
  %t75 = load i32, ptr %vx, align 4
  %t76 = load i32, ptr %vy, align 4
  %t77 = sub i32 %t75, %t76
  %t78 = xor i32 %t75, %t76
  %t79 = xor i32 %t75, %t77
  %t80 = and i32 %t78, %t79
  %t81 = getelementptr inbounds i8, ptr %st, i64 464
  %t82 = load i32, ptr %t81, align 4
  %t83 = zext i32 %t82 to i64
  %t84 = getelementptr inbounds i8, ptr %st, i64 392
  %t85 = load ptr, ptr %t84, align 8
  %t86 = getelementptr [16 x i8], ptr %t85, i64 %t83
  %t87 = getelementptr inbounds i8, ptr %st, i64 468
  %t88 = load i32, ptr %t87, align 4
  %t89 = and i32 %t88, 65535
  %t90 = zext i32 %t89 to i64
  %t91 = load i64, ptr %budget_left, align 8
  %t92 = add i64 %t91, 6
  %t93 = add i64 %t92, %t90
  %t94 = lshr i32 %t88, 24
  %t95 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t94, ptr %t95, align 4
  %t96 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t96(ptr %st, ptr %mem, ptr %t86, ptr %base, i64 %t93, i32 %t73, i32 %t74, i32 %t72, i32 %t80)
  ret void
leave_counted:
  %t97 = load ptr, ptr %leaving_for, align 8
  %t98 = load i64, ptr %budget_left, align 8
  %t99 = add i64 %t98, 6
  %t100 = load i32, ptr %leaving_n, align 4
  %t101 = load i32, ptr %leaving_z, align 4
  %t102 = load i32, ptr %leaving_c, align 4
  %t103 = load i32, ptr %leaving_v, align 4
  %t104 = getelementptr i8, ptr %base, i64 512
  %t105 = ptrtoint ptr %t97 to i64
  %t106 = and i64 %t105, 16368
  %t107 = lshr i64 %t106, 2
  %t108 = getelementptr inbounds i8, ptr %st, i64 512
  %t109 = getelementptr inbounds i8, ptr %t108, i64 %t107
  %t110 = load i32, ptr %t109, align 4
  %t111 = add i32 %t110, -1
  store i32 %t111, ptr %t109, align 4
  %t112 = icmp eq i32 %t111, 0
  br i1 %t112, label %hot17, label %cold18, !prof !0
hot17:
  %t113 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t113, align 4
  musttail call preserve_nonecc void %t104(ptr %st, ptr %mem, ptr %t97, ptr %base, i64 %t99, i32 %t100, i32 %t101, i32 %t102, i32 %t103)
  ret void
cold18:
  %t114 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t97, ptr %base, i64 %t99, i32 %t100, i32 %t101, i32 %t102, i32 %t103)
  %t115 = getelementptr i8, ptr %base, i64 %t114
  musttail call preserve_nonecc void %t115(ptr %st, ptr %mem, ptr %t97, ptr %base, i64 %t99, i32 %t100, i32 %t101, i32 %t102, i32 %t103)
  ret void
}
