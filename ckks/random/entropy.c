/* The only file that asks the operating system for anything but memory. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE 1

#include "ckks/random/entropy.h"

#include <string.h>

#if defined(__linux__)
#include <errno.h>
#include <sys/random.h>
#elif defined(__APPLE__)
#include <sys/random.h>
#else
#include <unistd.h>
#endif

#include "ckks/base/ct.h"

#if defined(__linux__)

/* getrandom waits until the pool is filled for the first time, and may be interrupted while it
 * does. */
static int system_fill(uint8_t *out, size_t bytes)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t got = getrandom(out + done, bytes - done, 0);

        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

#else

static int system_fill(uint8_t *out, size_t bytes)
{
    return getentropy(out, bytes);
}

#endif

ckks_status ckks_entropy(uint8_t out[CKKS_SEED_BYTES])
{
    return ckks_entropy_from(NULL, out);
}

ckks_status ckks_entropy_from(const ckks_entropy_source *source, uint8_t out[CKKS_SEED_BYTES])
{
    int failed;

    memset(out, 0, CKKS_SEED_BYTES);
    if (source != NULL && source->fill != NULL)
        failed = source->fill(source->user, out, CKKS_SEED_BYTES);
    else
        failed = system_fill(out, CKKS_SEED_BYTES);
    if (failed != 0) {
        memset(out, 0, CKKS_SEED_BYTES);
        return CKKS_ERR_ENTROPY;
    }
    CKKS_SECRET(out, CKKS_SEED_BYTES);
    return CKKS_OK;
}
