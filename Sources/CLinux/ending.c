// Signals and exit in a program that is not ours: what runs is to be ended before they take their effect.
//
// The handler only stores a number and writes to eventfds, both of which signal-safety(7) allows. The eventfds are never
// closed, but used again: a handler may still be about to write to one on another thread.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { most_watchers = 64, by_exit = -1 };

static const int endings[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
enum { ending_count = sizeof endings / sizeof *endings };

// Read by the handler.
static _Atomic int bells[most_watchers];   // the descriptor + 1; 0: nobody watches
static _Atomic int arrived;                // the first signal, or by_exit
static _Atomic int owner;                  // the process whose handlers these are, not a fork of it

// Behind the lock.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int spare[most_watchers];           // the descriptor + 1 of each place, once made
static pthread_t threads[most_watchers];
static int watchers;
static struct sigaction before[ending_count];
static int leaves_by_us;

static void ring_all(int cause) {
    int none = 0;
    atomic_compare_exchange_strong(&arrived, &none, cause);
    const uint64_t one = 1;
    for (int i = 0; i < most_watchers; i++) {
        const int bell = atomic_load(&bells[i]);
        if (bell && write(bell - 1, &one, sizeof one) < 0)
            continue;  // full: it has been rung
    }
}

static void handle(int signal_number) {
    const int kept = errno;
    if (atomic_load(&owner) == getpid()) {
        ring_all(signal_number);
    } else {
        // A fork of the host that has not called exec: none of this is its own.
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    errno = kept;
}

// At exit: waits until nobody watches any more.
static void leave(void) {
    if (atomic_load(&owner) != getpid())
        return;
    pthread_mutex_lock(&lock);
    int is_own = 0;
    for (int i = 0; i < most_watchers; i++)
        is_own |= atomic_load(&bells[i]) && pthread_equal(threads[i], pthread_self());
    // One that calls exit on its own thread cannot be waited for; its keeper cleans up.
    if (watchers > 0 && !is_own) {
        ring_all(by_exit);
        while (watchers > 0)
            pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void take_signals(void) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < ending_count; i++) {
        sigaction(endings[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(endings[i], &action, NULL);
    }
}

static void give_signals_back(void) {
    for (int i = 0; i < ending_count; i++) {
        struct sigaction now;
        // Not one that the host has changed since.
        if (sigaction(endings[i], NULL, &now) == 0 && now.sa_handler == handle)
            sigaction(endings[i], &before[i], NULL);
    }
}

// On this thread, so that it has its effect before this returns: sent to the process, it might be for another thread,
// and a third end the process by exit meanwhile. The thread may come from one that blocks signals, as Dispatch's do.
static void raise_here(int signal_number) {
    sigset_t one, kept;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &one, &kept);
    raise(signal_number);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

int cgx_ending_watch(void) {
    int result = -EMFILE;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < most_watchers; i++) {
        if (atomic_load(&bells[i]))
            continue;
        if (!spare[i]) {
            const int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
            if (bell < 0) {
                result = -errno;
                break;
            }
            spare[i] = bell + 1;
        }
        if (watchers++ == 0) {
            atomic_store(&owner, getpid());
            if (!leaves_by_us)
                leaves_by_us = atexit(leave) == 0;
            take_signals();
        }
        threads[i] = pthread_self();
        atomic_store(&bells[i], spare[i]);
        result = spare[i] - 1;
        if (atomic_load(&arrived)) {
            const uint64_t one = 1;
            if (write(result, &one, sizeof one) < 0)
                errno = 0;  // full: it has been rung
        }
        break;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int cgx_ending_is_due(void) {
    return atomic_load(&arrived) != 0;
}

void cgx_ending_unwatch(int bell) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < most_watchers; i++)
        if (atomic_load(&bells[i]) == bell + 1) {
            atomic_store(&bells[i], 0);
            watchers--;
        }
    int signal_number = 0;
    if (watchers == 0) {
        give_signals_back();
        signal_number = atomic_exchange(&arrived, 0);
    }
    pthread_mutex_unlock(&lock);
    // Without the lock, since a handler of the host's may call exit; before others go on, who may call it as well.
    if (signal_number > 0)
        raise_here(signal_number);
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
