; umull r4, r5, r2, r3    (umull A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'rm')
; 1 bytes at 10: Field('field', 'rdlo')
; 1 bytes at 11: Field('field', 'rdhi')
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
  %slot3p = getelementptr inbounds i8, ptr %ip, i64 11
  %slot3n = load i8, ptr %slot3p, align 1
  %slot3 = zext i8 %slot3n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = zext i32 %t3 to i64
  %t5 = zext i32 %slot1 to i64
  %t6 = getelementptr inbounds i32, ptr %st, i64 %t5
  %t7 = load i32, ptr %t6, align 4
  %t8 = zext i32 %t7 to i64
  %t9 = mul i64 %t4, %t8
  %t10 = trunc i64 %t9 to i32
  %t11 = zext i32 %slot2 to i64
  %t12 = getelementptr inbounds i32, ptr %st, i64 %t11
  store i32 %t10, ptr %t12, align 4
  %t13 = lshr i64 %t9, 32
  %t14 = trunc i64 %t13 to i32
  %t15 = zext i32 %slot3 to i64
  %t16 = getelementptr inbounds i32, ptr %st, i64 %t15
  store i32 %t14, ptr %t16, align 4
  %t17 = sub i64 %budget, 1
  %t18 = icmp eq i64 %t17, 0
  br i1 %t18, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t17, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t19 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t17, i32 %n, i32 %z, i32 %c, i32 %v)
  %t20 = getelementptr i8, ptr %base, i64 %t19
  musttail call preserve_nonecc void %t20(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t17, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
