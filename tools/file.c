/* Reading a whole file, or mapping it. */
#define _POSIX_C_SOURCE 200809L

#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/doomed.h"

void file_wipe(void *p, size_t size)
{
    volatile uint8_t *b = p;
    for (size_t i = 0; i < size; i++)
        b[i] = 0;
}

void file_free(file_bytes *b)
{
    if (b->data != NULL) {
        file_wipe(b->data, b->size);
        free(b->data);
    }
    b->data = NULL;
    b->size = 0;
}

const char *file_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* realloc would leave a copy of a secret behind. */
static int grow(file_bytes *b, size_t *room, size_t wanted)
{
    uint8_t *larger = malloc(wanted);

    if (larger == NULL)
        return -1;
    if (b->data != NULL) {
        memcpy(larger, b->data, b->size);
        file_wipe(b->data, b->size);
        free(b->data);
    }
    b->data = larger;
    *room = wanted;
    return 0;
}

static int too_large(const char *path, size_t limit)
{
    char text[32];
    return cli_fail(CLI_DAMAGED, file_input_name(path),
                    "the file is larger than %s, the most this reads", cli_size(text, limit));
}

/* room starts one byte above the size that fstat tells, so that one read sees the end as well. */
static int read_all(file_bytes *b, int fd, size_t room_wanted, const char *path, size_t limit)
{
    size_t room = 0;

    for (;;) {
        ssize_t got;
        if (b->size == room) {
            size_t next = room == 0 ? room_wanted : 2 * room;
            if (next > limit + 1)
                next = limit + 1;
            if (grow(b, &room, next) != 0)
                return cli_fail(CLI_MEMORY, file_input_name(path), "no memory for %zu bytes", next);
        }
        got = read(fd, b->data + b->size, room - b->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cli_fail(cli_exit_of_errno(errno), file_input_name(path), "cannot be read: %s",
                            strerror(errno));
        if (got == 0)
            return CLI_OK;
        b->size += (size_t)got;
        if (b->size > limit)
            return too_large(path, limit);
    }
}

static int cannot_open(const char *path)
{
    return cli_fail(cli_exit_of_errno(errno), path, "cannot be opened: %s", strerror(errno));
}

/* Does not open it: a pipe's writer would see that reader go. */
int file_there(const char *path)
{
    return strcmp(path, "-") == 0 || access(path, R_OK) == 0 ? CLI_OK : cannot_open(path);
}

int file_make_folder(const char *path)
{
    struct stat info;
    int error;

    if (mkdir(path, 0777) == 0)
        return CLI_OK;
    error = errno;
    if (error == EEXIST && stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return CLI_OK;
        error = ENOTDIR;
    }
    return cli_fail(cli_exit_of_errno(error), path, "cannot be made a folder: %s", strerror(error));
}

int file_refuse_gzip(const file_bytes *b, const char *name)
{
    if (b->size < 2 || b->data[0] != 0x1f || b->data[1] != 0x8b)
        return CLI_OK;
    return cli_fail(CLI_DAMAGED, name,
                    "this is compressed with gzip, which only images and labels may be: unpack it "
                    "first (gunzip)");
}

int file_read(file_bytes *out, const char *path, size_t limit)
{
    struct stat info;
    size_t room = 65536;
    int direct = strcmp(path, "-") == 0;
    int fd = direct ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int st = CLI_OK;

    *out = (file_bytes){NULL, 0};
    if (fd < 0)
        return cannot_open(path);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
        st = cli_fail(CLI_NO_FILE, file_input_name(path), "this is a folder, not a file");
    else if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        if ((uintmax_t)info.st_size > limit)
            st = too_large(path, limit);
        else
            room = (size_t)info.st_size + 1;
    }
    if (st == CLI_OK)
        st = read_all(out, fd, room, path, limit);
    if (!direct)
        close(fd);
    if (st != CLI_OK)
        file_free(out);
    return st;
}

/* ---- mapping ---- */

static struct sigaction before_mapping;

/* Only calls that POSIX allows in a handler of signals. */
static void cut_short(int number)
{
    static const char text[] = "unseen: a file was cut short while it was being read; try again "
                               "when nobody writes to it\n";

    (void)number;
    doomed_remove();
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(CLI_IO);
    _exit(CLI_IO);
}

static void watch_mapping(void)
{
    struct sigaction now;

    memset(&now, 0, sizeof now);
    now.sa_handler = cut_short;
    sigemptyset(&now.sa_mask);
    sigaction(SIGBUS, &now, &before_mapping);
}

/* Whether the file could be mapped. */
static int map(file_mapping *out, int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (at == MAP_FAILED)
        return 0;
    (void)posix_madvise(at, size, POSIX_MADV_SEQUENTIAL);
    watch_mapping();
    *out = (file_mapping){{at, size}, 1};
    return 1;
}

int file_map(file_mapping *out, const char *path, size_t limit)
{
    struct stat info;
    int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int done = 0;

    *out = (file_mapping){{NULL, 0}, 0};
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
        (uintmax_t)info.st_size <= limit)
        done = map(out, fd, (size_t)info.st_size);
    if (fd >= 0)
        close(fd);
    /* Whatever cannot be mapped is read, and if that fails too, it says why. */
    return done ? CLI_OK : file_read(&out->bytes, path, limit);
}

void file_unmap(file_mapping *m)
{
    if (m->mapped) {
        munmap(m->bytes.data, m->bytes.size);
        sigaction(SIGBUS, &before_mapping, NULL);
    } else {
        file_free(&m->bytes);
    }
    *m = (file_mapping){{NULL, 0}, 0};
}
