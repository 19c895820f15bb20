; add pc, r1, r2    (add_reg A32/A1)
; 1 bytes at 8: Field('field', 'rm')
; 1 bytes at 9: Field('field', 'rn')
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
  %t4 = zext i32 %slot1 to i64
  %t5 = getelementptr inbounds i32, ptr %st, i64 %t4
  %t6 = load i32, ptr %t5, align 4
  %t7 = add i32 %t6, %t3
  %t8 = icmp ult i32 %t7, %t6
  %t9 = xor i32 %t6, %t7
  %t10 = xor i32 %t3, %t7
  %t11 = and i32 %t9, %t10
  %t12 = getelementptr inbounds i8, ptr %st, i64 392
  %t13 = load ptr, ptr %t12, align 8
  %t14 = zext i32 %t7 to i64
  %t15 = and i64 %t14, -4
  %t16 = shl i64 %t15, 2
  %t17 = getelementptr i8, ptr %t13, i64 %t16
  %t18 = getelementptr inbounds i8, ptr %st, i64 392
  %t19 = load ptr, ptr %t18, align 8
  %t20 = zext i32 %t7 to i64
  %t21 = and i64 %t20, -2
  %t22 = shl i64 %t21, 3
  %t23 = add i64 %t22, 19327352832
  %t24 = getelementptr i8, ptr %t19, i64 %t23
  %t25 = trunc i32 %t7 to i1
  %t26 = select i1 %t25, ptr %t24, ptr %t17
  %t27 = sub i64 %budget, 1
  %t28 = icmp eq i64 %t27, 0
  br i1 %t28, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t26, ptr %base, i64 %t27, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t29 = ptrtoint ptr %t26 to i64
  %t30 = and i64 %t29, 16368
  %t31 = lshr i64 %t30, 2
  %t32 = getelementptr inbounds i8, ptr %st, i64 512
  %t33 = getelementptr inbounds i8, ptr %t32, i64 %t31
  %t34 = load i32, ptr %t33, align 4
  %t35 = add i32 %t34, -1
  store i32 %t35, ptr %t33, align 4
  %t36 = icmp eq i32 %t35, 0
  br i1 %t36, label %hot3, label %cold4, !prof !0
hot3:
  %t37 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t37, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t26, ptr %base, i64 %t27, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold4:
  %t38 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t26, ptr %base, i64 %t27, i32 %n, i32 %z, i32 %c, i32 %v)
  %t39 = getelementptr i8, ptr %base, i64 %t38
  musttail call preserve_nonecc void %t39(ptr %st, ptr %mem, ptr %t26, ptr %base, i64 %t27, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
