; 0x8000  str r0, [r1, #4]
; 0x8004  subs r0, r0, #1
; 0x8008  bne 0x8000
; 0x800c  bx lr
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
  %s7p = getelementptr inbounds i8, ptr %st, i64 0
  %s7 = load i32, ptr %s7p, align 4
  store i32 %s7, ptr %r0, align 4
  %s8p = getelementptr inbounds i8, ptr %st, i64 4
  %s8 = load i32, ptr %s8p, align 4
  store i32 %s8, ptr %r1, align 4
  %s9p = getelementptr inbounds i8, ptr %st, i64 8
  %s9 = load i32, ptr %s9p, align 4
  store i32 %s9, ptr %r2, align 4
  %s10p = getelementptr inbounds i8, ptr %st, i64 12
  %s10 = load i32, ptr %s10p, align 4
  store i32 %s10, ptr %r3, align 4
  %s11p = getelementptr inbounds i8, ptr %st, i64 16
  %s11 = load i32, ptr %s11p, align 4
  store i32 %s11, ptr %r4, align 4
  %s12p = getelementptr inbounds i8, ptr %st, i64 20
  %s12 = load i32, ptr %s12p, align 4
  store i32 %s12, ptr %r5, align 4
  %s13p = getelementptr inbounds i8, ptr %st, i64 24
  %s13 = load i32, ptr %s13p, align 4
  store i32 %s13, ptr %r6, align 4
  %s14p = getelementptr inbounds i8, ptr %st, i64 28
  %s14 = load i32, ptr %s14p, align 4
  store i32 %s14, ptr %r7, align 4
  %s15p = getelementptr inbounds i8, ptr %st, i64 32
  %s15 = load i32, ptr %s15p, align 4
  store i32 %s15, ptr %r8, align 4
  %s16p = getelementptr inbounds i8, ptr %st, i64 36
  %s16 = load i32, ptr %s16p, align 4
  store i32 %s16, ptr %r9, align 4
  %s17p = getelementptr inbounds i8, ptr %st, i64 40
  %s17 = load i32, ptr %s17p, align 4
  store i32 %s17, ptr %r10, align 4
  %s18p = getelementptr inbounds i8, ptr %st, i64 44
  %s18 = load i32, ptr %s18p, align 4
  store i32 %s18, ptr %r11, align 4
  %s19p = getelementptr inbounds i8, ptr %st, i64 48
  %s19 = load i32, ptr %s19p, align 4
  store i32 %s19, ptr %r12, align 4
  %s20p = getelementptr inbounds i8, ptr %st, i64 52
  %s20 = load i32, ptr %s20p, align 4
  store i32 %s20, ptr %r13, align 4
  %s21p = getelementptr inbounds i8, ptr %st, i64 56
  %s21 = load i32, ptr %s21p, align 4
  store i32 %s21, ptr %r14, align 4
  br label %i8000
i8000:
  %b1 = load i64, ptr %budget_left, align 8
  %d1 = callbr i64 asm sideeffect "subq $3, $0; jl 1f; .subsection 1; 1: movq $0, 416($2); jmp ${4:l}; .previous", "=r,0,{r12},i,!i,~{flags}"(i64 %b1, ptr %st, i64 3)
    to label %n1 [label %xi8000], !prof !3
n1:
  store i64 %d1, ptr %budget_left, align 8
  br label %in1
in1:
  %t1 = load i32, ptr %r1, align 4
  %t2 = add i32 %t1, 4
  %t3 = load i32, ptr %r0, align 4
  %t4 = zext i32 %t1 to i64
  callbr void asm sideeffect "1: movl ${0:k}, ${2:c}($1,%r13); .pushsection .faults,\22a\22,@progbits; .long 1b-., ${7:l}-., ${5:c}, ${6:c}; .popsection", "r,r,i,{r12},{r13},i,i,!i"(i32 %t3, i64 %t4, i32 4, ptr %st, ptr %mem, i32 8192, i32 3) to label %ok2 [label %f0], !prof !3
ok2:
  br label %in3
in3:
  %t5 = load i32, ptr %r0, align 4
  %t6 = sub i32 %t5, 1
  %t7 = xor i32 %t5, 1
  %t8 = icmp ule i32 1, %t5
  %t9 = xor i32 %t5, %t6
  %t10 = and i32 %t7, %t9
  store i32 %t6, ptr %fn, align 4
  store i32 %t6, ptr %fz, align 4
  %t11 = load i32, ptr %fn, align 4
  %t12 = load i32, ptr %vx, align 4
  %t13 = load i32, ptr %vy, align 4
  %t14 = sub i32 %t12, %t13
  %t15 = xor i32 %t12, %t13
  %t16 = xor i32 %t12, %t14
  %t17 = and i32 %t15, %t16
  %t18 = xor i32 %t11, %t17
  store i32 %t18, ptr %lx, align 4
  store i32 0, ptr %ly, align 4
  store i32 %t5, ptr %cx, align 4
  store i32 1, ptr %cy, align 4
  store i32 %t5, ptr %vx, align 4
  store i32 1, ptr %vy, align 4
  store i32 %t5, ptr %lx, align 4
  store i32 1, ptr %ly, align 4
  store i32 %t6, ptr %r0, align 4
  store i32 4294967294, ptr %cx, align 4
  store i32 %t6, ptr %cy, align 4
  store i32 %t6, ptr %vx, align 4
  store i32 4294967295, ptr %vy, align 4
  br label %in4
in4:
  %t19 = load i32, ptr %fz, align 4
  %t20 = icmp eq i32 %t19, 0
  %t21 = xor i1 %t20, 1
  br i1 %t21, label %then5, label %else6, !prof !2
then5:
  br label %i8000
else6:
  br label %after7
after7:
  br label %i800c
i800c:
  %b5 = load i64, ptr %budget_left, align 8
  %s5 = sub i64 %b5, 1
  %d5 = call i64 asm "", "=r,0"(i64 %s5)
  store i64 %d5, ptr %budget_left, align 8
  br label %in8
in8:
  %t22 = load i32, ptr %r14, align 4
  switch i32 %t22, label %elsewhere9 [  ]
elsewhere9:
  %t23 = getelementptr inbounds i8, ptr %st, i64 392
  %t24 = load ptr, ptr %t23, align 8
  %t25 = zext i32 %t22 to i64
  %t26 = and i64 %t25, -4
  %t27 = shl i64 %t26, 2
  %t28 = getelementptr i8, ptr %t24, i64 %t27
  %t29 = getelementptr inbounds i8, ptr %st, i64 392
  %t30 = load ptr, ptr %t29, align 8
  %t31 = zext i32 %t22 to i64
  %t32 = and i64 %t31, -2
  %t33 = shl i64 %t32, 3
  %t34 = add i64 %t33, 19327352832
  %t35 = getelementptr i8, ptr %t30, i64 %t34
  %t36 = trunc i32 %t22 to i1
  %t37 = select i1 %t36, ptr %t35, ptr %t28
  %s6 = load i32, ptr %r0, align 4
  %s6p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s6, ptr %s6p, align 4
  %t38 = load i64, ptr %budget_left, align 8
  %t39 = add i64 %t38, 4
  %t40 = load i32, ptr %cy, align 4
  %t41 = load i32, ptr %cx, align 4
  %t42 = icmp ule i32 %t40, %t41
  %t43 = zext i1 %t42 to i32
  %t44 = load i32, ptr %fn, align 4
  %t45 = load i32, ptr %fz, align 4
  %t46 = load i32, ptr %vx, align 4
  %t47 = load i32, ptr %vy, align 4
  %t48 = sub i32 %t46, %t47
  %t49 = xor i32 %t46, %t47
  %t50 = xor i32 %t46, %t48
  %t51 = and i32 %t49, %t50
  %t52 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t37, ptr %base, i64 %t39, i32 %t44, i32 %t45, i32 %t43, i32 %t51)
  %t53 = icmp ult i64 %t52, 768
  br i1 %t53, label %aside11, label %go10, !prof !0
