/* For readers that want the path of a file: the input as one, in memory. */
#ifndef UNSEEN_TESTS_FUZZ_FUZZ_PATH_H
#define UNSEEN_TESTS_FUZZ_FUZZ_PATH_H

#include <stddef.h>
#include <stdint.h>

/** A path under which these bytes can be read until the next call. */
const char *fuzz_path(const uint8_t *in, size_t size);

#endif
