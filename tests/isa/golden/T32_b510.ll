; push {r4, lr}    (push T32/T1)
; 2 bytes at 8: Field('or', ('shl', ('field', 'm_bit'), 14), ('field', 'low'))
; 1 bytes at 10: Field('shl', ('popcount', ('or', ('shl', ('field', 'm_bit'), 14), ('field', 'low')), 0), 2)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot1n = load i16, ptr %slot1p, align 2
  %slot1 = zext i16 %slot1n to i32
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  br label %body
body:
  %t1 = getelementptr inbounds i32, ptr %st, i64 13
  %t2 = load i32, ptr %t1, align 4
  %t3 = sub i32 %t2, %slot0
  %t4 = and i32 %t3, 3
  %t5 = icmp ne i32 %t4, 0
  br i1 %t5, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t6 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t3, ptr %t6, align 4
  %t7 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 1, ptr %t7, align 4
  %t8 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t8, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  br label %each3
each3:
  %t9 = phi i32 [ %slot1, %aligned2 ], [ %t17, %each3 ]
  %t10 = phi i32 [ %t3, %aligned2 ], [ %t18, %each3 ]
  %t11 = call i32 @llvm.cttz.i32(i32 %t9, i1 true)
  %t12 = zext i32 %t11 to i64
  %t13 = getelementptr inbounds i32, ptr %st, i64 %t12
  %t14 = load i32, ptr %t13, align 4
  %t15 = zext i32 %t10 to i64
  call void asm sideeffect "movl ${0:k}, ($1,%r13)", "r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i32 %t14, i64 %t15, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t16 = add i32 %t9, -1
  %t17 = and i32 %t9, %t16
  %t18 = add i32 %t10, 4
  %t19 = icmp eq i32 %t17, 0
  br i1 %t19, label %done4, label %each3
done4:
  %t20 = getelementptr inbounds i32, ptr %st, i64 13
  store i32 %t3, ptr %t20, align 4
  %t21 = sub i64 %budget, 1
  %t22 = icmp eq i64 %t21, 0
  br i1 %t22, label %spent5, label %go6, !prof !0
spent5:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go6:
  %t23 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  %t24 = getelementptr i8, ptr %base, i64 %t23
  musttail call preserve_nonecc void %t24(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
