; bl 0x8000    (bl T32/T1)
; 4 bytes at 8: Field('and', ('add', ('field', 'pc'), 5), 4294967295)
; 4 bytes at 12: Field('sub', ('and', ('add', ('add', ('field', 'pc'), 4), ('and', ('sub', ('xor', ('or', ('or', ('or', ('or', ('shl', ('field', 's'), 24), ('shl', ('xor', ('xor', ('field', 'j1'), ('field', 's')), 1), 23)), ('shl', ('xor', ('xor', ('field', 'j2'), ('field', 's')), 1), 22)), ('shl', ('field', 'imm10'), 12)), ('shl', ('field', 'imm11'), 1)), 16777216), 16777216), 4294967295)), 4294967295), ('field', 'pc'))
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 32
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0 = load i32, ptr %slot0p, align 4
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot1 = load i32, ptr %slot1p, align 4
  br label %body
body:
  %t1 = getelementptr inbounds i32, ptr %st, i64 14
  store i32 %slot0, ptr %t1, align 4
  %t2 = sext i32 %slot1 to i64
  %t3 = shl i64 %t2, 3
  %t4 = getelementptr i8, ptr %ip, i64 %t3
  %t5 = sub i64 %budget, 1
  %t6 = icmp eq i64 %t5, 0
  br i1 %t6, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t7 = ptrtoint ptr %t4 to i64
  %t8 = and i64 %t7, 16368
  %t9 = lshr i64 %t8, 2
  %t10 = getelementptr inbounds i8, ptr %st, i64 512
  %t11 = getelementptr inbounds i8, ptr %t10, i64 %t9
  %t12 = load i32, ptr %t11, align 4
  %t13 = add i32 %t12, -1
  store i32 %t13, ptr %t11, align 4
  %t14 = icmp eq i32 %t13, 0
  br i1 %t14, label %hot3, label %cold4, !prof !0
hot3:
  %t15 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t15, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold4:
  %t16 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  %t17 = getelementptr i8, ptr %base, i64 %t16
  musttail call preserve_nonecc void %t17(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
