; adcs r0, r1, r2    (adc_reg A32/A1)
; 1 bytes at 8: Field('field', 'rm')
; 1 bytes at 9: Field('field', 'rn')
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
  %t4 = zext i32 %slot1 to i64
  %t5 = getelementptr inbounds i32, ptr %st, i64 %t4
  %t6 = load i32, ptr %t5, align 4
  %t7 = icmp ne i32 %c, 0
  %t8 = zext i32 %t6 to i64
  %t9 = zext i32 %t3 to i64
  %t10 = add i64 %t8, %t9
  %t11 = zext i32 %c to i64
  %t12 = add i64 %t10, %t11
  %t13 = trunc i64 %t12 to i32
  %t14 = lshr i64 %t12, 32
  %t15 = trunc i64 %t14 to i1
  %t16 = xor i32 %t6, %t13
  %t17 = xor i32 %t3, %t13
  %t18 = and i32 %t16, %t17
  %t19 = zext i1 %t15 to i32
  %t20 = zext i32 %slot2 to i64
  %t21 = getelementptr inbounds i32, ptr %st, i64 %t20
  store i32 %t13, ptr %t21, align 4
  %t22 = sub i64 %budget, 1
  %t23 = icmp eq i64 %t22, 0
  br i1 %t23, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t22, i32 %t13, i32 %t13, i32 %t19, i32 %t18)
  ret void
go2:
  %t24 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t22, i32 %t13, i32 %t13, i32 %t19, i32 %t18)
  %t25 = getelementptr i8, ptr %base, i64 %t24
  musttail call preserve_nonecc void %t25(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t22, i32 %t13, i32 %t13, i32 %t19, i32 %t18)
  ret void
