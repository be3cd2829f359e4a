/* A library for LD_PRELOAD: the k-th call of a kind (tests/faults.h) that the program makes fails.
 *
 * Counted is what the program itself calls, not what the C library or the OpenMP runtime call for
 * their own purposes. Streams are counted too: fopen and stdout are given cookies, whose reads and
 * writes come here. A block of memory of the program ends with a mark, by which its release is
 * known. For glibc, whose malloc has a second name.
 */
#define _GNU_SOURCE

#include "tests/faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static faults_board nobody, *board = &nobody;
static uintptr_t program_low, program_high;

/* The function of this name that would have been called without this library. */
#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))
#define FROM_PROGRAM is_program(__builtin_return_address(0))

static int is_program(const void *caller)
{
    return (uintptr_t)caller >= program_low && (uintptr_t)caller < program_high;
}

static void add(int64_t *to, int64_t n)
{
    __atomic_add_fetch(to, n, __ATOMIC_RELAXED);
}

/* Counts a call; 1 when it is the one to fail. */
static int due(faults_kind kind)
{
    int64_t call = __atomic_add_fetch(&board->calls[kind], 1, __ATOMIC_RELAXED);

    if (board->kind != (int32_t)kind || call != board->k)
        return 0;
    board->hits = 1;
    if (board->error == FAULTS_INTERRUPT) {
        kill(getpid(), SIGINT); /* to the program: the thread may have it blocked */
        return 0;
    }
    return 1;
}

/* As due; sets errno. A short call is none that fails. */
static int fails(faults_kind kind)
{
    if (!due(kind) || board->error == FAULTS_SHORT)
        return 0;
    errno = board->error;
    return 1;
}

/* As fails, of a call for so many bytes, which a short call makes fewer. */
static int fails_for(faults_kind kind, size_t *bytes)
{
    if (!due(kind))
        return 0;
    if (board->error == FAULTS_SHORT) {
        *bytes = (*bytes + 1) / 2;
        return 0;
    }
    errno = board->error;
    return 1;
}

/* ---- memory: blocks of the program have their mark in the last eight bytes that can be used */

static uint64_t mark_of(const void *p)
{
    return (uint64_t)(uintptr_t)p * UINT64_C(0x9e3779b97f4a7c15) ^ UINT64_C(0x5bd1e995c6a4a793);
}

static char *mark_at(void *p)
{
    return (char *)p + malloc_usable_size(p) - sizeof(uint64_t);
}

static void *mark(void *p)
{
    uint64_t m = mark_of(p);

    if (p != NULL) {
        memcpy(mark_at(p), &m, sizeof m);
        add(&board->blocks, 1);
    }
    return p;
}

/* Takes the mark off; 1 when there was one. */
static int unmark(void *p)
{
    uint64_t m, none = 0;

    if (p == NULL || malloc_usable_size(p) < sizeof m)
        return 0;
    memcpy(&m, mark_at(p), sizeof m);
    if (m != mark_of(p))
        return 0;
    memcpy(mark_at(p), &none, sizeof none);
    add(&board->blocks, -1);
    return 1;
}

/* Room for the mark; a size that is too large stays so. */
static size_t with_mark(size_t size)
{
    return size > SIZE_MAX - 8 ? size : size + 8;
}

void *malloc(size_t size)
{
    if (!FROM_PROGRAM)
        return __libc_malloc(size);
    return fails(FAULTS_MEMORY) ? NULL : mark(__libc_malloc(with_mark(size)));
}

void *calloc(size_t count, size_t size)
{
    if (!FROM_PROGRAM)
        return __libc_calloc(count, size);
    if (fails(FAULTS_MEMORY))
        return NULL;
    if (size != 0 && count > (SIZE_MAX - 8) / size)
        return __libc_calloc(count, size);
    return mark(__libc_calloc(1, count * size + 8));
}

void *realloc(void *p, size_t size)
{
    void *q;
    int was;

    if (!FROM_PROGRAM)
        return __libc_realloc(p, size);
    if (fails(FAULTS_MEMORY))
        return NULL;
    was = unmark(p);
    q = __libc_realloc(p, with_mark(size));
    if (q == NULL && was)
        mark(p);
    return mark(q);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!FROM_PROGRAM)
        return __libc_memalign(alignment, size);
    return fails(FAULTS_MEMORY) ? NULL : mark(__libc_memalign(alignment, with_mark(size)));
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    if (FROM_PROGRAM && fails(FAULTS_MEMORY))
        return board->error;
    *p = __libc_memalign(alignment, with_mark(size));
    if (FROM_PROGRAM)
        mark(*p);
    return *p != NULL ? 0 : ENOMEM;
}

void free(void *p)
{
    int error = errno;

    unmark(p);
    __libc_free(p);
    errno = error;
}

/* What the C library allocates for the program counts as the program's. */
static void *given(void *p, size_t size)
{
    void *q = p != NULL ? mark(__libc_malloc(with_mark(size))) : NULL;

    if (q != NULL)
        memcpy(q, p, size);
    return q;
}

