@ Exit with status 161.

    .global _start
_start:
    mov r0, #161
    mov r7, #1              @ exit
    svc #0
