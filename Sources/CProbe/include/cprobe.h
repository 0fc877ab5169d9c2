// What Swift's Glibc module hides: fork (marked unavailable) and what needs _GNU_SOURCE.
#ifndef CPROBE_H
#define CPROBE_H

#include <signal.h>
#include <sys/types.h>

extern const int probe_o_direct;

pid_t probe_fork(void);
pid_t probe_gettid(void);

// A pipe whose ends are close-on-exec from the start.
int probe_pipe(int ends[2]);

// A close-on-exec signalfd for SET.
int probe_signalfd(const sigset_t *set);

// The next signal of a signalfd, or -1.
int probe_next_signal(int descriptor);

// 1 if PATH lies on a tmpfs, 0 if not, -1 with errno.
int probe_is_tmpfs(const char *path);

#endif
