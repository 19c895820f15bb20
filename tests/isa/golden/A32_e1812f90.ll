; strex r2, r0, [r1]    (strex A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'rt')
; 1 bytes at 10: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 9
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = add i32 %t3, 0
  %t5 = zext i32 %slot1 to i64
  %t6 = getelementptr inbounds i32, ptr %st, i64 %t5
  %t7 = load i32, ptr %t6, align 4
  %t8 = and i32 %t4, 3
  %t9 = icmp ne i32 %t8, 0
  br i1 %t9, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t10 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t4, ptr %t10, align 4
  %t11 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 1, ptr %t11, align 4
  %t12 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t12, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t13 = getelementptr inbounds i8, ptr %st, i64 100
  %t14 = load i32, ptr %t13, align 4
  %t15 = getelementptr inbounds i8, ptr %st, i64 104
  %t16 = load i32, ptr %t15, align 4
  %t17 = icmp eq i32 %t14, 4
  %t18 = icmp eq i32 %t16, %t4
  %t19 = and i1 %t17, %t18
  br i1 %t19, label %attempt3, label %after4
attempt3:
  %t20 = getelementptr inbounds i8, ptr %st, i64 112
  %t21 = load i64, ptr %t20, align 8
  %t22 = zext i32 %t7 to i64
  %t23 = zext i32 %t4 to i64
  %t24 = call { i8, i64 } asm sideeffect "lock; cmpxchgl ${2:k}, ($3,%r13); sete $0", "=&q,={rax},r,r,1,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t22, i64 %t23, i64 %t21, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t25 = extractvalue { i8, i64 } %t24, 0
  %t26 = icmp eq i8 %t25, 0
  %t27 = zext i1 %t26 to i32
  br i1 %t26, label %wait5, label %after4
wait5:
  call void asm sideeffect "pause; pause; pause; pause; pause; pause; pause; pause; ", "~{memory}"()
  br label %after4
after4:
  %t28 = phi i32 [ 1, %aligned2 ], [ 1, %wait5 ], [ %t27, %attempt3 ]
  %t29 = getelementptr inbounds i8, ptr %st, i64 100
  store i32 0, ptr %t29, align 4
  %t30 = zext i32 %slot2 to i64
  %t31 = getelementptr inbounds i32, ptr %st, i64 %t30
  store i32 %t28, ptr %t31, align 4
  %t32 = sub i64 %budget, 1
  %t33 = icmp eq i64 %t32, 0
  br i1 %t33, label %spent6, label %go7, !prof !0
spent6:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go7:
  %t34 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  %t35 = getelementptr i8, ptr %base, i64 %t34
  musttail call preserve_nonecc void %t35(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t32, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
