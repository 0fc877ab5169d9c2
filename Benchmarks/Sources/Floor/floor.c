#define _GNU_SOURCE
#include "floor.h"
// The one piece that is shared with what is measured: entering a child on a stack of its own needs assembly.
#include "../../../Sources/CLinux/clone3.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { kernel_sigset_bytes = 8, stack_bytes = 64 * 1024, file_bytes = 16 * 1024 };

extern char **environ;

struct child {
    char *const *argv;
    uint64_t mask;
    volatile int error;
};

// The same steps as the library's jobs need: a session, no descriptor passed on, the mask from before.
static void child_half(void *argument) {
    struct child *child = argument;
    setsid();
    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &child->mask, NULL, kernel_sigset_bytes);
    execve(child->argv[0], child->argv, environ);
    child->error = errno;
    _exit(127);
}

static int start(int leaf, char *const argv[], int *pidfd) {
    static char stack[stack_bytes] __attribute__((aligned(16)));
    struct child child = {.argv = argv};
    struct clone_args args = {
        .flags = CLONE_PIDFD | CLONE_VFORK | CLONE_INTO_CGROUP | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)leaf,
    };
    const uint64_t all = ~UINT64_C(0);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &child.mask, kernel_sigset_bytes);
#if CGX_CLONE3_HAS_STACK
    args.flags |= CLONE_VM;
    args.stack = (uint64_t)(uintptr_t)stack;
    args.stack_size = stack_bytes;
    long pid = cgx_clone3(&args, child_half, &child);
#else
    (void)stack;
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        child_half(&child);
    if (pid < 0)
        pid = -errno;
#endif
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &child.mask, NULL, kernel_sigset_bytes);
    if (pid < 0)
        return (int)pid;
    return -child.error;
}

// A control file is made anew by a read from its beginning, and given whole to a buffer that it fits into.
static ssize_t read_in(int directory, const char *file, char *text) {
    int descriptor = openat(directory, file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    ssize_t count = pread(descriptor, text, file_bytes - 1, 0);
    int error = errno;
    close(descriptor);
    if (count < 0)
        return -error;
    text[count] = 0;
    return count;
}

int floor_write(int directory, const char *file, const char *value) {
    int descriptor = openat(directory, file, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    ssize_t count = write(descriptor, value, strlen(value));
    int error = errno;
    close(descriptor);
    return count < 0 ? -error : 0;
}

int floor_make_directory(int parent, const char *name) {
    if (mkdirat(parent, name, 0755) < 0)
        return -errno;
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -errno : directory;
}

static int apply(const struct floor_plan *plan, int leaf, char *text) {
    for (size_t i = 0; i < plan->setting_count; i++) {
        const struct floor_setting *setting = &plan->settings[i];
        int status = floor_write(leaf, setting->file, setting->value);
        if (status < 0)
            return status;
        if (!setting->check)
            continue;
        ssize_t count = read_in(leaf, setting->check, text);
        if (count < 0)
            return (int)count;
        // io.max says more than was asked, so it is only looked for.
        if (!strstr(text, setting->value))
            return -EPROTO;
    }
    return 0;
}

static int finish(int pidfd) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
        return -errno;
    return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : -EPROTO;
}

// Nothing may survive: what does is killed, and waited for.
static int empty(int leaf, char *text) {
    ssize_t count = read_in(leaf, "cgroup.events", text);
    if (count < 0 || strstr(text, "populated 0"))
        return count < 0 ? (int)count : 0;
    int events = openat(leaf, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0)
        return -errno;
    int status = floor_write(leaf, "cgroup.kill", "1");
    while (status == 0) {
        count = pread(events, text, file_bytes - 1, 0);
        if (count < 0) {
            status = -errno;
            break;
        }
        text[count] = 0;
        if (strstr(text, "populated 0"))
            break;
        poll(&(struct pollfd){.fd = events, .events = POLLPRI}, 1, -1);
    }
    close(events);
    return status;
}

static int run(const struct floor_plan *plan, int leaf, char *text) {
    int pidfd = -1;
    int status = apply(plan, leaf, text);
    if (status == 0)
        status = start(leaf, plan->argv, &pidfd);
    if (pidfd >= 0) {
        int ended = finish(pidfd);
        close(pidfd);
        status = status < 0 ? status : ended;
    }
    if (status == 0)
        status = empty(leaf, text);
    for (size_t i = 0; i < plan->account_count && status == 0; i++) {
        ssize_t count = read_in(leaf, plan->accounts[i], text);
        status = count < 0 ? (int)count : 0;
    }
    return status;
}

static void read_counters(const struct floor_plan *plan, char *text) {
    for (size_t i = 0; i < plan->counter_count; i++)
        (void)!pread(plan->counters[i], text, file_bytes, 0);
}

int floor_job(const struct floor_plan *plan) {
    static unsigned long serial;
    char name[32], text[file_bytes];
    snprintf(name, sizeof name, "job-%lu.1", ++serial);
    read_counters(plan, text);
    int leaf = floor_make_directory(plan->pool, name);
    if (leaf < 0)
        return leaf;
    int status = run(plan, leaf, text);
    read_counters(plan, text);
    struct timespec pause = {0, 1000000};
    while (unlinkat(plan->pool, name, AT_REMOVEDIR) < 0 && errno == EBUSY)
        nanosleep(&pause, NULL);
    close(leaf);
    return status;
}

int floor_spawn(char *const argv[], int quiet) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (quiet) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    pid_t pid;
    int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return -error;
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
