; usat r0, #8, r1    (usat A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'sat_imm')
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
  %t4 = shl i32 1, %slot1
  %t5 = sub i32 %t4, 1
  %t6 = icmp slt i32 %t5, %t3
  %t7 = select i1 %t6, i32 %t5, i32 %t3
  %t8 = icmp slt i32 %t7, 0
  %t9 = select i1 %t8, i32 0, i32 %t7
  %t10 = icmp ne i32 %t9, %t3
  %t11 = getelementptr inbounds i8, ptr %st, i64 80
  %t12 = load i32, ptr %t11, align 4
  %t13 = icmp ne i32 %t12, 0
  %t14 = or i1 %t13, %t10
  %t15 = zext i1 %t14 to i32
  %t16 = getelementptr inbounds i8, ptr %st, i64 80
  store i32 %t15, ptr %t16, align 4
  %t17 = zext i32 %slot2 to i64
  %t18 = getelementptr inbounds i32, ptr %st, i64 %t17
  store i32 %t9, ptr %t18, align 4
  %t19 = sub i64 %budget, 1
  %t20 = icmp eq i64 %t19, 0
  br i1 %t20, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t21 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  %t22 = getelementptr i8, ptr %base, i64 %t21
  musttail call preserve_nonecc void %t22(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
