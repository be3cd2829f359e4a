/* Constant-time tools: masks, selects and the marks by which checkers see secrets.
 *
 * A mask is 0 or all ones. Every mask passes ckks_ct_barrier_u64, so that the compiler cannot turn
 * the select that uses it back into a branch.
 *
 * CKKS_SECRET(p, n) stands at the birth of a secret, CKKS_PUBLIC(p, n) where one is declassified
 * (with a comment saying why that is safe). They do nothing unless
 *  - CKKS_CT_CHECK (or CKKS_CT_VALGRIND) is defined: valgrind's memcheck treats the bytes as
 * undefined, and reports each branch and each address that depends on them;
 *  - clang compiles with -fsanitize=memory: the same with MemorySanitizer.
 */
#ifndef UNSEEN_CKKS_BASE_CT_H
#define UNSEEN_CKKS_BASE_CT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define CKKS_CT_MSAN 1
#endif
#endif

#if defined(CKKS_CT_MSAN)
#include <sanitizer/msan_interface.h>
#define CKKS_SECRET(p, n) __msan_allocated_memory((p), (n))
#define CKKS_PUBLIC(p, n) __msan_unpoison((p), (n))
#define CKKS_CT_MARKS 1
#elif defined(CKKS_CT_CHECK) || defined(CKKS_CT_VALGRIND)
#include <valgrind/memcheck.h>
#define CKKS_SECRET(p, n) ((void)VALGRIND_MAKE_MEM_UNDEFINED((p), (n)))
#define CKKS_PUBLIC(p, n) ((void)VALGRIND_MAKE_MEM_DEFINED((p), (n)))
#define CKKS_CT_MARKS 1
#else
#define CKKS_SECRET(p, n) ((void)(p), (void)(n))
#define CKKS_PUBLIC(p, n) ((void)(p), (void)(n))
#define CKKS_CT_MARKS 0
#endif

/** x, but the compiler knows nothing about it.  Time: constant */
static inline uint64_t ckks_ct_barrier_u64(uint64_t x)
{
#if defined(CKKS_CT_MSAN) || !(defined(__GNUC__) || defined(__clang__))
    /* MemorySanitizer takes an asm operand for a use of the value: go through memory instead. */
    volatile uint64_t hidden = x;
    return hidden;
#else
    __asm__("" : "+r"(x));
    return x;
#endif
}

/** All ones when bit is 1, 0 when it is 0.  Range: bit in {0, 1}.  Time: constant */
static inline uint64_t ckks_ct_mask_bit(uint64_t bit)
{
    return ckks_ct_barrier_u64(0 - bit);
}

/** All ones when x != 0.  Time: constant */
static inline uint64_t ckks_ct_mask_nonzero(uint64_t x)
{
    return ckks_ct_mask_bit((x | (0 - x)) >> 63);
}

/** All ones when a < b.  Range: any.  Time: constant */
static inline uint64_t ckks_ct_mask_less(uint64_t a, uint64_t b)
{
    /* The borrow of a - b. */
    return ckks_ct_mask_bit(((~a & b) | ((~a | b) & (a - b))) >> 63);
}

/** a where mask is all ones, b where it is 0.  Time: constant */
static inline uint64_t ckks_ct_select(uint64_t mask, uint64_t a, uint64_t b)
{
    return b ^ (mask & (a ^ b));
}

/** 1 when the n bytes are equal, else 0.  Time: depends on n alone */
static inline int ckks_ct_equal(const void *a, const void *b, size_t n)
{
    const uint8_t *pa = a;
    const uint8_t *pb = b;
    uint64_t different = 0;

    for (size_t i = 0; i < n; i++)
        different |= (uint64_t)(pa[i] ^ pb[i]);
    return (int)(1 & ~ckks_ct_mask_nonzero(different));
}

#endif