char *strdup(const char *text)
{
    return FROM_PROGRAM && fails(FAULTS_MEMORY) ? NULL : given((void *)text, strlen(text) + 1);
}

char *realpath(const char *path, char *out)
{
    char *whole, *copy;

    if (!FROM_PROGRAM || out != NULL)
        return REAL(realpath)(path, out);
    if (fails(FAULTS_MEMORY))
        return NULL;
    whole = REAL(realpath)(path, NULL);
    copy = whole != NULL ? given(whole, strlen(whole) + 1) : NULL;
    __libc_free(whole);
    return copy;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (FROM_PROGRAM && fails(FAULTS_MAP))
        return MAP_FAILED;
    return REAL(mmap)(at, size, protection, flags, fd, offset);
}

/* ---- randomness and threads */

ssize_t getrandom(void *to, size_t size, unsigned flags)
{
    if (FROM_PROGRAM && fails_for(FAULTS_ENTROPY, &size))
        return -1;
    return REAL(getrandom)(to, size, flags);
}

int getentropy(void *to, size_t size)
{
    if (FROM_PROGRAM && fails(FAULTS_ENTROPY))
        return -1;
    return REAL(getentropy)(to, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *with)
{
    if (FROM_PROGRAM && fails(FAULTS_THREAD))
        return board->error;
    return REAL(pthread_create)(thread, how, run, with);
}

/* ---- files */

#define LOOK(type, name, parameters, ...)                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        return FROM_PROGRAM && fails(FAULTS_LOOK) ? -1 : REAL(name)(__VA_ARGS__);                  \
    }

LOOK(int, stat, (const char *path, struct stat *info), path, info)
LOOK(int, lstat, (const char *path, struct stat *info), path, info)
LOOK(int, fstat, (int fd, struct stat *info), fd, info)
LOOK(int, access, (const char *path, int mode), path, mode)
LOOK(int, fchmod, (int fd, mode_t mode), fd, mode)
LOOK(int, ftruncate, (int fd, off_t size), fd, size)

/* A descriptor of the program. */
static int held(int fd)
{
    if (fd > 2)
        add(&board->files, 1);
    return fd;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    return fails(FAULTS_OPEN) ? -1 : held(REAL(open)(path, flags, mode));
}

static int close_file(int fd)
{
    int failed = fails(FAULTS_CLOSE), error = errno, st = REAL(close)(fd);

    if (fd > 2 && st == 0)
        add(&board->files, -1);
    if (failed)
        errno = error;
    return failed ? -1 : st;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return FROM_PROGRAM ? open_file(path, flags, mode) : REAL(open)(path, flags, mode);
}

int mkstemp(char *name)
{
    if (!FROM_PROGRAM)
        return REAL(mkstemp)(name);
    return fails(FAULTS_OPEN) ? -1 : held(REAL(mkstemp)(name));
}

int mkdir(const char *path, mode_t mode)
{
    return FROM_PROGRAM && fails(FAULTS_OPEN) ? -1 : REAL(mkdir)(path, mode);
}

DIR *opendir(const char *path)
{
    return FROM_PROGRAM && fails(FAULTS_OPEN) ? NULL : REAL(opendir)(path);
}

int pipe(int fd[2])
{
    int st = FROM_PROGRAM && fails(FAULTS_OPEN) ? -1 : REAL(pipe)(fd);

    if (FROM_PROGRAM && st == 0)
        (void)(held(fd[0]) + held(fd[1]));
    return st;
}

int pipe2(int fd[2], int flags)
{
    int st = FROM_PROGRAM && fails(FAULTS_OPEN) ? -1 : REAL(pipe2)(fd, flags);

    if (FROM_PROGRAM && st == 0)
        (void)(held(fd[0]) + held(fd[1]));
    return st;
}

int eventfd(unsigned count, int flags)
{
    if (!FROM_PROGRAM)
        return REAL(eventfd)(count, flags);
    return fails(FAULTS_OPEN) ? -1 : held(REAL(eventfd)(count, flags));
}

ssize_t read(int fd, void *to, size_t size)
{
    return FROM_PROGRAM && fails_for(FAULTS_READ, &size) ? -1 : REAL(read)(fd, to, size);
}

ssize_t pread(int fd, void *to, size_t size, off_t at)
{
    return FROM_PROGRAM && fails_for(FAULTS_READ, &size) ? -1 : REAL(pread)(fd, to, size, at);
}

ssize_t write(int fd, const void *from, size_t size)
{
    return FROM_PROGRAM && fails_for(FAULTS_WRITE, &size) ? -1 : REAL(write)(fd, from, size);
}

int fsync(int fd)
{
    return FROM_PROGRAM && fails(FAULTS_SYNC) ? -1 : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    return FROM_PROGRAM && fails(FAULTS_RENAME) ? -1 : REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
    return FROM_PROGRAM && fails(FAULTS_RENAME) ? -1 : REAL(link)(from, to);
}

int close(int fd)
{
    return FROM_PROGRAM ? close_file(fd) : REAL(close)(fd);
}

/* ---- streams: the C library goes on after an interruption or a short call, and so do these */

static int goes_on(void)
{
    return board->error == EINTR || board->error == FAULTS_SHORT;
}

