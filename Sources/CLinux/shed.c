// Gives back what a copied process holds of its parent's memory, which may be large.
#define _GNU_SOURCE
#include "shed.h"
#include "bare.h"

#include <stddef.h>
#include <sys/mman.h>

enum { longest_path = 4096 };

#if defined(__x86_64__)
struct mapping {
    uintptr_t start, end;
    uint64_t device, inode;
    int special;                     // [vdso], [vvar], [vsyscall]
};

static const char *parse_number(const char *at, unsigned base, uint64_t *value) {
    *value = 0;
    for (;; at++) {
        unsigned digit;
        if (*at >= '0' && *at <= '9')
            digit = (unsigned)(*at - '0');
        else if (base == 16 && *at >= 'a' && *at <= 'f')
            digit = (unsigned)(*at - 'a') + 10;
        else
            return at;
        *value = *value * base + digit;
    }
}

// "start-end perms offset major:minor inode   path", proc(5)
static void parse_mapping(const char *line, struct mapping *mapping) {
    uint64_t start, end, offset, major, minor, inode;
    const char *at = parse_number(line, 16, &start);
    at = parse_number(at + 1, 16, &end);
    at = parse_number(at + 6, 16, &offset);
    at = parse_number(at + 1, 16, &major);
    at = parse_number(at + 1, 16, &minor);
    at = parse_number(at + 1, 10, &inode);
    while (*at == ' ')
        at++;
    mapping->start = start;
    mapping->end = end;
    mapping->device = major << 32 | minor;
    mapping->inode = inode;
    mapping->special = at[0] == '[' && at[1] == 'v';
}

// Calls back for each line of /proc/self/maps; the kernel finds its place again by address, so unmapping
// on the way is safe.
static void each_mapping(void (*visit)(const struct mapping *, void *), void *context) {
    char buffer[longest_path + 512];
    long file = open_in(AT_FDCWD, "/proc/self/maps", O_RDONLY);
    long held = 0, bytes;
    if (file < 0)
        return;
    while ((bytes = call(SYS_read, file, (long)(buffer + held), (long)sizeof buffer - held, 0)) > 0) {
        held += bytes;
        long line = 0;
        for (long at = 0; at < held; at++) {
            if (buffer[at] != '\n')
                continue;
            buffer[at] = 0;
            struct mapping mapping;
            parse_mapping(buffer + line, &mapping);
            visit(&mapping, context);
            line = at + 1;
        }
        for (long at = line; at < held; at++) {
            buffer[at - line] = buffer[at];
            __asm__ volatile("");    // keep the compiler from making this a call to memmove
        }
        held -= line;
    }
    call(SYS_close, file, 0, 0, 0);
}

struct own_code {
    uintptr_t address;
    uint64_t device, inode;
    uintptr_t low, high;             // the block to keep
};

static void find_code(const struct mapping *mapping, void *context) {
    struct own_code *code = context;
    if (mapping->start <= code->address && code->address < mapping->end) {
        code->device = mapping->device;
        code->inode = mapping->inode;
    }
}

static void unmap_foreign(const struct mapping *mapping, void *context) {
    const struct own_code *code = context;
    int ours = mapping->inode == code->inode && mapping->device == code->device;
    int block = mapping->start < code->high && code->low < mapping->end;
    if (!ours && !block && !mapping->special)
        call(SYS_munmap, (long)mapping->start, (long)(mapping->end - mapping->start), 0, 0);
}

extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

// The C library registers restartable sequences for the thread that was copied; the kernel writes to that
// area whenever the thread was preempted, so it must be signed off before the area goes away. rseq(2).
static int sign_off_rseq(void) {
    enum { unregister = 1, registered_bytes = 32, signature = 0x53053053 };
    if (&__rseq_size == NULL || __rseq_size == 0)
        return 1;
    char *thread;
    __asm__("movq %%fs:0, %0" : "=r"(thread));
    return call(SYS_rseq, (long)(thread + __rseq_offset), registered_bytes, unregister, signature) == 0;
}

void cgx_shed_memory(uintptr_t low, uintptr_t high) {
    struct own_code code = {.address = (uintptr_t)&cgx_shed_memory, .low = low, .high = high};
    if (!sign_off_rseq())
        return;                      // stay large rather than crash
    each_mapping(find_code, &code);
    if (code.inode != 0)
        each_mapping(unmap_foreign, &code);
}
#else
void cgx_shed_memory(uintptr_t low, uintptr_t high) {
    (void)low;                       // without a stack of our own there is nothing safe to unmap
    (void)high;
}
#endif
