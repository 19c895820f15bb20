; it eq    (it T32/T1)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  br label %body
body:
  %t1 = sub i64 %budget, 1
  %t2 = icmp eq i64 %t1, 0
  br i1 %t2, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t1, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t3 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t1, i32 %n, i32 %z, i32 %c, i32 %v)
  %t4 = getelementptr i8, ptr %base, i64 %t3
  musttail call preserve_nonecc void %t4(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t1, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
