; bx lr    (bx A32/A1)
; 1 bytes at 8: Field('field', 'rm')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = getelementptr inbounds i8, ptr %st, i64 392
  %t5 = load ptr, ptr %t4, align 8
  %t6 = zext i32 %t3 to i64
  %t7 = and i64 %t6, -4
  %t8 = shl i64 %t7, 2
  %t9 = getelementptr i8, ptr %t5, i64 %t8
  %t10 = getelementptr inbounds i8, ptr %st, i64 392
  %t11 = load ptr, ptr %t10, align 8
  %t12 = zext i32 %t3 to i64
  %t13 = and i64 %t12, -2
  %t14 = shl i64 %t13, 3
  %t15 = add i64 %t14, 19327352832
  %t16 = getelementptr i8, ptr %t11, i64 %t15
  %t17 = trunc i32 %t3 to i1
  %t18 = select i1 %t17, ptr %t16, ptr %t9
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
