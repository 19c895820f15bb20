; ldr r0, [r1, #4]!    (ldr_imm A32/A1)
; 4 bytes at 8: Field('and', ('sub', ('xor', ('field', 'imm12'), ('sub', ('field', 'u'), 1)), ('sub', ('field', 'u'), 1)), 4294967295)
; 1 bytes at 12: Field('field', 'rn')
; 1 bytes at 13: Field('field', 'rt')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot1 = load i32, ptr %slot1p, align 4
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 12
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 13
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = add i32 %t3, %slot1
  %t5 = zext i32 %t4 to i64
  %t6 = call i32 asm sideeffect "movl ($1,%r13), $0", "=r,r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory},~{flags}"(i64 %t5, ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  %t7 = zext i32 %slot0 to i64
  %t8 = getelementptr inbounds i32, ptr %st, i64 %t7
  store i32 %t4, ptr %t8, align 4
  %t9 = zext i32 %slot2 to i64
  %t10 = getelementptr inbounds i32, ptr %st, i64 %t9
  store i32 %t6, ptr %t10, align 4
  %t11 = sub i64 %budget, 1
  %t12 = icmp eq i64 %t11, 0
  br i1 %t12, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t11, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t13 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t11, i32 %n, i32 %z, i32 %c, i32 %v)
  %t14 = getelementptr i8, ptr %base, i64 %t13
  musttail call preserve_nonecc void %t14(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t11, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
