/* The state folder. */
#define _XOPEN_SOURCE 700

#include "tools/net/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/file.h"

enum { STALE_SECONDS = 3600 };

/* Every folder on the way to a file. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        int error;
        *slash = '\0';
        error = mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
        if (error != 0) {
            int code = cli_fail(cli_exit_of_errno(error), path, "this folder cannot be made: %s",
                                strerror(error));
            *slash = '/';
            return code;
        }
        *slash = '/';
    }
    return CLI_OK;
}

/* What others left behind is no reason to fail: what cannot be removed stays. */
static void tidy(const char *path)
{
    char folder[STATE_PATH];
    DIR *d;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    d = opendir(folder);
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct stat info;
        if (output_is_temporary(e->d_name) &&
            fstatat(dirfd(d), e->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode) && time(NULL) - info.st_mtime > STALE_SECONDS)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

int state_path(char path[STATE_PATH], const char *name)
{
    /* XDG: only absolute paths count. */
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n, st;

    if (state != NULL && state[0] == '/')
        n = snprintf(path, STATE_PATH, "%s/unseen/%s", state, name);
    else if (home != NULL && home[0] == '/')
        n = snprintf(path, STATE_PATH, "%s/.local/state/unseen/%s", home, name);
    else
        return cli_fail(CLI_NO_FILE, NULL,
                        "there is no place for keys: set HOME or XDG_STATE_HOME to a folder");
    if (n < 0 || n >= STATE_PATH)
        return cli_fail(CLI_NO_FILE, NULL, "the path of the state folder is longer than %d bytes",
                        STATE_PATH - 1);
    st = make_folders(path);
    if (st == CLI_OK)
        tidy(path);
    return st;
}

int state_has(int *there, const char *path)
{
    *there = access(path, F_OK) == 0;
    if (*there || errno == ENOENT)
        return CLI_OK;
    return cli_fail(cli_exit_of_errno(errno), path, "cannot be looked at: %s", strerror(errno));
}
