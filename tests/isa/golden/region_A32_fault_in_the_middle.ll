; 0x8000  add r2, r2, #1
; 0x8004  stm r1!, {r2, r3}
; 0x8008  add r3, r3, #1
; 0x800c  pop {r4, pc}
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
  %short = icmp sle i64 %budget, 4
  br i1 %short, label %refuse, label %begin, !prof !0
refuse:
  %redecode = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %redecode(ptr %st, ptr %mem, ptr %ip0, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
begin:
  %more = sub i64 %budget, 4
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
  %s11p = getelementptr inbounds i8, ptr %st, i64 0
  %s11 = load i32, ptr %s11p, align 4
  store i32 %s11, ptr %r0, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 4
  %s12 = load i32, ptr %s12p, align 4
  store i32 %s12, ptr %r1, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 8
  %s13 = load i32, ptr %s13p, align 4
  store i32 %s13, ptr %r2, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 12
  %s14 = load i32, ptr %s14p, align 4
  store i32 %s14, ptr %r3, align 4
  %s15p = getelementptr inbounds i8, ptr %st, i64 16
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r4, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 20
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r5, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 24
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r6, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 28
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r7, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 32
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r8, align 4
  %s20p = getelementptr inbounds i8, ptr %st, i64 36
  %s20 = load i32, ptr %s20p, align 4
  store i32 %s20, ptr %r9, align 4
  %s21p = getelementptr inbounds i8, ptr %st, i64 40
  %s21 = load i32, ptr %s21p, align 4
  store i32 %s21, ptr %r10, align 4
  %s22p = getelementptr inbounds i8, ptr %st, i64 44
  %s22 = load i32, ptr %s22p, align 4
  store i32 %s22, ptr %r11, align 4
  %s23p = getelementptr inbounds i8, ptr %st, i64 48
  %s23 = load i32, ptr %s23p, align 4
  store i32 %s23, ptr %r12, align 4
  %s24p = getelementptr inbounds i8, ptr %st, i64 52
  %s24 = load i32, ptr %s24p, align 4
  store i32 %s24, ptr %r13, align 4
  %s25p = getelementptr inbounds i8, ptr %st, i64 56
  %s25 = load i32, ptr %s25p, align 4
  store i32 %s25, ptr %r14, align 4
  br label %i8000
i8000:
  %b1 = load i64, ptr %budget_left, align 8
  %s1 = sub i64 %b1, 4
  %d1 = call i64 asm "", "=r,0"(i64 %s1)
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  %t1 = load i32, ptr %r2, align 4
  %t2 = add i32 %t1, 1
  %t3 = xor i32 %t1, 4294967295
  %t4 = icmp ule i32 4294967295, %t1
  %t5 = xor i32 %t1, %t2
  %t6 = and i32 %t3, %t5
  store i32 %t2, ptr %r2, align 4
  br label %in2
in2:
  %t7 = load i32, ptr %r1, align 4
  %t8 = add i32 %t7, 8
  %t9 = and i32 %t7, 3
  %t10 = icmp ne i32 %t9, 0
  br i1 %t10, label %again4, label %aligned3, !prof !0
again4:
  store i32 8193, ptr %fault_ip, align 4
  store i32 3, ptr %fault_info, align 4
  br label %f0
aligned3:
  %t11 = add i32 %t7, 0
  %t12 = load i32, ptr %r2, align 4
  %t13 = zext i32 %t7 to i64
  callbr void asm sideeffect "1: movl ${0:k}, ${2:c}($1,%r13); .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "r,r,i,{r12},{r13},i,i,!i"(i32 %t12, i64 %t13, i32 0, ptr %st, ptr %mem, i32 8193, i32 3) to label %ok5 [label %f0], !prof !3
ok5:
  %t14 = add i32 %t7, 4
  %t15 = load i32, ptr %r3, align 4
  %t16 = zext i32 %t7 to i64
  callbr void asm sideeffect "1: movl ${0:k}, ${2:c}($1,%r13); .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "r,r,i,{r12},{r13},i,i,!i"(i32 %t15, i64 %t16, i32 4, ptr %st, ptr %mem, i32 8193, i32 3) to label %ok6 [label %f0], !prof !3
ok6:
  store i32 %t8, ptr %r1, align 4
  br label %in7
in7:
  %t17 = load i32, ptr %r3, align 4
  %t18 = add i32 %t17, 1
  %t19 = xor i32 %t17, 4294967295
  %t20 = icmp ule i32 4294967295, %t17
  %t21 = xor i32 %t17, %t18
  %t22 = and i32 %t19, %t21
  store i32 %t18, ptr %r3, align 4
  br label %in8
in8:
  %t23 = load i32, ptr %r13, align 4
  %t24 = add i32 %t23, 8
  %t25 = and i32 %t23, 3
  %t26 = icmp ne i32 %t25, 0
  br i1 %t26, label %again10, label %aligned9, !prof !0
again10:
  store i32 8195, ptr %fault_ip, align 4
  store i32 1, ptr %fault_info, align 4
  br label %f1
aligned9:
  %t27 = zext i32 %t23 to i64
  %t28 = callbr i32 asm sideeffect "1: movl ${2:c}($1,%r13), $0; .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "=r,r,i,{r12},{r13},i,i,!i"(i64 %t27, i32 0, ptr %st, ptr %mem, i32 8195, i32 1) to label %ok11 [label %f1], !prof !3
ok11:
  %t29 = add i32 %t23, 8
  %t30 = sub i32 %t29, 4
  %t31 = zext i32 %t23 to i64
  %t32 = callbr i32 asm sideeffect "1: movl ${2:c}($1,%r13), $0; .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "=r,r,i,{r12},{r13},i,i,!i"(i64 %t31, i32 4, ptr %st, ptr %mem, i32 8195, i32 1) to label %ok12 [label %f1], !prof !3
ok12:
  %t33 = and i32 %t23, 3
  %t34 = icmp ne i32 %t33, 0
  br i1 %t34, label %again14, label %aligned13, !prof !0
again14:
  store i32 8195, ptr %fault_ip, align 4
  store i32 1, ptr %fault_info, align 4
  br label %f1
aligned13:
  %t35 = add i32 %t23, 0
  %t36 = zext i32 %t23 to i64
  %t37 = callbr i32 asm sideeffect "1: movl ${2:c}($1,%r13), $0; .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "=r,r,i,{r12},{r13},i,i,!i"(i64 %t36, i32 0, ptr %st, ptr %mem, i32 8195, i32 1) to label %ok15 [label %f1], !prof !3
ok15:
  store i32 %t37, ptr %r4, align 4
  store i32 %t24, ptr %r13, align 4
  switch i32 %t32, label %elsewhere16 [  ]
elsewhere16:
  %t38 = getelementptr inbounds i8, ptr %st, i64 392
  %t39 = load ptr, ptr %t38, align 8
  %t40 = zext i32 %t32 to i64
  %t41 = and i64 %t40, -4
  %t42 = shl i64 %t41, 2
  %t43 = getelementptr i8, ptr %t39, i64 %t42
  %t44 = getelementptr inbounds i8, ptr %st, i64 392
  %t45 = load ptr, ptr %t44, align 8
  %t46 = zext i32 %t32 to i64
  %t47 = and i64 %t46, -2
  %t48 = shl i64 %t47, 3
  %t49 = add i64 %t48, 19327352832
  %t50 = getelementptr i8, ptr %t45, i64 %t49
  %t51 = trunc i32 %t32 to i1
  %t52 = select i1 %t51, ptr %t50, ptr %t43
  %s6 = load i32, ptr %r1, align 4
  %s6p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s6, ptr %s6p, align 4
  %s7 = load i32, ptr %r13, align 4
  %s7p = getelementptr inbounds i8, ptr %st, i64 52
  store i32 %s7, ptr %s7p, align 4
  %s8 = load i32, ptr %r2, align 4
  %s8p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s8, ptr %s8p, align 4
  %s9 = load i32, ptr %r3, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 12
  store i32 %s9, ptr %s9p, align 4
  %s10 = load i32, ptr %r4, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 16
  store i32 %s10, ptr %s10p, align 4
  %t53 = load i64, ptr %budget_left, align 8
  %t54 = add i64 %t53, 4
  %t55 = load i32, ptr %cy, align 4
  %t56 = load i32, ptr %cx, align 4
  %t57 = icmp ule i32 %t55, %t56
  %t58 = zext i1 %t57 to i32
  %t59 = load i32, ptr %fn, align 4
  %t60 = load i32, ptr %fz, align 4
  %t61 = load i32, ptr %vx, align 4
  %t62 = load i32, ptr %vy, align 4
  %t63 = sub i32 %t61, %t62
  %t64 = xor i32 %t61, %t62
  %t65 = xor i32 %t61, %t63
  %t66 = and i32 %t64, %t65
  %t67 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t52, ptr %base, i64 %t54, i32 %t59, i32 %t60, i32 %t58, i32 %t66)
  %t68 = icmp ult i64 %t67, 768
  br i1 %t68, label %aside18, label %go17, !prof !0
