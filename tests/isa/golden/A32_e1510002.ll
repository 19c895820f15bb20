; cmp r1, r2    (cmp_reg A32/A1)
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
  %t7 = sub i32 %t6, %t3
  %t8 = icmp ule i32 %t3, %t6
  %t9 = xor i32 %t6, %t3
  %t10 = xor i32 %t6, %t7
  %t11 = and i32 %t9, %t10
  %t12 = zext i1 %t8 to i32
  %t13 = sub i64 %budget, 1
  %t14 = icmp eq i64 %t13, 0
  br i1 %t14, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t13, i32 %t7, i32 %t7, i32 %t12, i32 %t11)
  ret void
go2:
  %t15 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t13, i32 %t7, i32 %t7, i32 %t12, i32 %t11)
  %t16 = getelementptr i8, ptr %base, i64 %t15
  musttail call preserve_nonecc void %t16(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t13, i32 %t7, i32 %t7, i32 %t12, i32 %t11)
  ret void
