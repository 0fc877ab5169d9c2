// The keeper: a process that does nothing until the pool dies, and then removes what it left.
//
// It is a copy of a process that may be large, so it soon gives back every mapping but its own code and
// one block that holds its plan and its stack. From then on there is no C library under it: only
// system calls made here. It never returns and never allocates.
#define _GNU_SOURCE
#include "bare.h"
#include "clinux.h"
#include "clone3.h"
#include "shed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    path_bytes = 4096,
    entry_bytes = 2048,
    stack_bytes = 64 * 1024,
    attempts = 600,                  // of a second each: a process in a hung device may need that long to die
};

struct block {
    char pool[path_bytes];
    char home[path_bytes];
    char base[path_bytes];
    char disable[256];
    int parent;
    int farewell;
    uintptr_t low, high;             // this block, kept when everything else is unmapped
    char stack[stack_bytes] __attribute__((aligned(16)));
};

struct entry {                       // getdents64(2)
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static int is_child(const struct entry *entry) {
    const char *name = entry->name;
    int is_dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
    return entry->type == 4 /* DT_DIR */ && !is_dots;
}

// Removes the children of `place` that are empty and gives one that is not, open; -1 where there is none, or where
// `descend` says not to.
static long remove_children(long place, int descend, int *found) {
    char entries[entry_bytes] __attribute__((aligned(8)));
    long bytes;
    while ((bytes = call(SYS_getdents64, place, (long)entries, entry_bytes, 0)) > 0) {
        for (long at = 0; at < bytes;) {
            struct entry *entry = (struct entry *)(entries + at);
            at += entry->size;
            if (!is_child(entry))
                continue;
            *found = 1;
            if (call(SYS_unlinkat, place, (long)entry->name, 0x200 /* AT_REMOVEDIR */, 0) != -EBUSY || !descend)
                continue;
            long child = open_in(place, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            if (child >= 0)
                return child;
        }
    }
    return -1;
}

// Removes the cgroups below `pool`, deepest first; their files go with them. A job nests them as deep as it likes, so
// there is no recursion. After one that is busy without children, for its processes, only what is empty goes.
static void remove_below(long pool) {
    int depth = 0, is_stuck = 0;
    long place = open_in(pool, ".", O_RDONLY | O_DIRECTORY);
    while (place >= 0) {
        int found = 0;
        long next = remove_children(place, !is_stuck, &found);
        if (next >= 0) {
            depth++;
        } else if (depth-- > 0) {
            is_stuck |= !found;
            next = open_in(place, "..", O_RDONLY | O_DIRECTORY);
        }
        call(SYS_close, place, 0, 0, 0);
        place = next;
    }
}

static void wait_for_change(long pool) {
    long events = open_in(pool, "cgroup.events", O_RDONLY);
    char ignored[128];
    if (events >= 0)
        call(SYS_read, events, (long)ignored, sizeof ignored, 0);
    struct pollfd change = {.fd = (int)events, .events = POLLPRI};
    struct timespec second = {1, 0};
    call(SYS_ppoll, (long)&change, events >= 0, (long)&second, 0);
    if (events >= 0)
        call(SYS_close, events, 0, 0, 0);
}

static void clean_up(const struct block *block) {
    for (int attempt = 0; attempt < attempts; attempt++) {
        long pool = open_in(AT_FDCWD, block->pool, O_RDONLY | O_DIRECTORY);
        if (pool < 0)
            break;                   // gone
        write_in(pool, "cgroup.kill", "1");
        remove_below(pool);
        long removed = call(SYS_unlinkat, AT_FDCWD, (long)block->pool, 0x200, 0);
        if (removed < 0)
            wait_for_change(pool);   // the last process may take a moment to die
        call(SYS_close, pool, 0, 0, 0);
        if (removed >= 0)
            break;
    }
}

// Moves everybody in `home` to `base`, this process included. Reads anew after each round, since the list is as long
// as it is; a round that moved nobody was the last.
static void move_all(long home, long base) {
    char list[path_bytes];
    for (int moved = 1; moved > 0;) {
        moved = 0;
        long file = open_in(home, "cgroup.procs", O_RDONLY);
        if (file < 0)
            return;
        long bytes = call(SYS_read, file, (long)list, sizeof list, 0);
        call(SYS_close, file, 0, 0, 0);
        long number = 0;
        for (long at = 0; at < bytes; at++) {
            if (list[at] != '\n')
                continue;
            list[at] = 0;
            moved += write_in(base, "cgroup.procs", list + number) > 0;
            number = at + 1;
        }
    }
}

// Leaves the leaf that the supervisor was moved to, where this process was born too, and removes it. The parent
// cannot have processes as long as it has controllers enabled ("no internal processes"); where another pool uses
// them meanwhile, things stay as they are.
static void leave_home(const struct block *block) {
    if (!block->home[0])
        return;
    long base = open_in(AT_FDCWD, block->base, O_RDONLY | O_DIRECTORY);
    long home = open_in(AT_FDCWD, block->home, O_RDONLY | O_DIRECTORY);
    if (base < 0 || home < 0)
        return;
    if (block->disable[0] && write_in(base, "cgroup.subtree_control", block->disable) < 0)
        return;
    move_all(home, base);
    call(SYS_unlinkat, AT_FDCWD, (long)block->home, 0x200, 0);
}

static void close_between(long first, long last) {
    if (first <= last)
        call(SYS_close_range, first, last, 0, 0);
}

static void keep(void *argument) {
    const struct block *block = argument;
    long low = block->parent < block->farewell ? block->parent : block->farewell;
    long high = block->parent < block->farewell ? block->farewell : block->parent;
    call(SYS_setsid, 0, 0, 0, 0);    // no terminal's signals
    call(SYS_prctl, PR_SET_NAME, (long)"cgexec-keeper", 0, 0);
    call(SYS_chdir, (long)"/", 0, 0, 0);
    close_between(0, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, ~0U);

    // A pool that lives for a moment does not wait for a keeper that gives back mapping after mapping.
    const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
    for (int is_settled = 0;;) {
        struct pollfd ends[2] = {
            {.fd = block->farewell, .events = POLLIN},
            {.fd = block->parent, .events = POLLIN},
        };
        long ready = call(SYS_ppoll, (long)ends, 2, is_settled ? 0 : (long)&moment, 0);
        if (ready < 0)
            continue;
        if (ready == 0) {
            cgx_shed_memory(block->low, block->high);
            is_settled = 1;
            continue;
        }
        char byte;
        if (ends[0].revents && call(SYS_read, block->farewell, (long)&byte, 1, 0) == 1)
            break;                   // the pool removed everything itself
        if (ends[0].revents || ends[1].revents) {
            clean_up(block);
            break;
        }
    }
    leave_home(block);
    for (;;)
        call(SYS_exit_group, 0, 0, 0, 0);
}

static int copy_path(char *target, const char *source, size_t bytes) {
    size_t n = 0;
    for (; source && source[n]; n++) {
        if (n + 1 >= bytes)
            return -ENAMETOOLONG;
        target[n] = source[n];
    }
    target[n] = 0;
    return 0;
}

int cgx_keeper_start(const struct cgx_keeper *plan) {
    struct block *block =
        mmap(NULL, sizeof *block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        return -errno;
    int pidfd = -1;
    int status = copy_path(block->pool, plan->pool, sizeof block->pool);
    if (status == 0)
        status = copy_path(block->home, plan->home, sizeof block->home);
    if (status == 0)
        status = copy_path(block->base, plan->base, sizeof block->base);
    if (status == 0)
        status = copy_path(block->disable, plan->disable, sizeof block->disable);
    if (status == 0) {
        block->parent = plan->parent;
        block->farewell = plan->farewell;
        block->low = (uintptr_t)block;
        block->high = (uintptr_t)(block + 1);

        // No exit signal: a program that embeds us and waits for any child never meets this one.
        struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd};
        const uint64_t all = ~UINT64_C(0);
        uint64_t before = 0;
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
#if CGX_CLONE3_HAS_STACK
        args.stack = (uint64_t)(uintptr_t)block->stack;
        args.stack_size = stack_bytes;
        long pid = cgx_clone3(&args, keep, block);
        status = pid < 0 ? (int)pid : 0;
#else
        long pid = syscall(SYS_clone3, &args, sizeof args);
        status = pid < 0 ? -errno : 0;
        if (pid == 0)
            keep(block);
#endif
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    }
    munmap(block, sizeof *block);
    return status < 0 ? status : pidfd;
}
