; 0x8000  cmp r0, r1
; 0x8004  addgt r2, r2, r0
; 0x8008  sublt r3, r3, r0
; 0x800c  adc r4, r4, r5
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
  %short = icmp sle i64 %budget, 5
  br i1 %short, label %refuse, label %begin, !prof !0
refuse:
  %redecode = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %redecode(ptr %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
begin:
  %more = sub i64 %budget, 5
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
  %s5p = getelementptr inbounds i8, ptr %st, i64 0
  %s5 = load i32, ptr %s5p, align 4
  store i32 %s5, ptr %r0, align 4
  %s6p = getelementptr inbounds i8, ptr %st, i64 4
  %s6 = load i32, ptr %s6p, align 4
  store i32 %s6, ptr %r1, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 8
  %s7 = load i32, ptr %s7p, align 4
  store i32 %s7, ptr %r2, align 4
  %s8p = getelementptr inbounds i8, ptr %st, i64 12
  %s8 = load i32, ptr %s8p, align 4
  store i32 %s8, ptr %r3, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 16
  %s9 = load i32, ptr %s9p, align 4
  store i32 %s9, ptr %r4, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 20
  %s10 = load i32, ptr %s10p, align 4
  store i32 %s10, ptr %r5, align 4
  %s11p = getelementptr inbounds i8, ptr %st, i64 24
  %s11 = load i32, ptr %s11p, align 4
  store i32 %s11, ptr %r6, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 28
  %s12 = load i32, ptr %s12p, align 4
  store i32 %s12, ptr %r7, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 32
  %s13 = load i32, ptr %s13p, align 4
  store i32 %s13, ptr %r8, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 36
  %s14 = load i32, ptr %s14p, align 4
  store i32 %s14, ptr %r9, align 4
  %s15p = getelementptr inbounds i8, ptr %st, i64 40
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r10, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 44
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r11, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 48
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r12, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 52
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r13, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 56
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r14, align 4
  br label %i8000
i8000:
  %b1 = load i64, ptr %budget_left, align 8
  %s1 = sub i64 %b1, 5
  %d1 = call i64 asm "", "=r,0"(i64 %s1)
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  %t1 = load i32, ptr %r1, align 4
  %t2 = load i32, ptr %r0, align 4
  %t3 = sub i32 %t2, %t1
  %t4 = xor i32 %t2, %t1
  %t5 = icmp ule i32 %t1, %t2
  %t6 = xor i32 %t2, %t3
  %t7 = and i32 %t4, %t6
  store i32 %t3, ptr %fn, align 4
  store i32 %t3, ptr %fz, align 4
  %t8 = load i32, ptr %fn, align 4
  %t9 = load i32, ptr %vx, align 4
  %t10 = load i32, ptr %vy, align 4
  %t11 = sub i32 %t9, %t10
  %t12 = xor i32 %t9, %t10
  %t13 = xor i32 %t9, %t11
  %t14 = and i32 %t12, %t13
  %t15 = xor i32 %t8, %t14
  store i32 %t15, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t2, ptr %cx, align 4
  store i32 %t1, ptr %cy, align 4
  store i32 %t2, ptr %vx, align 4
  store i32 %t1, ptr %vy, align 4
  store i32 %t2, ptr %lx, align 4
  store i32 %t1, ptr %ly, align 4
  br label %in2
in2:
  %t16 = load i32, ptr %lx, align 4
  %t17 = load i32, ptr %ly, align 4
  %t18 = icmp sge i32 %t16, %t17
  %t19 = load i32, ptr %fz, align 4
  %t20 = icmp eq i32 %t19, 0
  %t21 = xor i1 %t20, 1
  %t22 = and i1 %t18, %t21
  br i1 %t22, label %then3, label %else4
then3:
  %t23 = load i32, ptr %r0, align 4
  %t24 = load i32, ptr %r2, align 4
  %t25 = add i32 %t24, %t23
  %t26 = icmp ult i32 %t25, %t24
  %t27 = xor i32 %t24, %t25
  %t28 = xor i32 %t23, %t25
  %t29 = and i32 %t27, %t28
  store i32 %t25, ptr %r2, align 4
  br label %after5
else4:
  br label %after5
after5:
  br label %in6
in6:
  %t30 = load i32, ptr %lx, align 4
  %t31 = load i32, ptr %ly, align 4
  %t32 = icmp sge i32 %t30, %t31
  %t33 = xor i1 %t32, 1
  br i1 %t33, label %then7, label %else8
then7:
  %t34 = load i32, ptr %r0, align 4
  %t35 = load i32, ptr %r3, align 4
  %t36 = sub i32 %t35, %t34
  %t37 = xor i32 %t35, %t34
  %t38 = icmp ule i32 %t34, %t35
  %t39 = xor i32 %t35, %t36
  %t40 = and i32 %t37, %t39
  store i32 %t36, ptr %r3, align 4
  br label %after9
else8:
  br label %after9
after9:
  br label %in10
in10:
  %t41 = load i32, ptr %r5, align 4
  %t42 = load i32, ptr %r4, align 4
  %t43 = load i32, ptr %cy, align 4
  %t44 = load i32, ptr %cx, align 4
  %t45 = icmp ule i32 %t43, %t44
  %t46 = zext i32 %t42 to i64
  %t47 = zext i32 %t41 to i64
  %t48 = add i64 %t46, %t47
  %t49 = zext i1 %t45 to i64
  %t50 = add i64 %t48, %t49
  %t51 = trunc i64 %t50 to i32
  %t52 = lshr i64 %t50, 32
  %t53 = trunc i64 %t52 to i1
  %t54 = xor i32 %t42, %t51
  %t55 = xor i32 %t41, %t51
  %t56 = and i32 %t54, %t55
  store i32 %t51, ptr %r4, align 4
  br label %in11
in11:
  %t57 = load i32, ptr %r14, align 4
  switch i32 %t57, label %elsewhere12 [  ]
elsewhere12:
  %t58 = getelementptr inbounds i8, ptr %st, i64 392
  %t59 = load ptr, ptr %t58, align 8
  %t60 = zext i32 %t57 to i64
  %t61 = and i64 %t60, -4
  %t62 = shl i64 %t61, 2
  %t63 = getelementptr i8, ptr %t59, i64 %t62
  %t64 = getelementptr inbounds i8, ptr %st, i64 392
  %t65 = load ptr, ptr %t64, align 8
  %t66 = zext i32 %t57 to i64
  %t67 = and i64 %t66, -2
  %t68 = shl i64 %t67, 3
  %t69 = add i64 %t68, 19327352832
  %t70 = getelementptr i8, ptr %t65, i64 %t69
  %t71 = trunc i32 %t57 to i1
  %t72 = select i1 %t71, ptr %t70, ptr %t63
  %s2 = load i32, ptr %r2, align 4
  %s2p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s2, ptr %s2p, align 4
  %s3 = load i32, ptr %r3, align 4
  %s3p = getelementptr inbounds i8, ptr %st, i64 12
  store i32 %s3, ptr %s3p, align 4
  %s4 = load i32, ptr %r4, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 16
  store i32 %s4, ptr %s4p, align 4
  %t73 = load i64, ptr %budget_left, align 8
  %t74 = add i64 %t73, 5
  %t75 = load i32, ptr %cy, align 4
  %t76 = load i32, ptr %cx, align 4
  %t77 = icmp ule i32 %t75, %t76
  %t78 = zext i1 %t77 to i32
  %t79 = load i32, ptr %fn, align 4
  %t80 = load i32, ptr %fz, align 4
  %t81 = load i32, ptr %vx, align 4
  %t82 = load i32, ptr %vy, align 4
  %t83 = sub i32 %t81, %t82
  %t84 = xor i32 %t81, %t82
  %t85 = xor i32 %t81, %t83
  %t86 = and i32 %t84, %t85
  %t87 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t72, ptr %base, i64 %t74, i32 %t79, i32 %t80, i32 %t78, i32 %t86)
  %t88 = icmp ult i64 %t87, 768
  br i1 %t88, label %aside14, label %go13, !prof !0
