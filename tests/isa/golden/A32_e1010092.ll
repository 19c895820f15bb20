; swp r0, r2, [r1]    (swp A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'rt2')
; 1 bytes at 10: Field('field', 'rt')
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
  %t4 = zext i32 %slot1 to i64
  %t5 = getelementptr inbounds i32, ptr %st, i64 %t4
  %t6 = load i32, ptr %t5, align 4
  %t7 = and i32 %t3, 3
  %t8 = icmp ne i32 %t7, 0
  br i1 %t8, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t9 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t3, ptr %t9, align 4
  %t10 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 1, ptr %t10, align 4
  %t11 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t11, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t12 = zext i32 %t3 to i64
  %t13 = zext i32 %t3 to i64
  %t14 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t13, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t15 = call i32 asm sideeffect "xchgl ${0:k}, ($2,%r13)", "=q,0,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i32 %t6, i64 %t12, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t16 = and i32 %t15, 4294967295
  %t17 = zext i32 %slot2 to i64
  %t18 = getelementptr inbounds i32, ptr %st, i64 %t17
  store i32 %t16, ptr %t18, align 4
  %t19 = sub i64 %budget, 1
  %t20 = icmp eq i64 %t19, 0
  br i1 %t20, label %spent3, label %go4, !prof !0
spent3:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go4:
  %t21 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  %t22 = getelementptr i8, ptr %base, i64 %t21
  musttail call preserve_nonecc void %t22(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
