/* Several sums of the AVX-512 family against the portable ones, bit for bit: every number of sums
 * around a group of four, rows of one vector and more, one term and all that are allowed, random
 * and largest values. */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { LOG_N = 5, N = 1 << LOG_N, ROWS = 9, TERMS = CKKS_KERNEL_MAX_TERMS, DISTINCT = 5 };

static const char name[] = "avx512ifma";

typedef struct world {
    ckks_modulus fast, plain;
    _Alignas(64) uint64_t row[DISTINCT][N];
    _Alignas(64) uint64_t got[ROWS][N], want[N];
    uint64_t word[ROWS][TERMS];
} world;

static world t;

static void check(size_t count, size_t n)
{
    static const uint64_t *x[TERMS];
    const uint64_t *w[ROWS];
    uint64_t *out[ROWS];

    for (size_t k = 0; k < count; k++)
        x[k] = t.row[k % DISTINCT];
    for (size_t r = 0; r < ROWS; r++) {
        out[r] = t.got[r];
        w[r] = t.word[r];
    }
    for (size_t rows = 0; rows <= ROWS; rows++) {
        memset(t.got, 0xa5, sizeof t.got);
        t.fast.kernel->dot_scalars(out, rows, x, w, count, n, &t.fast);
        for (size_t r = 0; r < rows; r++) {
            t.plain.kernel->dot_scalar(t.want, x, w[r], count, n, &t.plain);
            assert_memory_equal(t.got[r], t.want, n * sizeof(uint64_t));
        }
        /* Nothing is written behind the row, nor to rows that were not asked for. */
        for (size_t r = 0; r < ROWS; r++)
            for (size_t i = r < rows ? n : 0; i < N; i++)
                assert_true(t.got[r][i] == UINT64_C(0xa5a5a5a5a5a5a5a5));
    }
}

static void sums_are_those_of_the_portable_family(void **state)
{
    static const size_t counts[] = {1, 2, 25, 1023, 1024, 1025, TERMS};
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);
    testing_rng rng;

    (void)state;
    if (kernel == NULL) {
        printf("# %s: not in this build, or not on this machine\n", name);
        skip();
    }
    testing_rng_init(&rng, testing_seed());
    for (int large = 0; large < 2; large++) {
        uint64_t q = large ? CKKS_MAX_PRIME + 1 : (uint64_t)1 << 20;
        assert_int_equal(ckks_prime_below(&q, q, 2 * N), CKKS_OK);
        assert_int_equal(ckks_modulus_init(&t.fast, q, CKKS_RING_COMPLEX, LOG_N, kernel, NULL),
                         CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&t.plain, q, CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL),
            CKKS_OK);
        for (int largest = 0; largest < 2; largest++) {
            for (size_t d = 0; d < DISTINCT; d++) {
                testing_residues(&rng, t.row[d], N, CKKS_MAX_PRIME);
                for (size_t i = 0; largest && i < N; i++)
                    t.row[d][i] = CKKS_MAX_PRIME - 1;
            }
            for (size_t r = 0; r < ROWS; r++)
                for (size_t k = 0; k < TERMS; k++)
                    t.word[r][k] = largest ? q - 1 : testing_residue(&rng, q);
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
                for (size_t n = 8; n <= N; n += 8)
                    check(counts[c], n);
        }
        ckks_modulus_clear(&t.fast);
        ckks_modulus_clear(&t.plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_portable_family),
    };
    return cmocka_run_group_tests_name("kernel_avx512_sums", tests, NULL, NULL);
}