aside14:
  call void asm sideeffect "", ""()
  store i32 %t79, ptr %leaving_n, align 4
  store i32 %t80, ptr %leaving_z, align 4
  store i32 %t78, ptr %leaving_c, align 4
  store i32 %t86, ptr %leaving_v, align 4
  store ptr %t72, ptr %leaving_for, align 8
  br label %leave_counted
go13:
  %t89 = getelementptr i8, ptr %base, i64 %t87
  musttail call preserve_nonecc void %t89(ptr %st, ptr %mem, ptr %t72, ptr %base, i64 %t74, i32 %t79, i32 %t80, i32 %t78, i32 %t86)
  ret void
leave_counted:
  %t90 = load ptr, ptr %leaving_for, align 8
  %t91 = load i64, ptr %budget_left, align 8
  %t92 = add i64 %t91, 5
  %t93 = load i32, ptr %leaving_n, align 4
  %t94 = load i32, ptr %leaving_z, align 4
  %t95 = load i32, ptr %leaving_c, align 4
  %t96 = load i32, ptr %leaving_v, align 4
  %t97 = getelementptr i8, ptr %base, i64 512
  %t98 = ptrtoint ptr %t90 to i64
  %t99 = and i64 %t98, 16368
  %t100 = lshr i64 %t99, 2
  %t101 = getelementptr inbounds i8, ptr %st, i64 512
  %t102 = getelementptr inbounds i8, ptr %t101, i64 %t100
  %t103 = load i32, ptr %t102, align 4
  %t104 = add i32 %t103, -1
  store i32 %t104, ptr %t102, align 4
  %t105 = icmp eq i32 %t104, 0
  br i1 %t105, label %hot15, label %cold16, !prof !0
hot15:
  %t106 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t106, align 4
  musttail call preserve_nonecc void %t97(ptr %st, ptr %mem, ptr %t90, ptr %base, i64 %t92, i32 %t93, i32 %t94, i32 %t95, i32 %t96)
  ret void
cold16:
  %t107 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t90, ptr %base, i64 %t92, i32 %t93, i32 %t94, i32 %t95, i32 %t96)
  %t108 = getelementptr i8, ptr %base, i64 %t107
  musttail call preserve_nonecc void %t108(ptr %st, ptr %mem, ptr %t90, ptr %base, i64 %t92, i32 %t93, i32 %t94, i32 %t95, i32 %t96)
  ret void
}
