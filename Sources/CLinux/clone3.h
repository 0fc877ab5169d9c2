// clone3 with a stack of the child's own. glibc offers no wrapper, and returning from a function on a
// stack that parent and child share (CLONE_VM) would destroy the parent's frame: hence the assembly.
#ifndef CLONE3_H
#define CLONE3_H

#include <linux/sched.h>
#include <sys/syscall.h>

// The child calls `function(argument)`, which must not return. Gives the pid, or -errno.
#if defined(__x86_64__)
#define CGX_CLONE3_HAS_STACK 1
static inline long cgx_clone3(struct clone_args *args, void (*function)(void *), void *argument) {
    long result;
    register void (*child)(void *) __asm__("r8") = function;
    register void *value __asm__("r9") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"   // the outermost frame, for unwinders
        "movq %%r9, %%rdi\n\t"
        "callq *%%r8\n\t"
        "hlt\n\t"
        "1:"
        : "=a"(result)
        : "a"((long)SYS_clone3), "D"(args), "S"(sizeof *args), "r"(child), "r"(value)
        : "rcx", "r11", "memory", "cc");
    return result;
}
#else
#define CGX_CLONE3_HAS_STACK 0
#endif

#endif
