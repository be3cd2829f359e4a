/* Common ground of the test programs: cmocka, replayable randomness, edge-biased draws, tolerances.
 *
 * Every program that draws at random starts from testing_seed(), which prints the seed; the
 * environment variable TEST_SEED replays it, TEST_ITERS multiplies the number of repetitions and
 * TEST_LONG=1 asks for real parameters where the default is small ones (make check-long).
 */
#ifndef UNSEEN_TESTS_TESTING_H
#define UNSEEN_TESTS_TESTING_H

/* Tests may make files; the libraries may not. For a program that includes this header first. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** State of a test generator (SplitMix64): one word, any value is valid. Never for secrets. */
typedef struct testing_rng {
    uint64_t state;
} testing_rng;

/** The seed of this run: TEST_SEED when set (decimal or 0x...), else the clock. Printed once. */
static inline uint64_t testing_seed(void)
{
    static uint64_t seed;
    static int known;

    if (!known) {
        const char *text = getenv("TEST_SEED");
        if (text != NULL && *text != '\0') {
            seed = (uint64_t)strtoull(text, NULL, 0);
        } else {
            struct timespec now = {0, 0};
            (void)timespec_get(&now, TIME_UTC);
            seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
        }
        known = 1;
        printf("# TEST_SEED=0x%016" PRIx64 "\n", seed);
        fflush(stdout);
    }
    return seed;
}

/** Start a generator from a seed; different seeds give unrelated streams. */
static inline void testing_rng_init(testing_rng *rng, uint64_t seed)
{
    rng->state = seed;
}

/** 64 uniform bits. */
static inline uint64_t testing_u64(testing_rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/** A number in [0, bound), bound > 0. The bias of the remainder does not matter to a test. */
static inline uint64_t testing_below(testing_rng *rng, uint64_t bound)
{
    return testing_u64(rng) % bound;
}

/** Whether x and y are the same float. In `x == 0.1f` the constant may have more digits than a
 * float holds, where FLT_EVAL_METHOD is not 0; an argument has not. */
static inline int testing_same(float x, float y)
{
    return x == y;
}

/** A double in [lo, hi), 53 random bits. */
static inline double testing_uniform(testing_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * ((double)(testing_u64(rng) >> 11) / 9007199254740992.0);
}

/** A residue in [0, q), q > 1, half of the time at an edge: 0, 1, q-1, q/2 and its neighbours, a
 *  long run of ones. */
static inline uint64_t testing_residue(testing_rng *rng, uint64_t q)
{
    uint64_t pick = testing_u64(rng);

    switch (pick & 15) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return q - 1;
    case 3:
        return q / 2;
    case 4:
        return (q / 2 + 1) % q;
    case 5:
        return (q / 2 + q - 1) % q;
    case 6:
        return q > 2 ? q - 2 : 0;
    case 7:
        return (UINT64_MAX >> (pick >> 58)) % q;
    default:
        return testing_u64(rng) % q;
    }
}

/** A word with edges of its own: 0, 1, all ones, a run of ones, a single bit, or uniform. */
static inline uint64_t testing_edge_u64(testing_rng *rng)
{
    uint64_t pick = testing_u64(rng);
    unsigned int shift = (unsigned int)(pick >> 58);

    switch (pick & 15) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return UINT64_MAX;
    case 3:
        return UINT64_MAX >> shift;
    case 4:
        return UINT64_MAX << shift;
    case 5:
        return UINT64_C(1) << shift;
    default:
        return testing_u64(rng);
    }
}

/** Fill a[0..n) with edge-biased residues modulo q. */
static inline void testing_residues(testing_rng *rng, uint64_t *a, size_t n, uint64_t q)
{
    for (size_t i = 0; i < n; i++)
        a[i] = testing_residue(rng, q);
}

/** default_count, times TEST_ITERS when that is a positive number. */
static inline int testing_iters(int default_count)
{
    const char *text = getenv("TEST_ITERS");
    long factor = text != NULL ? strtol(text, NULL, 10) : 1;

    if (factor < 1)
        factor = 1;
    if (factor > 1000000 / (default_count > 0 ? default_count : 1))
        return default_count > 1000000 ? default_count : 1000000;
    return (int)factor * default_count;
}

/** 1 when TEST_LONG is set and not 0: the test may use real parameters and minutes. */
static inline int testing_long(void)
{
    const char *text = getenv("TEST_LONG");

    return text != NULL && *text != '\0' && strcmp(text, "0") != 0;
}

/** Fails the test unless |got - want| <= bound; prints the three numbers. NaN fails. */
#define testing_assert_near(got, want, bound)                                                      \
    testing_near_at((double)(got), (double)(want), (double)(bound), __FILE__, __LINE__)

static inline void testing_near_at(double got, double want, double bound, const char *file,
                                   int line)
{
    if (!(fabs(got - want) <= bound)) {
        print_error("%.17g is not within %.3g of %.17g (off by %.3g)\n", got, bound, want,
                    fabs(got - want));
        _fail(file, line);
    }
}

/** An allocator that refuses from the k-th request on (or only the k-th), and counts what is not
 *  freed.
 *
 *  Its two functions have the shape that ckks_allocator wants; give the structure as user. Blocks
 *  are aligned to 64 bytes. The k-th failure of an operation is tried for every k by
 *
 *      for (int k = 1;; k++) { testing_alloc t = {.fail_at = k}; run(&t); assert t.live == 0;
 *                              if (t.calls < k) break; }
 */
typedef struct testing_alloc {
    int fail_at;      /* 0: never; k: the k-th call fails */
    int fail_forever; /* 1: every call from the k-th on fails */
    int calls;        /* requests seen so far */
    int live;         /* blocks given out and not returned */
} testing_alloc;

static inline void *testing_alloc_get(void *user, size_t bytes)
{
    testing_alloc *t = user;
    void *p = NULL;

    t->calls++;
    if (t->fail_at > 0 && (t->calls == t->fail_at || (t->fail_forever && t->calls > t->fail_at)))
        return NULL;
    if (bytes > SIZE_MAX - 63)
        return NULL;
    p = aligned_alloc(64, bytes == 0 ? 64 : (bytes + 63) / 64 * 64);
    if (p != NULL)
        t->live++;
    return p;
}

static inline void testing_alloc_put(void *user, void *p)
{
    testing_alloc *t = user;

    if (p != NULL)
        t->live--;
    free(p);
}

#endif
