; clz r0, r1    (clz A32/A1)
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
  %t4 = call i32 @llvm.ctlz.i32(i32 %t3, i1 false)
  %t5 = zext i32 %slot1 to i64
  %t6 = getelementptr inbounds i32, ptr %st, i64 %t5
  store i32 %t4, ptr %t6, align 4
  %t7 = sub i64 %budget, 1
  %t8 = icmp eq i64 %t7, 0
  br i1 %t8, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t7, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t9 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t7, i32 %n, i32 %z, i32 %c, i32 %v)
  %t10 = getelementptr i8, ptr %base, i64 %t9
  musttail call preserve_nonecc void %t10(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t7, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
