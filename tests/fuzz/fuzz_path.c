/* A file in memory that is filled anew for every input. */
#define _GNU_SOURCE

#include "tests/fuzz/fuzz_path.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

const char *fuzz_path(const uint8_t *in, size_t size)
{
    static int fd = -1;
    static char path[32];

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        fuzz_must(fd >= 0);
        snprintf(path, sizeof path, "/dev/fd/%d", fd);
    }
    fuzz_must(ftruncate(fd, 0) == 0);
    fuzz_must(pwrite(fd, in, size, 0) == (ssize_t)size);
    return path;
}
