; bfi r0, r1, #1, #2    (bfi T32/T1)
; 4 bytes at 8: Field('and', ('shl', ('and', ('sub', ('shl', 2, ('and', ('sub', ('field', 'msb'), ('or', ('shl', ('field', 'imm3'), 2), ('field', 'imm2'))), 31)), 1), 4294967295), ('or', ('shl', ('field', 'imm3'), 2), ('field', 'imm2'))), 4294967295)
; 1 bytes at 12: Field('field', 'rd')
; 1 bytes at 13: Field('field', 'rn')
; 1 bytes at 14: Field('or', ('shl', ('field', 'imm3'), 2), ('field', 'imm2'))
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
  %slot3p = getelementptr inbounds i8, ptr %ip, i64 14
  %slot3n = load i8, ptr %slot3p, align 1
  %slot3 = zext i8 %slot3n to i32
  br label %body
body:
  %t1 = zext i32 %slot1 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = xor i32 %slot0, 4294967295
  %t5 = and i32 %t3, %t4
  %t6 = zext i32 %slot2 to i64
  %t7 = getelementptr inbounds i32, ptr %st, i64 %t6
  %t8 = load i32, ptr %t7, align 4
  %t9 = shl i32 %t8, %slot3
  %t10 = and i32 %t9, %slot0
  %t11 = or i32 %t5, %t10
  %t12 = zext i32 %slot1 to i64
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
