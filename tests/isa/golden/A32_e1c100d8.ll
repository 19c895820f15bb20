; ldrd r0, r1, [r1, #8]    (ldrd_imm A32/A1)
; 4 bytes at 8: Field('and', ('sub', ('xor', ('or', ('shl', ('field', 'imm4h'), 4), ('field', 'imm4l')), ('sub', ('field', 'u'), 1)), ('sub', ('field', 'u'), 1)), 4294967295)
; 1 bytes at 12: Field('field', 'rn')
; 1 bytes at 13: Field('field', 'rt')
; 1 bytes at 14: Field('add', ('field', 'rt'), 1)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot1 = load i32, ptr %slot1p, align 4
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 13
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  %slot3p = getelementptr inbounds i8, ptr %ip, i64 14
  %slot3n = load i8, ptr %slot3p, align 1
  %slot3 = zext i8 %slot3n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = add i32 %t3, %slot1
  %t5 = and i32 %t4, 3
  %t6 = icmp ne i32 %t5, 0
  br i1 %t6, label %misaligned1, label %aligned2, !prof !0
misaligned1:
  %t7 = getelementptr inbounds i8, ptr %st, i64 432
  store i32 %t4, ptr %t7, align 4
  %t8 = getelementptr inbounds i8, ptr %st, i64 436
  store i32 0, ptr %t8, align 4
  %t9 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 7, ptr %t9, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
aligned2:
  %t10 = zext i32 %t4 to i64
  %t11 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t10, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t12 = add i32 %t4, 4
  %t13 = zext i32 %t12 to i64
  %t14 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t13, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t15 = zext i32 %slot2 to i64
  %t16 = getelementptr inbounds i32, ptr %st, i64 %t15
  store i32 %t11, ptr %t16, align 4
  %t17 = zext i32 %slot3 to i64
  %t18 = getelementptr inbounds i32, ptr %st, i64 %t17
  store i32 %t14, ptr %t18, align 4
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
