; 0x8000  cmp r0, #1
; 0x8002  bhi 0x8010
; 0x8004  tbb [pc, r0]
; 0x8008  lsls r1, r0, #12
; 0x800a  adds r1, r1, #1
; 0x800c  bx lr
; 0x800e  adds r2, r2, #1
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
  %s8p = getelementptr inbounds i8, ptr %st, i64 0
  %s8 = load i32, ptr %s8p, align 4
  store i32 %s8, ptr %r0, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 4
  %s9 = load i32, ptr %s9p, align 4
  store i32 %s9, ptr %r1, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 8
  %s10 = load i32, ptr %s10p, align 4
  store i32 %s10, ptr %r2, align 4
  %s11p = getelementptr inbounds i8, ptr %st, i64 12
  %s11 = load i32, ptr %s11p, align 4
  store i32 %s11, ptr %r3, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 16
  %s12 = load i32, ptr %s12p, align 4
  store i32 %s12, ptr %r4, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 20
  %s13 = load i32, ptr %s13p, align 4
  store i32 %s13, ptr %r5, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 24
  %s14 = load i32, ptr %s14p, align 4
  store i32 %s14, ptr %r6, align 4
  %s15p = getelementptr inbounds i8, ptr %st, i64 28
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r7, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 32
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r8, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 36
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r9, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 40
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r10, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 44
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r11, align 4
  %s20p = getelementptr inbounds i8, ptr %st, i64 48
  %s20 = load i32, ptr %s20p, align 4
  store i32 %s20, ptr %r12, align 4
  %s21p = getelementptr inbounds i8, ptr %st, i64 52
  %s21 = load i32, ptr %s21p, align 4
  store i32 %s21, ptr %r13, align 4
  %s22p = getelementptr inbounds i8, ptr %st, i64 56
  %s22 = load i32, ptr %s22p, align 4
  store i32 %s22, ptr %r14, align 4
  br label %i8001
i8001:
  %b1 = load i64, ptr %budget_left, align 8
  %s1 = sub i64 %b1, 2
  %d1 = call i64 asm "", "=r,0"(i64 %s1)
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  %t1 = load i32, ptr %r0, align 4
  %t2 = sub i32 %t1, 1
  %t3 = xor i32 %t1, 1
  %t4 = icmp ule i32 1, %t1
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
  store i32 1, ptr %cy, align 4
  store i32 %t1, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  store i32 %t1, ptr %lx, align 4
  store i32 1, ptr %ly, align 4
  br label %in2
in2:
  %t15 = load i32, ptr %cy, align 4
  %t16 = load i32, ptr %cx, align 4
  %t17 = icmp ule i32 %t15, %t16
  %t18 = load i32, ptr %fz, align 4
  %t19 = icmp eq i32 %t18, 0
  %t20 = xor i1 %t19, 1
  %t21 = and i1 %t17, %t20
  br i1 %t21, label %then3, label %else4
then3:
  br label %i8011
else4:
  br label %after5
after5:
  br label %i8005
i8005:
  %b2 = load i64, ptr %budget_left, align 8
  %s2 = sub i64 %b2, 1
  %d2 = call i64 asm "", "=r,0"(i64 %s2)
  store i64 %d2, ptr %budget_left, align 8
  br label %in6
in6:
  %t22 = load i32, ptr %r0, align 4
  switch i32 %t22, label %elsewhere7 [ i32 0, label %i800b i32 1, label %i800f ]
elsewhere7:
  %t23 = load i32, ptr %r0, align 4
  %t24 = add i32 32776, %t23
  %t25 = zext i32 %t24 to i64
  %t26 = callbr i32 asm sideeffect "1: movzbl ${2:c}($1,%r13), $0; .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "=r,r,i,{r12},{r13},i,i,!i"(i64 %t25, i32 0, ptr %st, ptr %mem, i32 1207975938, i32 1) to label %ok8 [label %f0], !prof !3
ok8:
  %t27 = shl i32 %t26, 1
  %t28 = add i32 32776, %t27
  switch i32 %t28, label %elsewhere9 [  ]
