; sub r0, pc, r2, lsl #2    (sub_reg A32/A1)
; 1 bytes at 8: Field('field', 'rm')
; 1 bytes at 9: Field('field', 'imm5')
; 1 bytes at 10: Field('field', 'rn')
; 1 bytes at 11: Field('field', 'rd')
entry:
  %next = getelementptr inbounds i8, ptr %ip, i64 16
  %slot0p = getelementptr inbounds i8, ptr %ip, i64 8
  %slot0n = load i8, ptr %slot0p, align 1
  %slot0 = zext i8 %slot0n to i32
  %slot1p = getelementptr inbounds i8, ptr %ip, i64 9
  %slot1n = load i8, ptr %slot1p, align 1
  %slot1 = zext i8 %slot1n to i32
  %slot2p = getelementptr inbounds i8, ptr %ip, i64 10
  %slot2n = load i8, ptr %slot2p, align 1
  %slot2 = zext i8 %slot2n to i32
  %slot3p = getelementptr inbounds i8, ptr %ip, i64 11
  %slot3n = load i8, ptr %slot3p, align 1
  %slot3 = zext i8 %slot3n to i32
  %tablep = getelementptr inbounds i8, ptr %st, i64 392
  %table = load i64, ptr %tablep, align 8
  %here = ptrtoint ptr %ip to i64
  %from_table = sub i64 %here, %table
  %from_first = sub i64 %from_table, 0
  %wide_pc = lshr i64 %from_first, 2
  %narrow_pc = trunc i64 %wide_pc to i32
  %pc = add i32 %narrow_pc, 8
  %pcp = getelementptr inbounds i8, ptr %st, i64 60
  store i32 %pc, ptr %pcp, align 4
  br label %body
body:
  %t1 = zext i32 %slot0 to i64
  %t2 = getelementptr inbounds i32, ptr %st, i64 %t1
  %t3 = load i32, ptr %t2, align 4
  %t4 = shl i32 %t3, %slot1
  %t5 = zext i32 %slot2 to i64
  %t6 = getelementptr inbounds i32, ptr %st, i64 %t5
  %t7 = load i32, ptr %t6, align 4
  %t8 = sub i32 %t7, %t4
  %t9 = icmp ule i32 %t4, %t7
  %t10 = xor i32 %t7, %t4
  %t11 = xor i32 %t7, %t8
  %t12 = and i32 %t10, %t11
  %t13 = zext i32 %slot3 to i64
  %t14 = getelementptr inbounds i32, ptr %st, i64 %t13
  store i32 %t8, ptr %t14, align 4
  %t15 = sub i64 %budget, 1
  %t16 = icmp eq i64 %t15, 0
  br i1 %t16, label %spent1, label %go2, !prof !0
spent1:
  musttail call preserve_nonecc void @leave_spent(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t15, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
go2:
  %t17 = call i64 asm sideeffect "movl (%r14), ${0:k}", "=r,{r12},{r13},{r14},{r15},{rdi},{esi},{edx},{ecx},{r8},~{memory}"(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t15, i32 %n, i32 %z, i32 %c, i32 %v)
  %t18 = getelementptr i8, ptr %base, i64 %t17
  musttail call preserve_nonecc void %t18(ptr %st, ptr %mem, ptr %next, ptr %base, i64 %t15, i32 %n, i32 %z, i32 %c, i32 %v)
  ret void