aside11:
  call void asm sideeffect "", ""()
  store i32 %t44, ptr %leaving_n, align 4
  store i32 %t45, ptr %leaving_z, align 4
  store i32 %t43, ptr %leaving_c, align 4
  store i32 %t51, ptr %leaving_v, align 4
  store ptr %t37, ptr %leaving_for, align 8
  br label %leave_counted
go10:
  %t54 = getelementptr i8, ptr %base, i64 %t52
  musttail call preserve_nonecc void %t54(ptr %st, ptr %mem, ptr %t37, ptr %base, i64 %t39, i32 %t44, i32 %t45, i32 %t43, i32 %t51)
  ret void
xi8000:
  %s2p = getelementptr inbounds i8, ptr %st, i64 416
  %s2 = load i64, ptr %s2p, align 4
  store i64 %s2, ptr %budget_left, align 4
  store i32 8192, ptr %fault_ip, align 4
  store i32 3, ptr %fault_info, align 4
  %s3 = load i32, ptr %r0, align 4
  %s3p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s3, ptr %s3p, align 4
  br label %again
f0:
  call void asm sideeffect "", ""()
  %s4 = load i32, ptr %r0, align 4
  %s4p = getelementptr inbounds i8, ptr %st, i64 0
  store i32 %s4, ptr %s4p, align 4
  br label %again
