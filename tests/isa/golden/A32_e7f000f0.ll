; udf #0    (udf A32/A1)
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  br label %body
body:
  %t1 = getelementptr inbounds i8, ptr %st, i64 428
  store i32 0, ptr %t1, align 4
  %t2 = getelementptr inbounds i8, ptr %st, i64 424
  store i32 5, ptr %t2, align 4
  musttail call preserve_nonecc void @leave(ptr %st, ptr %mem, ptr %ip, ptr %base, i64 %budget, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
