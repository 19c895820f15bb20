; cbz r0, 0x8006    (cbz T32/T1)
; 4 bytes at 8: Field('sub', ('and', ('add', ('add', ('field', 'pc'), 4), ('or', ('shl', ('field', 'i'), 6), ('shl', ('field', 'imm5'), 1))), 4294967295), ('field', 'pc'))
; 1 bytes at 12: Field('field', 'rn')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot1 = load i32, ptr %slot1p, align 4
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = icmp eq i32 %t3, 0
  br i1 %t4, label %then1, label %else2
then1:
  %t5 = sext i32 %slot1 to i64
  %t6 = shl i64 %t5, 3
  %t7 = getelementptr i8, ptr %ip, i64 %t6
  %t8 = sub i64 %budget, 1
  %t9 = icmp eq i64 %t8, 0
  br i1 %t9, label %spent4, label %go5, !prof !0
spent4:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go5:
  %t10 = ptrtoint ptr %t7 to i64
  %t11 = and i64 %t10, 16368
  %t12 = lshr i64 %t11, 2
  %t13 = getelementptr inbounds i8, ptr %st, i64 512
  %t14 = getelementptr inbounds i8, ptr %t13, i64 %t12
  %t15 = load i32, ptr %t14, align 4
  %t16 = add i32 %t15, -1
  store i32 %t16, ptr %t14, align 4
  %t17 = icmp eq i32 %t16, 0
  br i1 %t17, label %hot6, label %cold7, !prof !0
hot6:
  %t18 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t18, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold7:
  %t19 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  %t20 = getelementptr i8, ptr %base, i64 %t19
  musttail call preserve_nonecc void %t20(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
else2:
  br label %after3
after3:
  %t21 = sub i64 %budget, 1
  %t22 = icmp eq i64 %t21, 0
  br i1 %t22, label %spent8, label %go9, !prof !0
spent8:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go9:
  %t23 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  %t24 = getelementptr i8, ptr %base, i64 %t23
  musttail call preserve_nonecc void %t24(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t21, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
