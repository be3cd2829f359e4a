/* For readers that want the path of a file: the input as one, in memory where the system can. */
#ifndef UNSEEN_TESTS_FUZZ_FUZZ_PATH_H
#define UNSEEN_TESTS_FUZZ_FUZZ_PATH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create; this header comes first */
#endif

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/** A path under which these bytes can be read until the next call. */
static inline const char *fuzz_path(const uint8_t *in, size_t size)
{
    static int fd = -1;
    static char path[32];

    if (fd < 0) {
#ifdef MFD_CLOEXEC
        fd = memfd_create("fuzz", MFD_CLOEXEC);
#else
        fd = fileno(tmpfile());
#endif
        fuzz_must(fd >= 0);
        snprintf(path, sizeof path, "/dev/fd/%d", fd);
    }
    fuzz_must(ftruncate(fd, 0) == 0);
    fuzz_must(pwrite(fd, in, size, 0) == (ssize_t)size);
    return path;
}

#endif
