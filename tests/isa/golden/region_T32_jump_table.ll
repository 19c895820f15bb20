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
  %t3 = icmp ule i32 1, %t1
  %t4 = xor i32 %t1, 1
  %t5 = xor i32 %t1, %t2
  %t6 = and i32 %t4, %t5
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
  %t110 = load i32, ptr %r2, align 4
  %t111 = add i32 %t110, 1
  %t112 = icmp ult i32 %t111, %t110
  %t113 = xor i32 %t110, %t111
  %t114 = xor i32 1, %t111
  %t115 = and i32 %t113, %t114
  store i32 %t111, ptr %fn, align 4
  store i32 %t111, ptr %fz, align 4
  %t116 = load i32, ptr %fn, align 4
  %t117 = load i32, ptr %vx, align 4
  %t118 = load i32, ptr %vy, align 4
  %t119 = sub i32 %t117, %t118
  %t120 = xor i32 %t117, %t118
  %t121 = xor i32 %t117, %t119
  %t122 = and i32 %t120, %t121
  %t123 = xor i32 %t116, %t122
  store i32 %t123, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  %t124 = zext i1 %t112 to i32
  store i32 %t124, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  %t125 = and i32 %t115, -2147483648
  store i32 %t125, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  %t126 = load i32, ptr %fn, align 4
  %t127 = load i32, ptr %vx, align 4
  %t128 = load i32, ptr %vy, align 4
  %t129 = sub i32 %t127, %t128
  %t130 = xor i32 %t127, %t128
  %t131 = xor i32 %t127, %t129
  %t132 = and i32 %t130, %t131
  %t133 = xor i32 %t126, %t132
  store i32 %t133, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t111, ptr %r2, align 4
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
  %t55 = icmp ult i32 %t54, %t53
  %t56 = xor i32 %t53, %t54
  %t57 = xor i32 1, %t54
  %t58 = and i32 %t56, %t57
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
  %t67 = zext i1 %t55 to i32
  store i32 %t67, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  %t68 = and i32 %t58, -2147483648
  store i32 %t68, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  %t69 = load i32, ptr %fn, align 4
  %t70 = load i32, ptr %vx, align 4
  %t71 = load i32, ptr %vy, align 4
  %t72 = sub i32 %t70, %t71
  %t73 = xor i32 %t70, %t71
  %t74 = xor i32 %t70, %t72
  %t75 = and i32 %t73, %t74
  %t76 = xor i32 %t69, %t75
  store i32 %t76, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t54, ptr %r1, align 4
  br label %in13
in13:
  %t77 = load i32, ptr %r14, align 4
  switch i32 %t77, label %elsewhere14 [  ]
elsewhere14:
  %t78 = getelementptr inbounds i8, ptr %st, i64 392
  %t79 = load ptr, ptr %t78, align 8
  %t80 = zext i32 %t77 to i64
  %t81 = and i64 %t80, -4
  %t82 = shl i64 %t81, 2
  %t83 = getelementptr i8, ptr %t79, i64 %t82
  %t84 = getelementptr inbounds i8, ptr %st, i64 392
  %t85 = load ptr, ptr %t84, align 8
  %t86 = zext i32 %t77 to i64
  %t87 = and i64 %t86, -2
  %t88 = shl i64 %t87, 3
  %t89 = add i64 %t88, 19327352832
  %t90 = getelementptr i8, ptr %t85, i64 %t89
  %t91 = trunc i32 %t77 to i1
  %t92 = select i1 %t91, ptr %t90, ptr %t83
  %s5 = load i32, ptr %r1, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s5, ptr %s5p, align 4
  %t93 = load i64, ptr %budget_left, align 8
  %t94 = add i64 %t93, 7
  %t95 = load i32, ptr %cy, align 4
  %t96 = load i32, ptr %cx, align 4
  %t97 = icmp ule i32 %t95, %t96
  %t98 = zext i1 %t97 to i32
  %t99 = load i32, ptr %fn, align 4
  %t100 = load i32, ptr %fz, align 4
  %t101 = load i32, ptr %vx, align 4
  %t102 = load i32, ptr %vy, align 4
  %t103 = sub i32 %t101, %t102
  %t104 = xor i32 %t101, %t102
  %t105 = xor i32 %t101, %t103
  %t106 = and i32 %t104, %t105
  %t107 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t92, ptr %base, i64 %t94, i32 %t99, i32 %t100, i32 %t98, i32 %t106)
  %t108 = icmp ult i64 %t107, 768
  br i1 %t108, label %aside16, label %go15, !prof !0
