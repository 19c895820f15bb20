; cmp r0, #0    (cmp_imm A32/A1)
; 4 bytes at 8: Field('and', ('or', ('lshr', ('and', ('field', 'imm12'), 255), ('shl', ('lshr', ('field', 'imm12'), 8), 1)), ('shl', ('and', ('field', 'imm12'), 255), ('and', ('sub', 32, ('shl', ('lshr', ('field', 'imm12'), 8), 1)), 31))), 4294967295)
; 1 bytes at 12: Field('field', 'rn')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0 = load i32, ptr %slot0p, align 4
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
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
  %t10 = sub i64 %budget, 1
  %t11 = icmp eq i64 %t10, 0
  br i1 %t11, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t10, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  ret void
go2:
  %t12 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t10, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  %t13 = getelementptr i8, ptr %base, i64 %t12
  musttail call preserve_nonecc void %t13(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t10, i32 %t4, i32 %t4, i32 %t9, i32 %t8)
  ret void
