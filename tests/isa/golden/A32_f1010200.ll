; setend be    (setend A32/A1)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  br label %body
body:
  %t1 = getelementptr inbounds i8, ptr %st, i64 92
  store i32 1, ptr %t1, align 4
  %t2 = getelementptr inbounds i8, ptr %st, i64 428
  store i32 0, ptr %t2, align 4
  %t3 = sub i64 %budget, 1
  %t4 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 1, ptr %t4, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t3, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
