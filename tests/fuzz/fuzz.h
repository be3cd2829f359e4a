/* What every fuzz target of this folder offers, to libFuzzer and to tests/fuzz/replay.c alike.
 *
 * A target gives its bytes to one parser, as they are and, where a checksum would stop everything,
 * with the checksum made right; what is taken is used and written again. Whatever else happens than
 * a refusal is a fault: fuzz_must ends the program.
 */
#ifndef UNSEEN_TESTS_FUZZ_FUZZ_H
#define UNSEEN_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** The target's name: its corpus is the folder tests/fuzz/corpus/NAME, where files whose names
 * begin with "good" are taken. */
extern const char fuzz_name[];

/** How many inputs, as they were or sealed anew, the parser has taken. */
extern size_t fuzz_taken;

/** The entry point; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

/** Ends the program when the condition does not hold, in all builds. */
#define fuzz_must(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
            fflush(stdout); /* stderr may lead nowhere */                                          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
