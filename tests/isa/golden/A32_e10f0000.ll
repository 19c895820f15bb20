; mrs r0, apsr    (mrs A32/A1)
; 1 bytes at 8: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  br label %body
body:
  %t1 = icmp slt i32 %n, 0
  %t2 = zext i1 %t1 to i32
  %t3 = shl i32 %t2, 31
  %t4 = or i32 0, %t3
  %t5 = icmp eq i32 %z, 0
  %t6 = zext i1 %t5 to i32
  %t7 = shl i32 %t6, 30
  %t8 = or i32 %t4, %t7
  %t9 = icmp ne i32 %c, 0
  %t10 = shl i32 %c, 29
  %t11 = or i32 %t8, %t10
  %t12 = icmp slt i32 %v, 0
  %t13 = zext i1 %t12 to i32
  %t14 = shl i32 %t13, 28
  %t15 = or i32 %t11, %t14
  %t16 = getelementptr inbounds i8, ptr %st, i64 80
  %t17 = load i32, ptr %t16, align 4
  %t18 = icmp ne i32 %t17, 0
  %t19 = shl i32 %t17, 27
  %t20 = or i32 %t15, %t19
  %t21 = getelementptr inbounds i8, ptr %st, i64 84
  %t22 = load i32, ptr %t21, align 4
  %t23 = trunc i32 %t22 to i4
  %t24 = zext i4 %t23 to i32
  %t25 = shl i32 %t24, 16
  %t26 = or i32 %t20, %t25
  %t27 = getelementptr inbounds i8, ptr %st, i64 92
  %t28 = load i32, ptr %t27, align 4
  %t29 = shl i32 %t28, 9
  %t30 = or i32 %t26, %t29
  %t31 = or i32 %t30, 16
  %t32 = zext i32 %slot0 to i64
  %t33 = getelementptr inbounds i32, ptr %st, i64 %t32
  store i32 %t31, ptr %t33, align 4
  %t34 = sub i64 %budget, 1
  %t35 = icmp eq i64 %t34, 0
  br i1 %t35, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t34, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t36 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t34, i32 %n, i32 %z, i32 %c, i32 %v)
  %t37 = getelementptr i8, ptr %base, i64 %t36
  musttail call preserve_nonecc void %t37(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t34, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
