; svc #0    (svc T32/T1)
; 1 bytes at 8: Field('field', 'imm')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  br label %body
body:
  %t1 = getelementptr inbounds i8, ptr %st, i64 428
  store i32 %slot0, ptr %t1, align 4
  %t2 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 2, ptr %t2, align 4
  %t3 = getelementptr inbounds i8, ptr %ip, i64 7
  %t4 = load i8, ptr %t3, align 1
  %t5 = zext i8 %t4 to i32
  %t6 = getelementptr inbounds i8, ptr %st, i64 496
  store i32 %t5, ptr %t6, align 4
  %t7 = sub i64 %budget, 1
  musttail call preserve_nonecc void @system_call(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t7, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