aside16:
  call void asm sideeffect "", ""()
  store i32 %t99, ptr %leaving_n, align 4
  store i32 %t100, ptr %leaving_z, align 4
  store i32 %t98, ptr %leaving_c, align 4
  store i32 %t106, ptr %leaving_v, align 4
  store ptr %t92, ptr %leaving_for, align 8
  br label %leave_counted
go15:
  %t109 = getelementptr i8, ptr %base, i64 %t107
  musttail call preserve_nonecc void %t109(ptr %st, ptr %mem, ptr %t92, ptr %base, i64 %t94, i32 %t99, i32 %t100, i32 %t98, i32 %t106)
  ret void
i8011:
  %b6 = load i64, ptr %budget_left, align 8
  %s6 = sub i64 %b6, 1
  %d6 = call i64 asm "", "=r,0"(i64 %s6)
  store i64 %d6, ptr %budget_left, align 8
  br label %in18
in18:
  %t134 = load i32, ptr %r14, align 4
  switch i32 %t134, label %elsewhere19 [  ]
elsewhere19:
  %t135 = getelementptr inbounds i8, ptr %st, i64 392
  %t136 = load ptr, ptr %t135, align 8
  %t137 = zext i32 %t134 to i64
  %t138 = and i64 %t137, -4
  %t139 = shl i64 %t138, 2
  %t140 = getelementptr i8, ptr %t136, i64 %t139
  %t141 = getelementptr inbounds i8, ptr %st, i64 392
  %t142 = load ptr, ptr %t141, align 8
  %t143 = zext i32 %t134 to i64
  %t144 = and i64 %t143, -2
  %t145 = shl i64 %t144, 3
  %t146 = add i64 %t145, 19327352832
  %t147 = getelementptr i8, ptr %t142, i64 %t146
  %t148 = trunc i32 %t134 to i1
  %t149 = select i1 %t148, ptr %t147, ptr %t140
  %s7 = load i32, ptr %r2, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s7, ptr %s7p, align 4
  %t150 = load i64, ptr %budget_left, align 8
  %t151 = add i64 %t150, 7
  %t152 = load i32, ptr %cy, align 4
  %t153 = load i32, ptr %cx, align 4
  %t154 = icmp ule i32 %t152, %t153
  %t155 = zext i1 %t154 to i32
  %t156 = load i32, ptr %fn, align 4
  %t157 = load i32, ptr %fz, align 4
  %t158 = load i32, ptr %vx, align 4
  %t159 = load i32, ptr %vy, align 4
  %t160 = sub i32 %t158, %t159
  %t161 = xor i32 %t158, %t159
  %t162 = xor i32 %t158, %t160
  %t163 = and i32 %t161, %t162
  %t164 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t149, ptr %base, i64 %t151, i32 %t156, i32 %t157, i32 %t155, i32 %t163)
  %t165 = icmp ult i64 %t164, 768
  br i1 %t165, label %aside21, label %go20, !prof !0
aside21:
  call void asm sideeffect "", ""()
  store i32 %t156, ptr %leaving_n, align 4
  store i32 %t157, ptr %leaving_z, align 4
  store i32 %t155, ptr %leaving_c, align 4
  store i32 %t163, ptr %leaving_v, align 4
  store ptr %t149, ptr %leaving_for, align 8
  br label %leave_counted
