// System calls that Swift's Glibc module does not offer: variadic ones, and those behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int64_t microseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int cgx_wait_pidfd(int pidfd, int nohang, struct cgx_wait *result) {
    siginfo_t info = {0};
    struct rusage usage = {0};
    int options = WEXITED | __WALL | (nohang ? WNOHANG : 0);
    long status;
    do
        // The raw call also gives the resources used; the C library's waitid hides them.
        status = syscall(SYS_waitid, P_PIDFD, pidfd, &info, options, &usage);
    while (status < 0 && errno == EINTR);
    if (status < 0)
        return -errno;
    *result = (struct cgx_wait){
        .pid = info.si_pid,
        .code = info.si_code,
        .status = info.si_status,
        .user_microseconds = microseconds(usage.ru_utime),
        .system_microseconds = microseconds(usage.ru_stime),
        .max_rss_kib = usage.ru_maxrss,
    };
    return 0;
}

int cgx_wait_stopped(void) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG) < 0)
        return -errno;
    return info.si_pid ? info.si_status : 0;
}

int cgx_wait_continued(void) {
    siginfo_t info = {0};
    return waitid(P_ALL, 0, &info, WCONTINUED | WNOHANG) == 0 && info.si_pid != 0;
}

static int checked(long result) {
    return result < 0 ? -errno : (int)result;
}

int cgx_pidfd_open(int pid) {
    return checked(syscall(SYS_pidfd_open, pid, 0));
}

int cgx_pidfd_send_signal(int pidfd, int signal) {
    return checked(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int cgx_mark(int cgroup) {
    return checked(fsetxattr(cgroup, "user.cgexec", "pool", 4, 0));
}

int cgx_is_marked(int cgroup) {
    char value[4];
    return fgetxattr(cgroup, "user.cgexec", value, sizeof value) == 4 && memcmp(value, "pool", 4) == 0;
}

int cgx_memory_file(void) {
    return checked(memfd_create("cgexec", MFD_CLOEXEC));
}

int cgx_pipe(int ends[2]) {
    return checked(pipe2(ends, O_CLOEXEC));
}

int cgx_get_affinity(unsigned long *mask, size_t bytes) {
    return checked(syscall(SYS_sched_getaffinity, 0, bytes, mask));
}

int cgx_set_affinity(const unsigned long *mask, size_t bytes) {
    return checked(syscall(SYS_sched_setaffinity, 0, bytes, mask));
}

int cgx_set_name(const char *name) {
    return checked(prctl(PR_SET_NAME, name));
}

int cgx_open_path(int directory, const char *path) {
    return checked(openat(directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

const char *cgx_signal_name(int signal) {
    return sigabbrev_np(signal);
}

int cgx_open_uevents(void) {
    // Group 1 is the kernel's own; what daemons pass on is in another.
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (descriptor < 0)
        return -errno;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int cgx_next_uevent(int descriptor, void *buffer, size_t size) {
    for (;;) {
        struct sockaddr_nl sender = {0};
        socklen_t length = sizeof sender;
        ssize_t count = recvfrom(descriptor, buffer, size, 0, (struct sockaddr *)&sender, &length);
        if (count < 0 && errno == EINTR)
            continue;
        // A privileged process may write there, too; only the kernel has the number 0.
        if (count < 0 || sender.nl_pid == 0)
            return checked(count);
    }
}
