// The least that a job in a cgroup of its own can cost: the library's system calls in a C loop, and a plain spawn
// loop beside it. No parsing, no allocation, no threads, no records.
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>

// A control file to write, and the one that must read the same then.
struct floor_setting {
    const char *file;
    const char *value;
    const char *check;               // NULL: nothing to read
};

struct floor_plan {
    int pool;                        // directory in which the leaves are made
    char *const *argv;               // argv[0] is the program's path
    const struct floor_setting *settings;
    size_t setting_count;
    const char *const *accounts;     // files of the leaf to read at the end
    size_t account_count;
    const int *counters;             // open files to read before and after
    size_t counter_count;
};

// Runs one job in a fresh leaf and removes it: 0, or -errno, or -EPROTO when a setting does not read back, or
// the program does not exit with 0.
int floor_job(const struct floor_plan *plan);

// posix_spawn and waitpid: the exit status, 128+n for signal n, or -errno. `quiet` sends its output to /dev/null.
int floor_spawn(char *const argv[], int quiet);

int floor_make_directory(int parent, const char *name);              // mkdir and open: fd or -errno
int floor_write(int directory, const char *file, const char *value); // 0 or -errno

#endif
