// A file system that hangs: a directory with one executable file, "program", that is found but never opened.
// It speaks the kernel's FUSE protocol itself (linux/fuse.h), with one thread, and ends with its parent.
//
// usage: cgexec-hung-fs DIRECTORY ignore|swallow
//   ignore   leave the request to open the file unread: a process that waits for it can be killed
//   swallow  read it and never answer: a process that waits for it cannot even be killed
// Says "ready" when mounted, "hanging" when it was asked for the file.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { program = FUSE_ROOT_ID + 1, request_bytes = FUSE_MIN_READ_BUFFER * 32, forever = 3600 };

static int device;
static const char *mount_point;
static volatile sig_atomic_t ended;

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static void answer(const struct fuse_in_header *request, int error, const void *data, size_t bytes) {
    struct fuse_out_header header = {.len = (uint32_t)(sizeof header + bytes), .error = -error, .unique = request->unique};
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)data, bytes}};
    if (writev(device, parts, 2) < 0)
        perror("answer");
}

static struct fuse_attr attributes(uint64_t node) {
    return (struct fuse_attr){
        .ino = node,
        .mode = node == program ? S_IFREG | 0755 : S_IFDIR | 0755,
        .nlink = 1,
        .size = node == program ? 4096 : 0,
    };
}

static void introduce(const struct fuse_in_header *request, const struct fuse_init_in *theirs) {
    struct fuse_init_out ours = {.major = FUSE_KERNEL_VERSION, .minor = theirs->minor, .max_write = 4096};
    answer(request, 0, &ours, sizeof ours);
}

static void look_up(const struct fuse_in_header *request, const char *name) {
    if (strcmp(name, "program") != 0)
        return answer(request, ENOENT, NULL, 0);
    struct fuse_entry_out entry = {
        .nodeid = program, .entry_valid = forever, .attr_valid = forever, .attr = attributes(program)};
    answer(request, 0, &entry, sizeof entry);
}

static void describe(const struct fuse_in_header *request) {
    struct fuse_attr_out found = {.attr_valid = forever, .attr = attributes(request->nodeid)};
    answer(request, 0, &found, sizeof found);
}

// False when nothing is to be read any more.
static int serve(int swallow) {
    static char buffer[request_bytes] __attribute__((aligned(8)));
    if (read(device, buffer, sizeof buffer) < 0)
        return errno == EINTR || errno == EAGAIN || errno == ENOENT;
    const struct fuse_in_header *request = (const void *)buffer;
    const void *argument = buffer + sizeof *request;
    switch (request->opcode) {
    case FUSE_INIT: introduce(request, argument); break;
    case FUSE_LOOKUP: {
        look_up(request, argument);
        if (!swallow && strcmp(argument, "program") == 0) {
            say("hanging");  // the next request, to open it, stays unread
            return 0;
        }
        break;
    }
    case FUSE_GETATTR: describe(request); break;
    case FUSE_OPEN: say("hanging"); break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: break;  // these want no answer
    default: answer(request, ENOSYS, NULL, 0);
    }
    return 1;
}

int main(int count, char **words) {
    if (count != 3)
        return 2;
    mount_point = words[1];
    int swallow = strcmp(words[2], "swallow") == 0;
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    int parent = (int)syscall(SYS_pidfd_open, getppid(), 0);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[64];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
    if (parent < 0 || device < 0 || mount("hung", mount_point, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        perror("mount");
        return 1;
    }
    say("ready");
    int serving = 1;
    while (!ended) {
        struct pollfd ready[2] = {{.fd = parent, .events = POLLIN}, {.fd = device, .events = POLLIN}};
        if (poll(ready, serving ? 2 : 1, -1) < 0)
            continue;
        if (ready[0].revents)
            break;
        serving = serve(swallow);
    }
    // Who still waits is woken with an error when the device is closed, which this end does.
    umount2(mount_point, MNT_DETACH);
    return 0;
}
