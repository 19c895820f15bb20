; ldrex r0, [r1]    (ldrex A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'rt')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 9
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = add i32 %t3, 0
  %t5 = zext i32 %t4 to i64
  call void asm sideeffect "prefetchw ($0,$1)", "r,r"(i64 %t5, ptr %mem)
  %t6 = and i32 %t4, 3
  %t7 = icmp ne i32 %t6, 0
  br i1 %t7, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t8 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t4, ptr %t8, align 4
  %t9 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 0, ptr %t9, align 4
  %t10 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t10, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t11 = zext i32 %t4 to i64
  %t12 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t11, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t13 = zext i32 %t12 to i64
  %t14 = getelementptr inbounds i8, ptr %st, i64 100
  store i32 4, ptr %t14, align 4
  %t15 = getelementptr inbounds i8, ptr %st, i64 104
  store i32 %t4, ptr %t15, align 4
  %t16 = getelementptr inbounds i8, ptr %st, i64 112
  store i64 %t13, ptr %t16, align 8
  %t17 = zext i32 %slot1 to i64
  %t18 = getelementptr inbounds i32, ptr %st, i64 %t17
  store i32 %t12, ptr %t18, align 4
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
