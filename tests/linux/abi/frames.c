/* Print the offsets of a signal frame's ucontext, as the ARM headers have it. frames.txt is what this printed:
 *
 *     arm-linux-gnueabi-gcc -static -o frames frames.c && qemu-arm ./frames > frames.txt
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <ucontext.h>

/* Not in the headers for programs: arch/arm/include/asm/ucontext.h */
struct user_vfp { unsigned long long fpregs[32]; unsigned long fpscr; };
struct user_vfp_exc { unsigned long fpexc, fpinst, fpinst2; };
struct vfp_sigframe { unsigned long magic, size; struct user_vfp ufp; struct user_vfp_exc ufp_exc; } __attribute__((__aligned__(8)));
struct aux_sigframe { struct vfp_sigframe vfp; unsigned long end_magic; } __attribute__((__aligned__(8)));

#define SHOW(name, value) printf("%s %u\n", name, (unsigned)(value))

int main(void)
{
    SHOW("UC_FLAGS", offsetof(ucontext_t, uc_flags));
    SHOW("UC_STACK", offsetof(ucontext_t, uc_stack));
    SHOW("UC_MCONTEXT", offsetof(ucontext_t, uc_mcontext));
    SHOW("UC_SIGMASK", offsetof(ucontext_t, uc_sigmask));
    SHOW("UC_REGSPACE", offsetof(ucontext_t, uc_regspace));
    SHOW("UCONTEXT_SIZE", sizeof(ucontext_t));
    SHOW("INFO_SIZE", sizeof(siginfo_t));
    SHOW("VFP_SIZE", sizeof(struct vfp_sigframe));
    SHOW("VFP_FPSCR", offsetof(struct vfp_sigframe, ufp.fpscr));
    SHOW("VFP_FPEXC", offsetof(struct vfp_sigframe, ufp_exc));
    SHOW("END_MAGIC", offsetof(struct aux_sigframe, end_magic));
    SHOW("MCONTEXT_R0", offsetof(mcontext_t, arm_r0));
    SHOW("MCONTEXT_CPSR", offsetof(mcontext_t, arm_cpsr));
    SHOW("MCONTEXT_SIZE", sizeof(mcontext_t));
    return 0;
}
