; subs r0, r0, #1    (sub_imm A32/A1)
; 4 bytes at 8: Field('and', ('or', ('lshr', ('and', ('field', 'imm12'), 255), ('shl', ('lshr', ('field', 'imm12'), 8), 1)), ('shl', ('and', ('field', 'imm12'), 255), ('and', ('sub', 32, ('shl', ('lshr', ('field', 'imm12'), 8), 1)), 31))), 4294967295)
; 1 bytes at 12: Field('field', 'rn')
; 1 bytes at 13: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
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
  %t4 = sub i32 %t3, %slot0
  %t5 = icmp ule i32 %slot0, %t3
  %t6 = xor i32 %t3, %slot0
  %t7 = xor i32 %t3, %t4
  %t8 = and i32 %t6, %t7
  %t9 = zext i1 %t5 to i32
  %t10 = zext i32 %slot2 to i64
  %t11 = getelementptr inbounds i32, ptr %st, i64 %t10
  store i32 %t4, ptr %t11, align 4
  %t12 = sub i64 %budget, 1
  %t13 = icmp eq i64 %t12, 0
  br i1 %t13, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  ret void
go2:
  %t14 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  %t15 = getelementptr i8, ptr %base, i64 %t14
  musttail call preserve_nonecc void %t15(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  ret void
