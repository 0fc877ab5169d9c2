// Starting a program inside a cgroup, with everything about it in force from its first instruction.
//
// On x86-64 the child borrows the parent's memory until exec (CLONE_VM|CLONE_VFORK), as posix_spawn
// does: copying the page tables of a harness that holds gigabytes would cost milliseconds a job.
// The price is that the child half may do nothing but system calls on its own stack: no allocation,
// no lock, no lazy binding that another thread could hold. signal-safety(7), vfork(2), clone(2).
#define _GNU_SOURCE
#include "clinux.h"
#include "clone3.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

enum { stack_bytes = 64 * 1024, last_signal = 64, kernel_sigset_bytes = 8 };

// Written by the child, read by the parent.
struct report {
    volatile int stage;
    volatile int stream;
    volatile int error;
};

struct child {
    const struct cgx_spawn *plan;
    struct report *report;
};

__attribute__((noreturn)) static void give_up(struct report *report) {
    report->error = errno;
    _exit(127);
}

static void run_candidates(const struct cgx_spawn *plan, struct report *report) {
    int denied = 0;
    errno = ENOENT;
    for (const char *const *path = plan->candidates; *path; path++) {
        execve(*path, plan->argv, plan->envp);
        if (errno == ENOEXEC && plan->shell_argv) {  // a script without "#!": execvp(3) gives it to the shell
            plan->shell_argv[1] = (char *)*path;
            execve("/bin/sh", plan->shell_argv, plan->envp);
            errno = ENOEXEC;
        }
        if (errno == EACCES)
            denied = 1;  // keep looking, but remember: execvp(3)
        else if (errno != ENOENT && errno != ENOTDIR)
            break;
    }
    if (denied && (errno == ENOENT || errno == ENOTDIR))
        errno = EACCES;
    give_up(report);
}

// What the parent catches is back at its default already (CLONE_CLEAR_SIGHAND).
static void ignore_signals(uint64_t signals) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (int signal = 1; signals >> (signal - 1) != 0 && signal <= last_signal; signal++)
        if (signals >> (signal - 1) & 1)
            sigaction(signal, &ignore, NULL);
}

// Makes the directories above a path.
static int make_parents(char *path) {
    for (char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        const int status = mkdir(path, 0777);
        *slash = '/';
        if (status < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

int cgx_open_stream(const struct cgx_stream *stream) {
    const int flags = stream->flags | O_NOCTTY;
    int file = open(stream->path, flags, 0666);
    if (file < 0 && errno == ENOENT && flags & O_CREAT && make_parents(stream->path) == 0)
        file = open(stream->path, flags, 0666);
    struct stat status;
    if (file >= 0 && stream->header && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
        && write(file, stream->header, strlen(stream->header)) < 0)
        errno = 0;  // the program will meet the same
    return file;
}

static void set_up_stream(const struct cgx_stream *stream, int target, struct report *report) {
    int source = stream->path ? cgx_open_stream(stream) : stream->fd;
    if (source < 0 && stream->path)
        give_up(report);
    if (source < 0 || source == target)
        return;
    if (dup2(source, target) < 0)
        give_up(report);
    if (stream->path)
        close(source);
}

// Where /proc is missing, the kernel chooses by size alone, as it would without this.
static void set_oom_score_adj(const char *value) {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    const ssize_t ignored = write(file, value, strlen(value));
    (void)ignored;
    close(file);
}

static void child_half(void *argument) {
    const struct child *child = argument;
    const struct cgx_spawn *plan = child->plan;
    struct report *report = child->report;

    report->stage = cgx_stage_session;
    if (plan->session == cgx_session_new && setsid() < 0)
        give_up(report);
    if (plan->session == cgx_session_group && setpgid(0, 0) < 0)
        give_up(report);

    report->stage = cgx_stage_cgroup;
    if (plan->procs_fd >= 0 && write(plan->procs_fd, "0", 1) != 1)
        give_up(report);

    report->stage = cgx_stage_affinity;
    if (plan->affinity && syscall(SYS_sched_setaffinity, 0, plan->affinity_bytes, plan->affinity) < 0)
        give_up(report);

    if (plan->oom_score_adj)
        set_oom_score_adj(plan->oom_score_adj);

    report->stage = cgx_stage_cwd;
    if (plan->cwd && chdir(plan->cwd) < 0)
        give_up(report);

    // After the directory, to which the files' paths are relative; before the limits, which may leave no descriptor
    // to open them with.
    report->stage = cgx_stage_stdio;
    for (int target = 0; target < 3; target++) {
        report->stream = target;
        set_up_stream(&plan->stdio[target], target, report);
    }
    if (plan->close_others && syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        give_up(report);

    report->stage = cgx_stage_rlimit;
    for (size_t i = 0; i < plan->rlimit_count; i++) {
        const struct rlimit limit = {plan->rlimits[i].soft, plan->rlimits[i].hard};
        if (setrlimit(plan->rlimits[i].resource, &limit) < 0)
            give_up(report);
    }

    report->stage = cgx_stage_signals;
    ignore_signals(plan->ignored_signals);
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &plan->signal_mask, NULL, kernel_sigset_bytes) < 0)
        give_up(report);

    report->stage = cgx_stage_exec;
    run_candidates(plan, report);
}

void cgx_spawn(const struct cgx_spawn *plan, struct cgx_spawned *result) {
    *result = (struct cgx_spawned){.pid = 0, .pidfd = -1, .stage = cgx_stage_clone, .error = 0};

#if CGX_CLONE3_HAS_STACK
    // On our own stack, which nobody uses until the child has left it: a mapping for each job would cost more than
    // all else here, since giving it back interrupts the other threads (a TLB flush).
    char stack[stack_bytes] __attribute__((aligned(16)));
    struct report memory = {.stage = cgx_stage_unborn};
    struct report *report = &memory;
#else
    struct report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED) {
        result->error = errno;
        return;
    }
#endif
    struct child child = {plan, report};
    int pidfd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD | CLONE_VFORK | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    if (plan->cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)plan->cgroup_fd;
    }

    // No handler may run in the child while it shares our memory.
    const uint64_t all = ~UINT64_C(0);
    uint64_t before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, kernel_sigset_bytes);
#if CGX_CLONE3_HAS_STACK
    args.flags |= CLONE_VM;
    args.stack = (uint64_t)(uintptr_t)stack;
    args.stack_size = stack_bytes;
    long pid = cgx_clone3(&args, child_half, &child);
    int clone_error = pid < 0 ? (int)-pid : 0;
#else
    long pid = syscall(SYS_clone3, &args, sizeof args);
    int clone_error = pid < 0 ? errno : 0;
    if (pid == 0)
        child_half(&child);
#endif
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, kernel_sigset_bytes);

    if (clone_error) {
        result->error = clone_error;
    } else {
        result->pid = (int)pid;
        result->pidfd = pidfd;
        result->stage = report->stage;
        result->stream = report->stream;
        result->error = report->error;
    }
#if !CGX_CLONE3_HAS_STACK
    munmap(report, sizeof *report);
#endif
}

const char *cgx_stage_name(int stage) {
    switch (stage) {
    case cgx_stage_unborn: return "birth";
    case cgx_stage_clone: return "clone";
    case cgx_stage_session: return "session";
    case cgx_stage_cgroup: return "cgroup";
    case cgx_stage_affinity: return "affinity";
    case cgx_stage_rlimit: return "rlimit";
    case cgx_stage_stdio: return "stdio";
    case cgx_stage_cwd: return "cwd";
    case cgx_stage_signals: return "signals";
    case cgx_stage_exec: return "exec";
    }
    return "unknown";
}
