#define _GNU_SOURCE
#include "cprobe.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <unistd.h>

const int probe_o_direct = O_DIRECT;

pid_t probe_fork(void) { return fork(); }

pid_t probe_gettid(void) { return gettid(); }

int probe_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int probe_signalfd(const sigset_t *set) { return signalfd(-1, set, SFD_CLOEXEC); }

int probe_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    if (read(descriptor, &information, sizeof information) != sizeof information)
        return -1;
    return (int)information.ssi_signo;
}

int probe_is_tmpfs(const char *path) {
    struct statfs filesystem;
    if (statfs(path, &filesystem) != 0)
        return -1;
    return filesystem.f_type == TMPFS_MAGIC;
}
