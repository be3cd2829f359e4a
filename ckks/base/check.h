/* Control flow and invariants that every file uses.
 *
 * CKKS_TRY is the one way to pass a failure up; CKKS_VERIFY states what the callers inside this
 * folder guarantee. It is compiled only into verify builds (-DCKKS_VERIFY_BUILD) and must have no
 * side effects.
 */
#ifndef UNSEEN_CKKS_BASE_CHECK_H
#define UNSEEN_CKKS_BASE_CHECK_H

#include <limits.h>
#include <stdint.h>

/* Needs a local `ckks_status st` and a label `out:` in the function. */
#define CKKS_TRY(expr)                                                                             \
    do {                                                                                           \
        st = (expr);                                                                               \
        if (st != 0)                                                                               \
            goto out;                                                                              \
    } while (0)

#if defined(CKKS_VERIFY_BUILD) && (defined(__GNUC__) || defined(__clang__))
#define CKKS_VERIFY(cond)                                                                          \
    do {                                                                                           \
        if (!(cond))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)
#else
#define CKKS_VERIFY(cond)                                                                          \
    do {                                                                                           \
        (void)sizeof(cond);                                                                        \
    } while (0)
#endif

/* What the arithmetic of this folder takes for granted. */
_Static_assert(CHAR_BIT == 8, "bytes of 8 bits");
_Static_assert(sizeof(int) >= 4, "int of at least 32 bits");
_Static_assert(sizeof(double) == 8, "IEEE double");
_Static_assert((-1 & 3) == 3, "two's complement");
_Static_assert((INT64_C(-3) >> 1) == -2, "arithmetic shift of negative numbers");

#endif