aside18:
  call void asm sideeffect "", ""()
  store i32 %t59, ptr %leaving_n, align 4
  store i32 %t60, ptr %leaving_z, align 4
  store i32 %t58, ptr %leaving_c, align 4
  store i32 %t66, ptr %leaving_v, align 4
  store ptr %t52, ptr %leaving_for, align 8
  br label %leave_counted
go17:
  %t69 = getelementptr i8, ptr %base, i64 %t67
  musttail call preserve_nonecc void %t69(ptr %st, ptr %mem, ptr %t52, ptr %base, i64 %t54, i32 %t59, i32 %t60, i32 %t58, i32 %t66)
  ret void
f0:
  call void asm sideeffect "", ""()
  %s2 = load i32, ptr %r2, align 4
  %s2p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s2, ptr %s2p, align 4
  br label %again
f1:
  call void asm sideeffect "", ""()
  %s3 = load i32, ptr %r1, align 4
  %s3p = getelementptr inbounds i8, ptr %st, i64 4
  store i32 %s3, ptr %s3p, align 4
  %s4 = load i32, ptr %r2, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 8
  store i32 %s4, ptr %s4p, align 4
  %s5 = load i32, ptr %r3, align 4
  %s5p = getelementptr inbounds i8, ptr %st, i64 12
  store i32 %s5, ptr %s5p, align 4
  br label %again
