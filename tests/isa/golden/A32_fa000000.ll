; blx 0x8008    (blx_imm A32/A2)
; 4 bytes at 8: Field('and', ('add', ('field', 'pc'), 4), 4294967295)
; 4 bytes at 12: Field('and', ('add', ('add', ('field', 'pc'), 8), ('and', ('sub', ('xor', ('or', ('shl', ('field', 'imm24'), 2), ('shl', ('field', 'h'), 1)), 33554432), 33554432), 4294967295)), 4294967295)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0 = load i32, ptr %slot0p, align 4
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot1 = load i32, ptr %slot1p, align 4
  br label %body
body:
  %t1 = getelementptr inbounds i32, ptr %st, i64 14
  store i32 %slot0, ptr %t1, align 4
  %t2 = getelementptr inbounds i8, ptr %st, i64 392
  %t3 = load ptr, ptr %t2, align 8
  %t4 = zext i32 %slot1 to i64
  %t5 = and i64 %t4, -2
  %t6 = shl i64 %t5, 3
  %t7 = add i64 %t6, 19327352832
  %t8 = getelementptr i8, ptr %t3, i64 %t7
  %t9 = sub i64 %budget, 1
  %t10 = icmp eq i64 %t9, 0
  br i1 %t10, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t8, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t11 = ptrtoint ptr %t8 to i64
  %t12 = and i64 %t11, 16368
  %t13 = lshr i64 %t12, 2
  %t14 = getelementptr inbounds i8, ptr %st, i64 512
  %t15 = getelementptr inbounds i8, ptr %t14, i64 %t13
  %t16 = load i32, ptr %t15, align 4
  %t17 = add i32 %t16, -1
  store i32 %t17, ptr %t15, align 4
  %t18 = icmp eq i32 %t17, 0
  br i1 %t18, label %hot3, label %cold4, !prof !0
hot3:
  %t19 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t19, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t8, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold4:
  %t20 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t8, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  %t21 = getelementptr i8, ptr %base, i64 %t20
  musttail call preserve_nonecc void %t21(ptr %st, ptr %mem, ptr %t8, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