elsewhere9:
  %t29 = getelementptr inbounds i8, ptr %st, i64 392
  %t30 = load ptr, ptr %t29, align 8
  %t31 = zext i32 %t28 to i64
  %t32 = and i64 %t31, -2
  %t33 = shl i64 %t32, 3
  %t34 = add i64 %t33, 19327352832
  %t35 = getelementptr i8, ptr %t30, i64 %t34
  %t36 = load i64, ptr %budget_left, align 8
  %t37 = add i64 %t36, 7
  %t38 = load i32, ptr %cy, align 4
  %t39 = load i32, ptr %cx, align 4
  %t40 = icmp ule i32 %t38, %t39
  %t41 = zext i1 %t40 to i32
  %t42 = load i32, ptr %fn, align 4
  %t43 = load i32, ptr %fz, align 4
  %t44 = load i32, ptr %vx, align 4
  %t45 = load i32, ptr %vy, align 4
  %t46 = sub i32 %t44, %t45
  %t47 = xor i32 %t44, %t45
  %t48 = xor i32 %t44, %t46
  %t49 = and i32 %t47, %t48
  %t50 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t35, ptr %base, i64 %t37, i32 %t42, i32 %t43, i32 %t41, i32 %t49)
  %t51 = icmp ult i64 %t50, 768
  br i1 %t51, label %aside11, label %go10, !prof !0
aside11:
  call void asm sideeffect "", ""()
  store i32 %t42, ptr %leaving_n, align 4
  store i32 %t43, ptr %leaving_z, align 4
  store i32 %t41, ptr %leaving_c, align 4
  store i32 %t49, ptr %leaving_v, align 4
  store ptr %t35, ptr %leaving_for, align 8
  br label %leave_counted
go10:
  %t52 = getelementptr i8, ptr %base, i64 %t50
  musttail call preserve_nonecc void %t52(ptr %st, ptr %mem, ptr %t35, ptr %base, i64 %t37, i32 %t42, i32 %t43, i32 %t41, i32 %t49)
  ret void
i800f:
  %b3 = load i64, ptr %budget_left, align 8
  %s3 = sub i64 %b3, 1
  %d3 = call i64 asm "", "=r,0"(i64 %s3)
  store i64 %d3, ptr %budget_left, align 8
  br label %in17
in17:
  %t100 = load i32, ptr %r2, align 4
  %t101 = add i32 %t100, 1
  %t102 = xor i32 %t100, 4294967295
  %t103 = icmp ule i32 4294967295, %t100
  %t104 = xor i32 %t100, %t101
  %t105 = and i32 %t102, %t104
  store i32 %t101, ptr %fn, align 4
  store i32 %t101, ptr %fz, align 4
  %t106 = load i32, ptr %fn, align 4
  %t107 = load i32, ptr %vx, align 4
  %t108 = load i32, ptr %vy, align 4
  %t109 = sub i32 %t107, %t108
  %t110 = xor i32 %t107, %t108
  %t111 = xor i32 %t107, %t109
  %t112 = and i32 %t110, %t111
  %t113 = xor i32 %t106, %t112
  store i32 %t113, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t100, ptr %cx, align 4
  store i32 4294967295, ptr %cy, align 4
  store i32 %t100, ptr %vx, align 4
  store i32 4294967295, ptr %vy, align 4
  store i32 %t100, ptr %lx, align 4
  store i32 4294967295, ptr %ly, align 4
  store i32 %t101, ptr %r2, align 4
  store i32 0, ptr %cx, align 4
  store i32 %t101, ptr %cy, align 4
  store i32 %t101, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  br label %i8011
i800b:
  %b4 = load i64, ptr %budget_left, align 8
  %s4 = sub i64 %b4, 2
  %d4 = call i64 asm "", "=r,0"(i64 %s4)
  store i64 %d4, ptr %budget_left, align 8
  br label %in12
in12:
  %t53 = load i32, ptr %r1, align 4
  %t54 = add i32 %t53, 1
  %t55 = xor i32 %t53, 4294967295
  %t56 = icmp ule i32 4294967295, %t53
  %t57 = xor i32 %t53, %t54
  %t58 = and i32 %t55, %t57
  store i32 %t54, ptr %fn, align 4
  store i32 %t54, ptr %fz, align 4
  %t59 = load i32, ptr %fn, align 4
  %t60 = load i32, ptr %vx, align 4
  %t61 = load i32, ptr %vy, align 4
  %t62 = sub i32 %t60, %t61
  %t63 = xor i32 %t60, %t61
  %t64 = xor i32 %t60, %t62
  %t65 = and i32 %t63, %t64
  %t66 = xor i32 %t59, %t65
  store i32 %t66, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t53, ptr %cx, align 4
  store i32 4294967295, ptr %cy, align 4
  store i32 %t53, ptr %vx, align 4
  store i32 4294967295, ptr %vy, align 4
  store i32 %t53, ptr %lx, align 4
  store i32 4294967295, ptr %ly, align 4
  store i32 %t54, ptr %r1, align 4
  store i32 0, ptr %cx, align 4
  store i32 %t54, ptr %cy, align 4
  store i32 %t54, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  br label %in13