go20:
  %t166 = getelementptr i8, ptr %base, i64 %t164
  musttail call preserve_nonecc void %t166(ptr %st, ptr %mem, ptr %t149, ptr %base, i64 %t151, i32 %t156, i32 %t157, i32 %t155, i32 %t163)
  ret void
f0:
  call void asm sideeffect "", ""()
  br label %again
again:
  %t167 = load i32, ptr %cy, align 4
  %t168 = load i32, ptr %cx, align 4
  %t169 = icmp ule i32 %t167, %t168
  %t170 = zext i1 %t169 to i32
  %t171 = load i32, ptr %fn, align 4
  %t172 = load i32, ptr %fz, align 4
  %t173 = load i32, ptr %vx, align 4
  %t174 = load i32, ptr %vy, align 4
  %t175 = sub i32 %t173, %t174
  %t176 = xor i32 %t173, %t174
  %t177 = xor i32 %t173, %t175
  %t178 = and i32 %t176, %t177
  %t179 = getelementptr inbounds i8, ptr %st, i64 464
  %t180 = load i32, ptr %t179, align 4
  %t181 = zext i32 %t180 to i64
  %t182 = getelementptr inbounds i8, ptr %st, i64 392
  %t183 = load ptr, ptr %t182, align 8
  %t184 = getelementptr [16 x i8], ptr %t183, i64 %t181
  %t185 = getelementptr inbounds i8, ptr %st, i64 468
  %t186 = load i32, ptr %t185, align 4
  %t187 = and i32 %t186, 65535
  %t188 = zext i32 %t187 to i64
  %t189 = load i64, ptr %budget_left, align 8
  %t190 = add i64 %t189, 7
  %t191 = add i64 %t190, %t188
  %t192 = lshr i32 %t186, 24
  %t193 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t192, ptr %t193, align 4
  %t194 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t194(ptr %st, ptr %mem, ptr %t184, ptr %base, i64 %t191, i32 %t171, i32 %t172, i32 %t170, i32 %t178)
  ret void
leave_counted:
  %t195 = load ptr, ptr %leaving_for, align 8
  %t196 = load i64, ptr %budget_left, align 8
  %t197 = add i64 %t196, 7
  %t198 = load i32, ptr %leaving_n, align 4
  %t199 = load i32, ptr %leaving_z, align 4
  %t200 = load i32, ptr %leaving_c, align 4
  %t201 = load i32, ptr %leaving_v, align 4
  %t202 = getelementptr i8, ptr %base, i64 512
  %t203 = ptrtoint ptr %t195 to i64
  %t204 = and i64 %t203, 16368
  %t205 = lshr i64 %t204, 2
  %t206 = getelementptr inbounds i8, ptr %st, i64 512
  %t207 = getelementptr inbounds i8, ptr %t206, i64 %t205
  %t208 = load i32, ptr %t207, align 4
  %t209 = add i32 %t208, -1
  store i32 %t209, ptr %t207, align 4
  %t210 = icmp eq i32 %t209, 0
  br i1 %t210, label %hot22, label %cold23, !prof !0
hot22:
  %t211 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t211, align 4
  musttail call preserve_nonecc void %t202(ptr %st, ptr %mem, ptr %t195, ptr %base, i64 %t197, i32 %t198, i32 %t199, i32 %t200, i32 %t201)
  ret void
cold23:
  %t212 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t195, ptr %base, i64 %t197, i32 %t198, i32 %t199, i32 %t200, i32 %t201)
  %t213 = getelementptr i8, ptr %base, i64 %t212
  musttail call preserve_nonecc void %t213(ptr %st, ptr %mem, ptr %t195, ptr %base, i64 %t197, i32 %t198, i32 %t199, i32 %t200, i32 %t201)
  ret void
}
