/* Outputs that appear complete or not at all. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/doomed.h"
#include "tools/file.h"

static const char *name_of(const output_file *o)
{
    return strcmp(o->path, "-") == 0 ? "standard output" : o->path;
}

static int fail_errno(const output_file *o, const char *what, int error)
{
    return cli_fail(cli_exit_of_errno(error), name_of(o), "%s: %s", what, strerror(error));
}

static int refuse_terminal(const output_file *o, int flags)
{
    if ((flags & OUTPUT_BINARY) != 0 && isatty(o->fd))
        return cli_fail(CLI_REFUSED, name_of(o),
                        "binary data are not written to a terminal; "
                        "give a file with -o or redirect the output");
    return CLI_OK;
}

/* "FOLDER/.NAME.XXXXXX" beside the target. */
static char *temporary_name(const char *target)
{
    const char *slash = strrchr(target, '/');
    size_t folder = slash != NULL ? (size_t)(slash - target) + 1 : 0;
    size_t room = strlen(target) + sizeof "..XXXXXX";
    char *name = malloc(room);

    if (name != NULL)
        snprintf(name, room, "%.*s.%s.XXXXXX", (int)folder, target, target + folder);
    return name;
}

int output_is_temporary(const char *name)
{
    size_t n = strlen(name);

    return n >= 9 && name[0] == '.' && name[n - 7] == '.' &&
           strspn(name + n - 6, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               6;
}

/* mkstemp makes the file with mode 0600; what is no secret gets what the umask leaves of 0666. */
static int make_temporary(output_file *o, int flags)
{
    int error = 0;

    doomed_hold();
    o->fd = mkstemp(o->temporary);
    if (o->fd < 0) {
        error = errno;
    } else {
        o->made = 1;
        doomed_add(o->temporary);
    }
    doomed_let_come();
    if (o->fd < 0)
        return fail_errno(o, "cannot be made", error);
    fcntl(o->fd, F_SETFD, FD_CLOEXEC);
    if ((flags & OUTPUT_SECRET) == 0) {
        mode_t mask = umask(0);
        umask(mask);
        if (fchmod(o->fd, (mode_t)(0666 & ~mask)) != 0)
            return fail_errno(o, "cannot be made", errno);
    }
    return CLI_OK;
}

static int open_regular(output_file *o, int exists, int flags)
{
    /* Through a symbolic link the file it names is replaced, not the link. */
    o->target = exists ? realpath(o->path, NULL) : strdup(o->path);
    if (o->target == NULL)
        return fail_errno(o, "cannot be made", errno);
    o->temporary = temporary_name(o->target);
    if (o->temporary == NULL)
        return cli_fail(CLI_MEMORY, name_of(o), "no memory for a file name");
    return make_temporary(o, flags);
}

static int open_named(output_file *o, int flags)
{
    struct stat info;
    int exists = stat(o->path, &info) == 0;

    /* Not to be taken for a name that is free: a secret key may be there. */
    if (!exists && errno != ENOENT)
        return fail_errno(o, "cannot be made", errno);
    if (exists && S_ISDIR(info.st_mode))
        return cli_fail(CLI_NO_FILE, o->path, "this is a folder, not a file");
    if (exists && (flags & OUTPUT_KEEP) != 0 && S_ISREG(info.st_mode))
        return cli_fail(CLI_REFUSED, o->path,
                        "exists, and a secret key is not overwritten "
                        "(--force does it)");
    if (!exists || S_ISREG(info.st_mode))
        return open_regular(o, exists, flags);
    o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (o->fd < 0)
        return fail_errno(o, "cannot be opened", errno);
    return refuse_terminal(o, flags);
}

int output_open(output_file *o, const char *path, int flags)
{
    int st;

    *o = (output_file)OUTPUT_NONE;
    o->path = path;
    doomed_watch();
    /* A file size limit then shows as EFBIG from write, and is reported as one. */
    signal(SIGXFSZ, SIG_IGN);
    if (strcmp(path, "-") == 0) {
        fflush(stdout);
        o->fd = STDOUT_FILENO;
        st = refuse_terminal(o, flags);
    } else {
        st = open_named(o, flags);
    }
    if (st != CLI_OK)
        output_abort(o);
    return st;
}

int output_write(output_file *o, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t done = write(o->fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_errno(o, "cannot be written", errno);
        at += done;
        size -= (size_t)done;
    }
    return CLI_OK;
}

/* Bring everything to the disk and close, so that only the rename is left. */
static int prepare(output_file *o)
{
    int fd = o->fd, error = 0;

    if (fd < 0)
        return CLI_OK;
    /* Pipes and devices cannot sync and say EINVAL, which is no loss. */
    if (fsync(fd) != 0 && o->target != NULL)
        error = errno;
    o->fd = -1;
    if (fd != STDOUT_FILENO && close(fd) != 0 && error == 0)
        error = errno;
    return error == 0 ? CLI_OK : fail_errno(o, "cannot be written", error);
}

/* So that the new name survives a crash too; a folder that cannot be opened or synced is let be. */
static void sync_folder(char *target)
{
    char *slash = strrchr(target, '/');
    int fd;

    if (slash != NULL)
        slash[slash == target] = '\0';
    fd = open(slash != NULL ? target : ".", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static void release(output_file *o)
{
    doomed_hold();
    doomed_forget(o->temporary);
    doomed_let_come();
    free(o->temporary);
    free(o->target);
    *o = (output_file)OUTPUT_NONE;
}

static int give_name(const output_file *o)
{
    if (o->target != NULL && rename(o->temporary, o->target) != 0)
        return fail_errno(o, "cannot be made", errno);
    return CLI_OK;
}

static void settle(output_file *o)
{
    if (o->target != NULL)
        sync_folder(o->target);
    release(o);
}

int output_commit(output_file *o)
{
    int st = prepare(o);

    if (st == CLI_OK)
        st = give_name(o);
    if (st == CLI_OK)
        settle(o);
    return st;
}

int output_commit_both(output_file *first, output_file *second)
{
    int named, st = prepare(first);

    if (st == CLI_OK)
        st = prepare(second);
    if (st != CLI_OK)
        return st;
    /* What would end the program waits until both have their names, or neither. */
    doomed_hold();
    st = give_name(first);
    named = st == CLI_OK;
    if (named)
        st = give_name(second);
    if (named && st != CLI_OK && first->target != NULL)
        unlink(first->target);
    doomed_let_come();
    if (named)
        settle(first);
    if (st == CLI_OK)
        settle(second);
    return st;
}

void output_abort(output_file *o)
{
    if (o->fd >= 0 && o->fd != STDOUT_FILENO)
        close(o->fd);
    /* The name is a file of ours only once mkstemp has made it. */
    if (o->made)
        unlink(o->temporary);
    release(o);
}

int output_whole(const char *path, int flags, const void *bytes, size_t size)
{
    output_file o;
    int st = output_open(&o, path, flags);

    if (st == CLI_OK)
        st = output_write(&o, bytes, size);
    if (st == CLI_OK)
        st = output_commit(&o);
    output_abort(&o);
    return st;
}
