; tbb [r0, r1]    (tbb T32/T1)
; 4 bytes at 8: Field('add', ('field', 'pc'), 4)
; 1 bytes at 12: Field('field', 'rn')
; 1 bytes at 13: Field('field', 'rm')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 32
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0 = load i32, ptr %slot0p, align 4
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 13
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  br label %body
body:
  %t1 = zext i32 %slot1 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = zext i32 %slot2 to i64
  %t5 = getelementptr inbounds i32, ptr %st, i64 %t4
  %t6 = load i32, ptr %t5, align 4
  %t7 = add i32 %t3, %t6
  %t8 = zext i32 %t7 to i64
  %t9 = call i32 asm sideeffect "movzbl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t8, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t10 = shl i32 %t9, 1
  %t11 = add i32 %slot0, %t10
  %t12 = getelementptr inbounds i8, ptr %st, i64 392
  %t13 = load ptr, ptr %t12, align 8
  %t14 = zext i32 %t11 to i64
  %t15 = and i64 %t14, -2
  %t16 = shl i64 %t15, 3
  %t17 = add i64 %t16, 19327352832
  %t18 = getelementptr i8, ptr %t13, i64 %t17
  %t19 = sub i64 %budget, 1
  %t20 = icmp eq i64 %t19, 0
  br i1 %t20, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t18, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t21 = ptrtoint ptr %t18 to i64
  %t22 = and i64 %t21, 16368
  %t23 = lshr i64 %t22, 2
  %t24 = getelementptr inbounds i8, ptr %st, i64 512
  %t25 = getelementptr inbounds i8, ptr %t24, i64 %t23
  %t26 = load i32, ptr %t25, align 4
  %t27 = add i32 %t26, -1
  store i32 %t27, ptr %t25, align 4
  %t28 = icmp eq i32 %t27, 0
  br i1 %t28, label %hot3, label %cold4, !prof !0
hot3:
  %t29 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t29, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t18, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold4:
  %t30 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t18, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  %t31 = getelementptr i8, ptr %base, i64 %t30
  musttail call preserve_nonecc void %t31(ptr %st, ptr %mem, ptr %t18, ptr %base, i64 %t19, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
