/* Counts what is written and made safe in a folder, and lets the n-th such call go wrong.
 *
 * HONGYAN_FAULT_IN      the folder; other files are left alone
 * HONGYAN_FAULT_AT      which call, from 1
 * HONGYAN_FAULT         eio, enospc: from then on for ever; eio-once: this one only;
 *                       kill: the process ends before it; torn: half of it is written, then the process ends
 * HONGYAN_FAULT_COUNT   a file for how many calls there were
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long calls;

static int in_folder(int fd) {
    const char *folder = getenv("HONGYAN_FAULT_IN");
    char link[64], path[4096];
    ssize_t length;
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* 0: go on; 1: fail with errno; 2: write half, then end. */
static int fate(int fd) {
    const char *fault = getenv("HONGYAN_FAULT"), *at = getenv("HONGYAN_FAULT_AT");
    long call, when;
    if (!in_folder(fd)) return 0;
    call = __sync_add_and_fetch(&calls, 1);
    if (!fault || !at) return 0;
    when = atol(at);
    if (call < when) return 0;
    if (!strcmp(fault, "eio")) { errno = EIO; return 1; }
    if (!strcmp(fault, "enospc")) { errno = ENOSPC; return 1; }
    if (call > when) return 0;
    if (!strcmp(fault, "eio-once")) { errno = EIO; return 1; }
    if (!strcmp(fault, "kill")) raise(SIGKILL);
    return strcmp(fault, "torn") ? 0 : 2;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITES_AT(name, offset_type) \
    ssize_t name(int fd, const void *octets, size_t count, offset_type offset) { \
        int what = fate(fd); \
        if (what == 1) return -1; \
        if (what == 2) { REAL(name)(fd, octets, count / 2, offset); raise(SIGKILL); } \
        return REAL(name)(fd, octets, count, offset); \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

ssize_t write(int fd, const void *octets, size_t count) {
    int what = fate(fd);
    if (what == 1) return -1;
    if (what == 2) { REAL(write)(fd, octets, count / 2); raise(SIGKILL); }
    return REAL(write)(fd, octets, count);
}

#define MAKES_SAFE(name) \
    int name(int fd) { \
        int what = fate(fd); \
        if (what == 1) return -1; \
        if (what == 2) raise(SIGKILL); \
        return REAL(name)(fd); \
    }
MAKES_SAFE(fsync)
MAKES_SAFE(fdatasync)

#define CUTS(name, offset_type) \
    int name(int fd, offset_type length) { \
        int what = fate(fd); \
        if (what == 1) return -1; \
        if (what == 2) raise(SIGKILL); \
        return REAL(name)(fd, length); \
    }
CUTS(ftruncate, off_t)
CUTS(ftruncate64, off64_t)

__attribute__((destructor)) static void count(void) {
    const char *path = getenv("HONGYAN_FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) { fprintf(file, "%ld\n", calls); fclose(file); }
}