static ssize_t stream_read(void *fd, char *to, size_t size)
{
    int failed = due(FAULTS_READ) && !goes_on();

    errno = board->error;
    return failed ? -1 : REAL(read)((int)(intptr_t)fd, to, size);
}

static ssize_t stream_write(void *fd, const char *from, size_t size)
{
    int failed = due(FAULTS_WRITE) && !goes_on();
    size_t done = 0;

    errno = board->error;
    while (!failed && done < size) {
        ssize_t n = REAL(write)((int)(intptr_t)fd, from + done, size - done);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    return done == size ? (ssize_t)size : 0; /* a cookie's write says 0 for an error */
}

static int stream_seek(void *fd, off64_t *at, int whence)
{
    off64_t now = lseek64((int)(intptr_t)fd, *at, whence);

    if (now < 0)
        return -1;
    *at = now;
    return 0;
}

static int stream_close(void *fd)
{
    return close_file((int)(intptr_t)fd);
}

static FILE *stream_of(int fd, const char *mode)
{
    const cookie_io_functions_t calls = {stream_read, stream_write, stream_seek, stream_close};

    return fopencookie((void *)(intptr_t)fd, mode, calls);
}

FILE *fopen(const char *path, const char *mode)
{
    int flags =
        mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
    int fd;

    if (!FROM_PROGRAM)
        return REAL(fopen)(path, mode);
    fd = open_file(path, flags | O_CLOEXEC, 0666);
    return fd < 0 ? NULL : stream_of(fd, mode);
}

/* ---- sockets */

#define SOCKET(kind, name, parameters, ...)                                                        \
    int name parameters                                                                            \
    {                                                                                              \
        return FROM_PROGRAM && fails(kind) ? -1 : REAL(name)(__VA_ARGS__);                         \
    }
#define DESCRIPTOR(kind, name, parameters, ...)                                                    \
    int name parameters                                                                            \
    {                                                                                              \
        if (!FROM_PROGRAM)                                                                         \
            return REAL(name)(__VA_ARGS__);                                                        \
        return fails(kind) ? -1 : held(REAL(name)(__VA_ARGS__));                                   \
    }
#define TRANSFER(kind, name, parameters, ...)                                                      \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        return FROM_PROGRAM && fails_for(kind, &size) ? -1 : REAL(name)(__VA_ARGS__);              \
    }

DESCRIPTOR(FAULTS_SOCKET, socket, (int domain, int type, int protocol), domain, type, protocol)
DESCRIPTOR(FAULTS_ACCEPT, accept, (int fd, struct sockaddr *at, socklen_t *size), fd, at, size)
DESCRIPTOR(FAULTS_ACCEPT, accept4, (int fd, struct sockaddr *at, socklen_t *size, int flags), fd,
           at, size, flags)
SOCKET(FAULTS_SOCKET, bind, (int fd, const struct sockaddr *at, socklen_t size), fd, at, size)
SOCKET(FAULTS_SOCKET, listen, (int fd, int queue), fd, queue)
SOCKET(FAULTS_SOCKET, connect, (int fd, const struct sockaddr *at, socklen_t size), fd, at, size)
SOCKET(FAULTS_SOCKET, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
       fd, level, name, value, size)
SOCKET(FAULTS_SOCKET, getsockname, (int fd, struct sockaddr *at, socklen_t *size), fd, at, size)
SOCKET(FAULTS_POLL, poll, (struct pollfd * list, nfds_t count, int wait), list, count, wait)
SOCKET(FAULTS_POLL, ppoll,
       (struct pollfd * list, nfds_t count, const struct timespec *wait, const sigset_t *mask),
       list, count, wait, mask)
TRANSFER(FAULTS_SEND, send, (int fd, const void *from, size_t size, int flags), fd, from, size,
         flags)
TRANSFER(FAULTS_RECEIVE, recv, (int fd, void *to, size_t size, int flags), fd, to, size, flags)

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return FROM_PROGRAM && fails(FAULTS_SEND) ? -1 : REAL(sendmsg)(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return FROM_PROGRAM && fails(FAULTS_RECEIVE) ? -1 : REAL(recvmsg)(fd, message, flags);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *wanted,
                struct addrinfo **out)
{
    return FROM_PROGRAM && fails(FAULTS_SOCKET) ? EAI_SYSTEM
                                                : REAL(getaddrinfo)(node, service, wanted, out);
}

/* ---- beginning */

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    (void)user;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && (h->p_flags & PF_X) != 0) {
            program_low = info->dlpi_addr + h->p_vaddr;
            program_high = program_low + h->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(FAULTS_BOARD);
    int fd = path != NULL ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd >= 0 ? REAL(mmap)(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                       : MAP_FAILED;

    if (at == MAP_FAILED)
        abort(); /* a campaign that fails nothing would pass */
    REAL(close)(fd);
    board = at;
    unsetenv(FAULTS_BOARD);
    unsetenv("LD_PRELOAD");
    stdout = stream_of(STDOUT_FILENO, "w");
    dl_iterate_phdr(find_program, NULL);
}
