// What Swift cannot call or must not do: the child half of a spawn, the keeper, and system calls
// without an importable declaration. No _GNU_SOURCE here: together with Swift's own Glibc module it
// would give two different definitions of the same types. The .c files define it.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

// ---- spawn.c ----------------------------------------------------------------------------------

// How far the child came. The child writes the stage before it does the step, so after a failure
// the stage names the step that failed. cgx_stage_unborn with no error means that the child was
// killed before its first instruction.
enum cgx_stage {
    cgx_stage_unborn = 0,
    cgx_stage_clone,
    cgx_stage_session,
    cgx_stage_cgroup,
    cgx_stage_affinity,
    cgx_stage_rlimit,
    cgx_stage_stdio,
    cgx_stage_cwd,
    cgx_stage_signals,
    cgx_stage_exec,
};

enum cgx_session {
    cgx_session_inherit = 0,  // stay in the caller's process group: a transparent wrapper
    cgx_session_group,        // a process group of its own
    cgx_session_new,          // a session of its own, without a terminal
};

struct cgx_rlimit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

// What becomes one of the standard streams. A file is opened by the child: opening a FIFO or a file on a dead server
// may never return, and the child can be killed, where a thread of ours cannot.
struct cgx_stream {
    char *path;                      // NULL: a descriptor; written to while directories are made, and restored
    int flags;                       // for open(2); with O_CREAT, missing directories are made, too
    const char *header;              // written first where the file has something already; NULL: nothing is
    int fd;                          // >= 3, or a standard stream that is already set up; -1 keeps the caller's
};

// Everything the child needs, prepared by the parent: the child only makes system calls.
struct cgx_spawn {
    const char *const *candidates;   // paths to try in order, NULL at the end (the PATH search)
    char *const *argv;               // NULL at the end
    char **shell_argv;               // {"/bin/sh", <filled in>, argv[1]…}: as execvp does on ENOEXEC
    char *const *envp;               // NULL at the end
    const char *cwd;                 // NULL: the caller's
    struct cgx_stream stdio[3];      // what becomes 0, 1, 2, set up in this order
    int cgroup_fd;                   // directory of the leaf for CLONE_INTO_CGROUP; -1: none
    int procs_fd;                    // cgroup.procs of the leaf, open for writing: the fallback; -1: none
    enum cgx_session session;
    int close_others;                // mark every descriptor from 3 on close-on-exec
    const struct cgx_rlimit *rlimits;
    size_t rlimit_count;
    const unsigned long *affinity;   // CPU mask; NULL keeps the caller's
    size_t affinity_bytes;
    uint64_t signal_mask;            // bit n-1 is signal n: blocked in the program
    uint64_t ignored_signals;        // ignored in the program, besides what the caller ignores
    const char *oom_score_adj;       // as proc(5) has it; NULL keeps the caller's
};

struct cgx_spawned {
    int pid;
    int pidfd;                       // -1 when there is no child to reap
    int stage;                       // enum cgx_stage
    int stream;                      // the one at cgx_stage_stdio
    int error;                       // errno of the failed step; 0: the program runs
};

// Starts a program; returns when it runs, or when it is known that it never will. Blocks as long as
// exec blocks (a hung file system), so it belongs on a thread that may wait. On failure after the
// clone, `pidfd` is valid and the dead child still has to be reaped.
void cgx_spawn(const struct cgx_spawn *plan, struct cgx_spawned *result);

// Opens the file of a stream: a descriptor, or -1 with errno. Only makes system calls.
int cgx_open_stream(const struct cgx_stream *stream);

const char *cgx_stage_name(int stage);

// ---- keeper.c ---------------------------------------------------------------------------------

struct cgx_keeper {
    const char *pool;                // absolute path of the subtree to kill and remove
    const char *home;                // leaf made for the supervisor, removed last; NULL: none
    const char *base;                // where the supervisor came from; NULL: none
    const char *disable;             // what to write to base's cgroup.subtree_control first
    int parent;                      // pidfd of this process
    int farewell;                    // read end of a pipe: a byte says that all is removed
};

// Starts the process that removes `pool` should this one die. Returns its pidfd, or -errno.
int cgx_keeper_start(const struct cgx_keeper *plan);

// ---- ending.c ---------------------------------------------------------------------------------

// From now on SIGHUP, SIGINT, SIGQUIT, SIGTERM and exit() ring a bell: an eventfd, which stays ours; or -errno.
// Signals that are ignored stay so. To be called on the thread that will end the watching.
int cgx_ending_watch(void);

// Whether one of them has come; without it, the bell was rung for one who had it before.
int cgx_ending_is_due(void);

// Ends the watching. After the last, signals do again what they did before, and one that has come is sent again.
void cgx_ending_unwatch(int bell);

// ---- shims.c ----------------------------------------------------------------------------------

struct cgx_wait {
    int pid;                         // 0: nothing to report yet (with `nohang`)
    int code;                        // CLD_EXITED, CLD_KILLED, CLD_DUMPED
    int status;                      // exit code or signal
    int64_t user_microseconds;       // of the waited process and what it waited for
    int64_t system_microseconds;
    int64_t max_rss_kib;
};

// A socket that receives the kernel's device events, or -errno; and the next one: its length, or -errno (-EAGAIN where none
// is there, -ENOBUFS where some were lost).
int cgx_open_uevents(void);
int cgx_next_uevent(int descriptor, void *buffer, size_t size);

// waitid(P_PIDFD): 0, or -errno.
int cgx_wait_pidfd(int pidfd, int nohang, struct cgx_wait *result);

// The signal that stopped a child, once for each stop; 0 when none stopped since. -errno on failure.
// Any child, since one can be stopped before the thread that starts it knows its number.
int cgx_wait_stopped(void);

// Whether a child was continued since this was asked last.
int cgx_wait_continued(void);

int cgx_mark(int cgroup);                                            // as a pool's (Linux 5.7); 0 or -errno
int cgx_is_marked(int cgroup);
int cgx_memory_file(void);                                           // fd of an empty file without a name, or -errno
int cgx_pidfd_open(int pid);                                         // fd or -errno
int cgx_pidfd_send_signal(int pidfd, int signal);                    // 0 or -errno
int cgx_pipe(int ends[2]);                                           // O_CLOEXEC; 0 or -errno
int cgx_get_affinity(unsigned long *mask, size_t bytes);             // bytes written or -errno
int cgx_set_affinity(const unsigned long *mask, size_t bytes);       // of the calling thread; 0 or -errno
int cgx_set_name(const char *name);                                  // name of the calling thread
int cgx_open_path(int directory, const char *path);                  // O_PATH|O_DIRECTORY|O_CLOEXEC
const char *cgx_signal_name(int signal);                             // "SEGV" for 11; NULL where there is no name

enum {
    cgx_cgroup1_magic = 0x27e0eb,
    cgx_cgroup2_magic = 0x63677270,
    cgx_rlimit_nofile = 7,
    cgx_rlimit_core = 4,
    cgx_epoll_pri = 0x002,
    cgx_epoll_in = 0x001,
    cgx_epoll_err = 0x008,
    cgx_epoll_hup = 0x010,
    cgx_epoll_oneshot = 1 << 30,
};

#endif