again:
  %t70 = load i32, ptr %cy, align 4
  %t71 = load i32, ptr %cx, align 4
  %t72 = icmp ule i32 %t70, %t71
  %t73 = zext i1 %t72 to i32
  %t74 = load i32, ptr %fn, align 4
  %t75 = load i32, ptr %fz, align 4
  %t76 = load i32, ptr %vx, align 4
  %t77 = load i32, ptr %vy, align 4
  %t78 = sub i32 %t76, %t77
  %t79 = xor i32 %t76, %t77
  %t80 = xor i32 %t76, %t78
  %t81 = and i32 %t79, %t80
  %t82 = getelementptr inbounds i8, ptr %st, i64 464
  %t83 = load i32, ptr %t82, align 4
  %t84 = zext i32 %t83 to i64
  %t85 = getelementptr inbounds i8, ptr %st, i64 392
  %t86 = load ptr, ptr %t85, align 8
  %t87 = getelementptr [16 x i8], ptr %t86, i64 %t84
  %t88 = getelementptr inbounds i8, ptr %st, i64 468
  %t89 = load i32, ptr %t88, align 4
  %t90 = and i32 %t89, 65535
  %t91 = zext i32 %t90 to i64
  %t92 = load i64, ptr %budget_left, align 8
  %t93 = add i64 %t92, 4
  %t94 = add i64 %t93, %t91
  %t95 = lshr i32 %t89, 24
  %t96 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t95, ptr %t96, align 4
  %t97 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t97(ptr %st, ptr %mem, ptr %t87, ptr %base, i64 %t94, i32 %t74, i32 %t75, i32 %t73, i32 %t81)
  ret void
leave_counted:
  %t98 = load ptr, ptr %leaving_for, align 8
  %t99 = load i64, ptr %budget_left, align 8
  %t100 = add i64 %t99, 4
  %t101 = load i32, ptr %leaving_n, align 4
  %t102 = load i32, ptr %leaving_z, align 4
  %t103 = load i32, ptr %leaving_c, align 4
  %t104 = load i32, ptr %leaving_v, align 4
  %t105 = getelementptr i8, ptr %base, i64 512
  %t106 = ptrtoint ptr %t98 to i64
  %t107 = and i64 %t106, 16368
  %t108 = lshr i64 %t107, 2
  %t109 = getelementptr inbounds i8, ptr %st, i64 512
  %t110 = getelementptr inbounds i8, ptr %t109, i64 %t108
  %t111 = load i32, ptr %t110, align 4
  %t112 = add i32 %t111, -1
  store i32 %t112, ptr %t110, align 4
  %t113 = icmp eq i32 %t112, 0
  br i1 %t113, label %hot19, label %cold20, !prof !0
hot19:
  %t114 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t114, align 4
  musttail call preserve_nonecc void %t105(ptr %st, ptr %mem, ptr %t98, ptr %base, i64 %t100, i32 %t101, i32 %t102, i32 %t103, i32 %t104)
  ret void
cold20:
  %t115 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t98, ptr %base, i64 %t100, i32 %t101, i32 %t102, i32 %t103, i32 %t104)
  %t116 = getelementptr i8, ptr %base, i64 %t115
  musttail call preserve_nonecc void %t116(ptr %st, ptr %mem, ptr %t98, ptr %base, i64 %t100, i32 %t101, i32 %t102, i32 %t103, i32 %t104)
  ret void
}
