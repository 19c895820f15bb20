; uadd8 r0, r1, r2    (uadd8 A32/A1)
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
  %t4 = bitcast i32 %t3 to <4 x i8>
  %t5 = zext i32 %slot1 to i64
  %t6 = getelementptr inbounds i32, ptr %st, i64 %t5
  %t7 = load i32, ptr %t6, align 4
  %t8 = bitcast i32 %t7 to <4 x i8>
  %t9 = add <4 x i8> %t4, %t8
  %t10 = icmp ult <4 x i8> %t9, %t4
  %t11 = sext <4 x i1> %t10 to <4 x i8>
  %t12 = icmp slt <4 x i8> %t11, <i8 0, i8 0, i8 0, i8 0>
  %t13 = bitcast <4 x i1> %t12 to i4
  %t14 = zext i4 %t13 to i32
  %t15 = getelementptr inbounds i8, ptr %st, i64 84
  store i32 %t14, ptr %t15, align 4
  %t16 = add <4 x i8> %t4, %t8
  %t17 = bitcast <4 x i8> %t16 to i32
  %t18 = zext i32 %slot2 to i64
  %t19 = getelementptr inbounds i32, ptr %st, i64 %t18
  store i32 %t17, ptr %t19, align 4
  %t20 = sub i64 %budget, 1
  %t21 = icmp eq i64 %t20, 0
  br i1 %t21, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t20, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t22 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t20, i32 %n, i32 %z, i32 %c, i32 %v)
  %t23 = getelementptr i8, ptr %base, i64 %t22
  musttail call preserve_nonecc void %t23(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t20, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