again:
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
  %t67 = getelementptr inbounds i8, ptr %st, i64 464
  %t68 = load i32, ptr %t67, align 4
  %t69 = zext i32 %t68 to i64
  %t70 = getelementptr inbounds i8, ptr %st, i64 392
  %t71 = load ptr, ptr %t70, align 8
  %t72 = getelementptr [16 x i8], ptr %t71, i64 %t69
  %t73 = getelementptr inbounds i8, ptr %st, i64 468
  %t74 = load i32, ptr %t73, align 4
  %t75 = and i32 %t74, 65535
  %t76 = zext i32 %t75 to i64
  %t77 = load i64, ptr %budget_left, align 8
  %t78 = add i64 %t77, 4
  %t79 = add i64 %t78, %t76
  %t80 = lshr i32 %t74, 24
  %t81 = getelementptr inbounds i8, ptr %st, i64 88
  store i32 %t80, ptr %t81, align 4
  %t82 = getelementptr i8, ptr %base, i64 256
  musttail call preserve_nonecc void %t82(ptr %st, ptr %mem, ptr %t72, ptr %base, i64 %t79, i32 %t59, i32 %t60, i32 %t58, i32 %t66)
  ret void
leave_counted:
  %t83 = load ptr, ptr %leaving_for, align 8
  %t84 = load i64, ptr %budget_left, align 8
  %t85 = add i64 %t84, 4
  %t86 = load i32, ptr %leaving_n, align 4
  %t87 = load i32, ptr %leaving_z, align 4
  %t88 = load i32, ptr %leaving_c, align 4
  %t89 = load i32, ptr %leaving_v, align 4
  %t90 = getelementptr i8, ptr %base, i64 512
  %t91 = ptrtoint ptr %t83 to i64
  %t92 = and i64 %t91, 16368
  %t93 = lshr i64 %t92, 2
  %t94 = getelementptr inbounds i8, ptr %st, i64 512
  %t95 = getelementptr inbounds i8, ptr %t94, i64 %t93
  %t96 = load i32, ptr %t95, align 4
  %t97 = add i32 %t96, -1
  store i32 %t97, ptr %t95, align 4
  %t98 = icmp eq i32 %t97, 0
  br i1 %t98, label %hot12, label %cold13, !prof !0
hot12:
  %t99 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t99, align 4
  musttail call preserve_nonecc void %t90(ptr %st, ptr %mem, ptr %t83, ptr %base, i64 %t85, i32 %t86, i32 %t87, i32 %t88, i32 %t89)
  ret void
cold13:
  %t100 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t83, ptr %base, i64 %t85, i32 %t86, i32 %t87, i32 %t88, i32 %t89)
  %t101 = getelementptr i8, ptr %base, i64 %t100
  musttail call preserve_nonecc void %t101(ptr %st, ptr %mem, ptr %t83, ptr %base, i64 %t85, i32 %t86, i32 %t87, i32 %t88, i32 %t89)
  ret void
}
