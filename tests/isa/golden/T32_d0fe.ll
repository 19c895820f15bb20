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
  %t7 = ptrtoint ptr %t4 to i64
  %t8 = and i64 %t7, 16368
  %t9 = lshr i64 %t8, 2
  %t10 = getelementptr inbounds i8, ptr %st, i64 512
  %t11 = getelementptr inbounds i8, ptr %t10, i64 %t9
  %t12 = load i32, ptr %t11, align 4
  %t13 = add i32 %t12, -1
  store i32 %t13, ptr %t11, align 4
  %t14 = icmp eq i32 %t13, 0
  br i1 %t14, label %hot6, label %cold7, !prof !0
hot6:
  %t15 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 8, ptr %t15, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
cold7:
  %t16 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  %t17 = getelementptr i8, ptr %base, i64 %t16
  musttail call preserve_nonecc void %t17(ptr %st, ptr %mem, ptr %t4, ptr %base, i64 %t5, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
else2:
  br label %after3
after3:
  %t18 = sub i64 %budget, 1
  %t19 = icmp eq i64 %t18, 0
  br i1 %t19, label %spent8, label %go9, !prof !0
spent8:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t18, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go9:
  %t20 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t18, i32 %n, i32 %z, i32 %c, i32 %v)
  %t21 = getelementptr i8, ptr %base, i64 %t20
  musttail call preserve_nonecc void %t21(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t18, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
