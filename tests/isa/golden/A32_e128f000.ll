; msr apsr_nzcvq, r0    (msr_reg A32/A1)
; 1 bytes at 8: Field('field', 'rn')
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
  %t4 = lshr i32 %t3, 31
  %t5 = trunc i32 %t4 to i1
  %t6 = zext i1 %t5 to i32
  %t7 = shl i32 %t6, 31
  %t8 = lshr i32 %t3, 30
  %t9 = trunc i32 %t8 to i1
  %t10 = xor i1 %t9, 1
  %t11 = zext i1 %t10 to i32
  %t12 = lshr i32 %t3, 29
  %t13 = trunc i32 %t12 to i1
  %t14 = zext i1 %t13 to i32
  %t15 = lshr i32 %t3, 28
  %t16 = trunc i32 %t15 to i1
  %t17 = zext i1 %t16 to i32
  %t18 = shl i32 %t17, 31
  %t19 = lshr i32 %t3, 27
  %t20 = trunc i32 %t19 to i1
  %t21 = zext i1 %t20 to i32
  %t22 = getelementptr inbounds i8, ptr %st, i64 80
  store i32 %t21, ptr %t22, align 4
  %t23 = sub i64 %budget, 1
  %t24 = icmp eq i64 %t23, 0
  br i1 %t24, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t23, i32 %t7, i32 %t11, i32 %t14, i32 %t18)
  ret void
go2:
  %t25 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t23, i32 %t7, i32 %t11, i32 %t14, i32 %t18)
  %t26 = getelementptr i8, ptr %base, i64 %t25
  musttail call preserve_nonecc void %t26(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t23, i32 %t7, i32 %t11, i32 %t14, i32 %t18)
  ret void
