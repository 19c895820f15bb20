; movw r0, #1    (movw A32/A2)
; 2 bytes at 8: Field('or', ('shl', ('field', 'imm4'), 12), ('field', 'imm12'))
; 1 bytes at 10: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i16, ptr %slot0p, align 2
  %slot0 = zext i16 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  br label %body
body:
  %t1 = zext i32 %slot1 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  store i32 %slot0, ptr %t2, align 4
  %t3 = sub i64 %budget, 1
  %t4 = icmp eq i64 %t3, 0
  br i1 %t4, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t3, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t5 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t3, i32 %n, i32 %z, i32 %c, i32 %v)
  %t6 = getelementptr i8, ptr %base, i64 %t5
  musttail call preserve_nonecc void %t6(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t3, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
