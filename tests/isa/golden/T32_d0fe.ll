; beq 0x8000    (b T32/T1)
; 4 bytes at 8: Field('sub', ('and', ('add', ('add', ('field', 'pc'), 4), ('and', ('sub', ('xor', ('shl', ('field', 'imm8'), 1), 256), 256), 4294967295)), 4294967295), ('field', 'pc'))
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0 = load i32, ptr %slot0p, align 4
  br label %body
body:
  %t1 = icmp eq i32 %z, 0
  br i1 %t1, label %then1, label %else2
then1:
  %t2 = sext i32 %slot0 to i64
  %t3 = shl i64 %t2, 3
  %t4 = getelementptr i8, ptr %ip, i64 %t3
  %t5 = sub i64 %budget, 1
  %t6 = icmp eq i64 %t5, 0
  br i1 %t6, label %spent4, label %go5, !prof !0
spent4:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go5:
  %t7 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  %t8 = getelementptr i8, ptr %base, i64 %t7
  musttail call preserve_nonecc void %t8(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
else2:
  br label %after3
after3:
  %t9 = sub i64 %budget, 1
  %t10 = icmp eq i64 %t9, 0
  br i1 %t10, label %spent6, label %go7, !prof !0
spent6:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go7:
  %t11 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  %t12 = getelementptr i8, ptr %base, i64 %t11
  musttail call preserve_nonecc void %t12(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t9, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