in13:
  %t67 = load i32, ptr %r14, align 4
  switch i32 %t67, label %elsewhere14 [  ]
elsewhere14:
  %t68 = getelementptr inbounds i8, ptr %st, i64 392
  %t69 = load ptr, ptr %t68, align 8
  %t70 = zext i32 %t67 to i64
  %t71 = and i64 %t70, -4
  %t72 = shl i64 %t71, 2
  %t73 = getelementptr i8, ptr %t69, i64 %t72
  %t74 = getelementptr inbounds i8, ptr %st, i64 392
  %t75 = load ptr, ptr %t74, align 8
  %t76 = zext i32 %t67 to i64
  %t77 = and i64 %t76, -2
  %t78 = shl i64 %t77, 3
  %t79 = add i64 %t78, 19327352832
  %t80 = getelementptr i8, ptr %t75, i64 %t79
  %t81 = trunc i32 %t67 to i1
  %t82 = select i1 %t81, ptr %t80, ptr %t73
  %s5 = load i32, ptr %r1, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s5, ptr %s5p, align 4
  %t83 = load i64, ptr %budget_left, align 8
  %t84 = add i64 %t83, 7
  %t85 = load i32, ptr %cy, align 4
  %t86 = load i32, ptr %cx, align 4
  %t87 = icmp ule i32 %t85, %t86
  %t88 = zext i1 %t87 to i32
  %t89 = load i32, ptr %fn, align 4
  %t90 = load i32, ptr %fz, align 4
  %t91 = load i32, ptr %vx, align 4
  %t92 = load i32, ptr %vy, align 4
  %t93 = sub i32 %t91, %t92
  %t94 = xor i32 %t91, %t92
  %t95 = xor i32 %t91, %t93
  %t96 = and i32 %t94, %t95
  %t97 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t82, ptr %base, i64 %t84, i32 %t89, i32 %t90, i32 %t88, i32 %t96)
  %t98 = icmp ult i64 %t97, 768
  br i1 %t98, label %aside16, label %go15, !prof !0
aside16:
  call void asm sideeffect "", ""()
  store i32 %t89, ptr %leaving_n, align 4
  store i32 %t90, ptr %leaving_z, align 4
  store i32 %t88, ptr %leaving_c, align 4
  store i32 %t96, ptr %leaving_v, align 4
  store ptr %t82, ptr %leaving_for, align 8
  br label %leave_counted
go15:
  %t99 = getelementptr i8, ptr %base, i64 %t97
  musttail call preserve_nonecc void %t99(ptr %st, ptr %mem, ptr %t82, ptr %base, i64 %t84, i32 %t89, i32 %t90, i32 %t88, i32 %t96)
  ret void
i8011:
  %b6 = load i64, ptr %budget_left, align 8
  %s6 = sub i64 %b6, 1
  %d6 = call i64 asm "", "=r,0"(i64 %s6)
  store i64 %d6, ptr %budget_left, align 8
  br label %in18
in18:
  %t114 = load i32, ptr %r14, align 4
  switch i32 %t114, label %elsewhere19 [  ]
elsewhere19:
  %t115 = getelementptr inbounds i8, ptr %st, i64 392
  %t116 = load ptr, ptr %t115, align 8
  %t117 = zext i32 %t114 to i64
  %t118 = and i64 %t117, -4
  %t119 = shl i64 %t118, 2
  %t120 = getelementptr i8, ptr %t116, i64 %t119
  %t121 = getelementptr inbounds i8, ptr %st, i64 392
  %t122 = load ptr, ptr %t121, align 8
  %t123 = zext i32 %t114 to i64
  %t124 = and i64 %t123, -2
  %t125 = shl i64 %t124, 3
  %t126 = add i64 %t125, 19327352832
  %t127 = getelementptr i8, ptr %t122, i64 %t126
  %t128 = trunc i32 %t114 to i1
  %t129 = select i1 %t128, ptr %t127, ptr %t120
  %s7 = load i32, ptr %r2, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s7, ptr %s7p, align 4
  %t130 = load i64, ptr %budget_left, align 8
  %t131 = add i64 %t130, 7
  %t132 = load i32, ptr %cy, align 4
  %t133 = load i32, ptr %cx, align 4
  %t134 = icmp ule i32 %t132, %t133
  %t135 = zext i1 %t134 to i32
  %t136 = load i32, ptr %fn, align 4
  %t137 = load i32, ptr %fz, align 4
  %t138 = load i32, ptr %vx, align 4
  %t139 = load i32, ptr %vy, align 4
  %t140 = sub i32 %t138, %t139
  %t141 = xor i32 %t138, %t139
  %t142 = xor i32 %t138, %t140
  %t143 = and i32 %t141, %t142
  %t144 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t129, ptr %base, i64 %t131, i32 %t136, i32 %t137, i32 %t135, i32 %t143)
  %t145 = icmp ult i64 %t144, 768
  br i1 %t145, label %aside21, label %go20, !prof !0
