; lsl r0, r1, r2    (lsl_reg A32/A1)
; 1 bytes at 8: Field('field', 'rn')
; 1 bytes at 9: Field('field', 'rm')
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
  %t7 = and i32 %t6, 255
  %t8 = icmp ult i32 %t7, 32
  %t9 = and i32 %t7, 31
  %t10 = shl i32 %t3, %t9
  %t11 = select i1 %t8, i32 %t10, i32 0
  %t12 = zext i32 %slot2 to i64
  %t13 = getelementptr inbounds i32, ptr %st, i64 %t12
  store i32 %t11, ptr %t13, align 4
  %t14 = sub i64 %budget, 1
  %t15 = icmp eq i64 %t14, 0
  br i1 %t15, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t14, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t16 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t14, i32 %n, i32 %z, i32 %c, i32 %v)
  %t17 = getelementptr i8, ptr %base, i64 %t16
  musttail call preserve_nonecc void %t17(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t14, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
