; ldm r0!, {r1, r2, r3}    (ldm A32/A1)
; 2 bytes at 8: Field('field', 'registers')
; 1 bytes at 10: Field('field', 'rn')
; 1 bytes at 11: Field('shl', ('popcount', ('field', 'registers'), 0), 2)
; 1 bytes at 12: Field('popcount', ('field', 'registers'), 0)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot3p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot3n = load i16, ptr %slot3p, align 2
  %slot3 = zext i16 %slot3n to i32
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 11
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = add i32 %t3, %slot1
  %t5 = and i32 %t3, 3
  %t6 = icmp ne i32 %t5, 0
  br i1 %t6, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t7 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t3, ptr %t7, align 4
  %t8 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 0, ptr %t8, align 4
  %t9 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t9, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t10 = shl i32 %slot2, 2
  %t11 = zext i32 %t3 to i64
  %t12 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t11, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t13 = add i32 %t3, %t10
  %t14 = sub i32 %t13, 4
  %t15 = and i32 %t14, 4294963200
  %t16 = call i32 @llvm.umax.i32(i32 %t3, i32 %t15)
  %t17 = zext i32 %t16 to i64
  %t18 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t17, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  br label %each3
each3:
  %t19 = phi i32 [ %slot3, %aligned2 ], [ %t27, %each3 ]
  %t20 = phi i32 [ %t3, %aligned2 ], [ %t28, %each3 ]
  %t21 = call i32 @llvm.cttz.i32(i32 %t19, i1 true)
  %t22 = zext i32 %t21 to i64
  %t23 = getelementptr inbounds i32, ptr %st, i64 %t22
  %t24 = zext i32 %t20 to i64
  %t25 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t24, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  store i32 %t25, ptr %t23, align 4
  %t26 = add i32 %t19, -1
  %t27 = and i32 %t19, %t26
  %t28 = add i32 %t20, 4
  %t29 = icmp eq i32 %t27, 0
  br i1 %t29, label %done4, label %each3
done4:
  %t30 = zext i32 %slot0 to i64
  %t31 = getelementptr inbounds i32, ptr %st, i64 %t30
  store i32 %t4, ptr %t31, align 4
  %t32 = sub i64 %budget, 1
  %t33 = icmp eq i64 %t32, 0
  br i1 %t33, label %spent5, label %go6, !prof !0
spent5:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go6:
  %t34 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  %t35 = getelementptr i8, ptr %base, i64 %t34
  musttail call preserve_nonecc void %t35(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