aside21:
  call void asm sideeffect "", ""()
  store i32 %t136, ptr %leaving_n, align 4
  store i32 %t137, ptr %leaving_z, align 4
  store i32 %t135, ptr %leaving_c, align 4
  store i32 %t143, ptr %leaving_v, align 4
  store ptr %t129, ptr %leaving_for, align 8
  br label %leave_counted
go20:
  %t146 = getelementptr i8, ptr %base, i64 %t144
  musttail call preserve_nonecc void %t146(ptr %st, ptr %mem, ptr %t129, ptr %base, i64 %t131, i32 %t136, i32 %t137, i32 %t135, i32 %t143)
  ret void
f0:
  call void asm sideeffect "", ""()
  br label %again
again:
  %t147 = load i32, ptr %cy, align 4
  %t148 = load i32, ptr %cx, align 4
  %t149 = icmp ule i32 %t147, %t148
  %t150 = zext i1 %t149 to i32
  %t151 = load i32, ptr %fn, align 4
  %t152 = load i32, ptr %fz, align 4
  %t153 = load i32, ptr %vx, align 4
  %t154 = load i32, ptr %vy, align 4
  %t155 = sub i32 %t153, %t154
  %t156 = xor i32 %t153, %t154
  %t157 = xor i32 %t153, %t155
  %t158 = and i32 %t156, %t157
  %t159 = getelementptr inbounds i8, ptr %st, i64 464
  %t160 = load i32, ptr %t159, align 4
  %t161 = zext i32 %t160 to i64
  %t162 = getelementptr inbounds i8, ptr %st, i64 392
  %t163 = load ptr, ptr %t162, align 8
  %t164 = getelementptr [16 x i8], ptr %t163, i64 %t161
  %t165 = getelementptr inbounds i8, ptr %st, i64 468
  %t166 = load i32, ptr %t165, align 4
  %t167 = and i32 %t166, 65535
  %t168 = zext i32 %t167 to i64
  %t169 = load i64, ptr %budget_left, align 8
  %t170 = add i64 %t169, 7
  %t171 = add i64 %t170, %t168
  %t172 = lshr i32 %t166, 24
  %t173 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t172, ptr %t173, align 4
  %t174 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t174(ptr %st, ptr %mem, ptr %t164, ptr %base, i64 %t171, i32 %t151, i32 %t152, i32 %t150, i32 %t158)
  ret void
leave_counted:
  %t175 = load ptr, ptr %leaving_for, align 8
  %t176 = load i64, ptr %budget_left, align 8
  %t177 = add i64 %t176, 7
  %t178 = load i32, ptr %leaving_n, align 4
  %t179 = load i32, ptr %leaving_z, align 4
  %t180 = load i32, ptr %leaving_c, align 4
  %t181 = load i32, ptr %leaving_v, align 4
  %t182 = getelementptr i8, ptr %base, i64 512
  %t183 = ptrtoint ptr %t175 to i64
  %t184 = and i64 %t183, 16368
  %t185 = lshr i64 %t184, 2
  %t186 = getelementptr inbounds i8, ptr %st, i64 512
  %t187 = getelementptr inbounds i8, ptr %t186, i64 %t185
  %t188 = load i32, ptr %t187, align 4
  %t189 = add i32 %t188, -1
  store i32 %t189, ptr %t187, align 4
  %t190 = icmp eq i32 %t189, 0
  br i1 %t190, label %hot22, label %cold23, !prof !0
hot22:
  %t191 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t191, align 4
  musttail call preserve_nonecc void %t182(ptr %st, ptr %mem, ptr %t175, ptr %base, i64 %t177, i32 %t178, i32 %t179, i32 %t180, i32 %t181)
  ret void
cold23:
  %t192 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t175, ptr %base, i64 %t177, i32 %t178, i32 %t179, i32 %t180, i32 %t181)
  %t193 = getelementptr i8, ptr %base, i64 %t192
  musttail call preserve_nonecc void %t193(ptr %st, ptr %mem, ptr %t175, ptr %base, i64 %t177, i32 %t178, i32 %t179, i32 %t180, i32 %t181)
  ret void
}
