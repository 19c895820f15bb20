; pop {r4, pc}    (pop T32/T1)
; 2 bytes at 8: Field('and', ('or', ('shl', ('field', 'p_bit'), 15), ('field', 'low')), 32767)
; 1 bytes at 10: Field('shl', ('popcount', ('or', ('shl', ('field', 'p_bit'), 15), ('field', 'low')), 0), 2)
; 1 bytes at 11: Field('popcount', ('and', ('or', ('shl', ('field', 'p_bit'), 15), ('field', 'low')), 32767), 0)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot2n = load i16, ptr %slot2p, align 2
  %slot2 = zext i16 %slot2n to i32
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 11
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  br label %body
body:
  %t1 = getelementptr inbounds i32, ptr %st, i64 13
  %t2 = load i32, ptr %t1, align 4
  %t3 = add i32 %t2, %slot0
  %t4 = and i32 %t2, 3
  %t5 = icmp ne i32 %t4, 0
  br i1 %t5, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t6 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t2, ptr %t6, align 4
  %t7 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 0, ptr %t7, align 4
  %t8 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t8, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t9 = zext i32 %t2 to i64
  %t10 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t9, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t11 = add i32 %t2, %slot0
  %t12 = sub i32 %t11, 4
  %t13 = zext i32 %t12 to i64
  %t14 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t13, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t15 = and i32 %t2, 3
  %t16 = icmp ne i32 %t15, 0
  br i1 %t16, label %misaligned3, label %aligned4, !prof !0
misaligned3:
  %t17 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t2, ptr %t17, align 4
  %t18 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 0, ptr %t18, align 4
  %t19 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t19, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned4:
  %t20 = shl i32 %slot1, 2
  %t21 = zext i32 %t2 to i64
  %t22 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t21, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t23 = add i32 %t2, %t20
  %t24 = sub i32 %t23, 4
  %t25 = and i32 %t24, 4294963200
  %t26 = call i32 @llvm.umax.i32(i32 %t2, i32 %t25)
  %t27 = zext i32 %t26 to i64
  %t28 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t27, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  br label %each5
each5:
  %t29 = phi i32 [ %slot2, %aligned4 ], [ %t37, %each5 ]
  %t30 = phi i32 [ %t2, %aligned4 ], [ %t38, %each5 ]
  %t31 = call i32 @llvm.cttz.i32(i32 %t29, i1 true)
  %t32 = zext i32 %t31 to i64
  %t33 = getelementptr inbounds i32, ptr %st, i64 %t32
  %t34 = zext i32 %t30 to i64
  %t35 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t34, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  store i32 %t35, ptr %t33, align 4
  %t36 = add i32 %t29, -1
  %t37 = and i32 %t29, %t36
  %t38 = add i32 %t30, 4
  %t39 = icmp eq i32 %t37, 0
  br i1 %t39, label %done6, label %each5
done6:
  %t40 = getelementptr inbounds i32, ptr %st, i64 13
  store i32 %t3, ptr %t40, align 4
  %t41 = getelementptr inbounds i8, ptr %st, i64 392
  %t42 = load ptr, ptr %t41, align 8
  %t43 = zext i32 %t14 to i64
  %t44 = and i64 %t43, -4
  %t45 = shl i64 %t44, 2
  %t46 = getelementptr i8, ptr %t42, i64 %t45
  %t47 = getelementptr inbounds i8, ptr %st, i64 392
  %t48 = load ptr, ptr %t47, align 8
  %t49 = zext i32 %t14 to i64
  %t50 = and i64 %t49, -2
  %t51 = shl i64 %t50, 3
  %t52 = add i64 %t51, 19327352832
  %t53 = getelementptr i8, ptr %t48, i64 %t52
  %t54 = trunc i32 %t14 to i1
  %t55 = select i1 %t54, ptr %t53, ptr %t46
  %t56 = sub i64 %budget, 1
  %t57 = icmp eq i64 %t56, 0
  br i1 %t57, label %spent7, label %go8, !prof !0
spent7:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t55, ptr %base, i64 %t56, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go8:
  %t58 = ptrtoint ptr %t55 to i64
  %t59 = and i64 %t58, 16368
  %t60 = lshr i64 %t59, 2
  %t61 = getelementptr inbounds i8, ptr %st, i64 512
  %t62 = getelementptr inbounds i8, ptr %t61, i64 %t60
  %t63 = load i32, ptr %t62, align 4
  %t64 = add i32 %t63, -1
  store i32 %t64, ptr %t62, align 4
  %t65 = icmp eq i32 %t64, 0
  br i1 %t65, label %hot9, label %cold10, !prof !0
hot9:
  %t66 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t66, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t55, ptr %base, i64 %t56, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold10:
  %t67 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t55, ptr %base, i64 %t56, i32 %n, i32 %z, i32 %c, i32 %v)
  %t68 = getelementptr i8, ptr %base, i64 %t67
  musttail call preserve_nonecc void %t68(ptr %st, ptr %mem, ptr %t55, ptr %base, i64 %t56, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
