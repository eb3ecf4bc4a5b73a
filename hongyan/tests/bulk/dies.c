/* Ends the process with SIGKILL at the n-th call of one kind, before or after the call is made: HONGYAN_DIE=fsync,before,17.
 * The kinds are those by which a run touches the world: fsync, pwrite and write (its files), send (commands and content to
 * the server), recv (its answers). "half" makes half of a write before it dies. A fourth part, a port, means that send and
 * recv count only with that peer: HONGYAN_DIE=recv,after,3,5432. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char kind[16], when[16];
static long target = -1, port;
static atomic_long count;

__attribute__((constructor)) static void read_wish(void) {
    const char *wish = getenv("HONGYAN_DIE");
    if (!wish) return;
    const char *first = strchr(wish, ','), *second = first ? strchr(first + 1, ',') : NULL;
    if (!second || first - wish > 15 || second - first > 16) return;
    memcpy(kind, wish, first - wish);
    memcpy(when, first + 1, second - first - 1);
    char *third;
    target = strtol(second + 1, &third, 10);
    if (*third == ',') port = atol(third + 1);
}

/* Whether this call is the one. */
static int is_it(const char *name) {
    return target > 0 && strcmp(kind, name) == 0 && atomic_fetch_add(&count, 1) + 1 == target;
}

/* The same of a call to a peer, whichever or only the one with the port that is named. */
static int is_it_with(const char *name, int fd) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (port && (getpeername(fd, (struct sockaddr *)&peer, &length) || ntohs(peer.sin_port) != port)) return 0;
    return is_it(name);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static int makes_safe(const char *symbol, int fd) {
    int it = is_it("fsync");
    if (it && strcmp(when, "before") == 0) die();
    int done = REAL(int, symbol, int)(fd);
    if (it) die();
    return done;
}

int fsync(int fd) { return makes_safe("fsync", fd); }
int fdatasync(int fd) { return makes_safe("fdatasync", fd); }

static ssize_t writes_at(const char *symbol, int fd, const void *from, size_t length, off64_t at) {
    int it = is_it("pwrite");
    if (it && strcmp(when, "before") == 0) die();
    if (it && strcmp(when, "half") == 0) length /= 2;
    ssize_t done = REAL(ssize_t, symbol, int, const void *, size_t, off64_t)(fd, from, length, at);
    if (it) die();
    return done;
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) { return writes_at("pwrite", fd, from, length, at); }
ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) { return writes_at("pwrite64", fd, from, length, at); }

/* Only to files: what goes to pipes and terminals is of no account. */
ssize_t write(int fd, const void *from, size_t length) {
    struct stat what;
    int it = target > 0 && fstat(fd, &what) == 0 && S_ISREG(what.st_mode) && is_it("write");
    if (it && strcmp(when, "before") == 0) die();
    if (it && strcmp(when, "half") == 0) length /= 2;
    ssize_t done = REAL(ssize_t, "write", int, const void *, size_t)(fd, from, length);
    if (it) die();
    return done;
}

ssize_t send(int fd, const void *from, size_t length, int flags) {
    int it = is_it_with("send", fd);
    if (it && strcmp(when, "before") == 0) die();
    if (it && strcmp(when, "half") == 0) length /= 2;
    ssize_t done = REAL(ssize_t, "send", int, const void *, size_t, int)(fd, from, length, flags);
    if (it) die();
    return done;
}

ssize_t recv(int fd, void *into, size_t length, int flags) {
    int it = is_it_with("recv", fd);
    if (it && strcmp(when, "before") == 0) die();
    ssize_t done = REAL(ssize_t, "recv", int, void *, size_t, int)(fd, into, length, flags);
    if (it && done > 0) die();
    return done;
}
