; movs r0, r1    (mov_reg A32/A1)
; 1 bytes at 8: Field('field', 'rm')
; 1 bytes at 9: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 9
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = zext i32 %slot1 to i64
  %t5 = getelementptr inbounds i32, ptr %st, i64 %t4
  store i32 %t3, ptr %t5, align 4
  %t6 = sub i64 %budget, 1
  %t7 = icmp eq i64 %t6, 0
  br i1 %t7, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t6, i32 %t3, i32 %t3, i32 %c, i32 %v)
  ret void
go2:
  %t8 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t6, i32 %t3, i32 %t3, i32 %c, i32 %v)
  %t9 = getelementptr i8, ptr %base, i64 %t8
  musttail call preserve_nonecc void %t9(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t6, i32 %t3, i32 %t3, i32 %c, i32 %v)
  ret void
