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
  %t10 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  %t11 = getelementptr i8, ptr %base, i64 %t10
  musttail call preserve_nonecc void %t11(ptr %st, ptr %mem, ptr %t7, ptr %base, i64 %t8, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
else2:
  br label %after3
after3:
  %t12 = sub i64 %budget, 1
  %t13 = icmp eq i64 %t12, 0
  br i1 %t13, label %spent6, label %go7, !prof !0
spent6:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go7:
  %t14 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %n, i32 %z, i32 %c, i32 %v)
  %t15 = getelementptr i8, ptr %base, i64 %t14
  musttail call preserve_nonecc void %t15(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t12, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
