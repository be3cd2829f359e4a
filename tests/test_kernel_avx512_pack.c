/* The packed products of the AVX-512 family against the portable ones, bit for bit, where
 * test_pack.c does not go: the largest sums, keys of more digits than are used, outputs in the
 * place of what is added, and memory that ends where a packed block with its slack ends.
 */
#include "ckks/kernel/modulus.h"
#include "ckks/kernel/pack.h"
#include "ckks/ring/galois.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { MAX_LOG_N = 7, MAX_N = 1 << MAX_LOG_N, MAX_DIGITS = 64, PICKS = 3 };

static const char name[] = "avx512ifma";

typedef struct world {
    ckks_modulus fast, plain;
    testing_rng rng;
    size_t n, tile;
    _Alignas(64) uint64_t x[MAX_DIGITS][MAX_N];
    _Alignas(64) uint64_t turned[MAX_N], add[2][MAX_N], got[2][MAX_N], want[2][MAX_N];
    uint32_t block[MAX_N / 8];
} world;

static world w;

/* Random residues below bound, or the largest everywhere. */
static void fill(uint64_t *row, size_t n, uint64_t bound, int largest)
{
    testing_residues(&w.rng, row, n, bound);
    for (size_t i = 0; largest && i < n; i++)
        row[i] = bound - 1;
}

/* Exactly so many packed residues and the slack; the sanitizer sees any byte beyond. */
static uint8_t *packed_block(size_t count, int largest)
{
    uint8_t *y = malloc(count * CKKS_PACKED_BYTES + CKKS_PACKED_SLACK);

    assert_non_null(y);
    for (size_t i = 0; i < count; i++) {
        uint64_t residue = largest ? w.fast.q - 1 : testing_residue(&w.rng, w.fast.q);
        ckks_packed_put(y, i, residue);
    }
    memset(y + count * CKKS_PACKED_BYTES, 0xff, CKKS_PACKED_SLACK);
    return y;
}

/* Calls check for every size of tile, some rings of several tiles, the smallest and the largest
 * primes. */
static void everywhere(void (*check)(int largest))
{
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);

    if (kernel == NULL) {
        printf("# %s: not in this build, or not on this machine\n", name);
        skip();
    }
    printf("# family %s\n", kernel->name);
    testing_rng_init(&w.rng, testing_seed());
    for (int log_n = 3; log_n <= MAX_LOG_N; log_n++) {
        const uint64_t below[] = {UINT64_C(1) << 12, UINT64_C(1) << 40, CKKS_MAX_PRIME + 1};

        for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
            uint64_t q = 0;

            assert_int_equal(ckks_prime_below(&q, below[i], UINT64_C(2) << log_n), CKKS_OK);
            assert_int_equal(ckks_modulus_init(&w.fast, q, CKKS_RING_COMPLEX, log_n, kernel, NULL),
                             CKKS_OK);
            assert_int_equal(ckks_modulus_init(&w.plain, q, CKKS_RING_COMPLEX, log_n,
                                               ckks_kernel_portable(), NULL),
                             CKKS_OK);
            w.n = w.fast.n;
            w.tile = ckks_tile(w.n);
            check(0);
            check(1);
            ckks_modulus_clear(&w.fast);
            ckks_modulus_clear(&w.plain);
        }
    }
}

static void same(void)
{
    for (int h = 0; h < 2; h++)
        assert_memory_equal(w.got[h], w.want[h], w.n * sizeof w.got[h][0]);
}

static void check_key(int largest)
{
    static const size_t strides[] = {1, 2, 3, 4, 5, 9, MAX_DIGITS};
    const uint64_t *x[MAX_DIGITS];
    ckks_permutation turn = {.block = w.block};

    ckks_galois_permutation(&turn, CKKS_RING_COMPLEX, w.fast.log_n, 25);
    for (int d = 0; d < MAX_DIGITS; d++) {
        fill(w.x[d], w.n, CKKS_MAX_PRIME, largest);
        x[d] = w.x[d];
    }
    fill(w.turned, w.n, w.fast.q, largest);
    fill(w.add[0], w.n, w.fast.q, largest);
    fill(w.add[1], w.n, w.fast.q, largest);
    for (size_t s = 0; s < sizeof strides / sizeof strides[0]; s++) {
        const size_t stride = strides[s];
        uint8_t *y = packed_block(2 * stride * w.n, largest);

        for (size_t count = 1; count <= stride; count += count < 5 ? 1 : stride - count + 1) {
            ckks_key_product p = {x, count, y, stride, &turn, w.turned, {w.add[0], w.add[1]}};

            w.plain.kernel->dot_key(w.want[0], w.want[1], &p, 0, w.n, &w.plain);
            w.fast.kernel->dot_key(w.got[0], w.got[1], &p, 0, w.n, &w.fast);
            same();
            /* In the place of what is added, from the last tile to the first. */
            memcpy(w.got, w.add, sizeof w.got);
            p.add[0] = w.got[0];
            p.add[1] = w.got[1];
            for (size_t i = w.n; i > 0; i -= w.tile) {
                const size_t first = i - w.tile;

                w.fast.kernel->dot_key(w.got[0] + first, w.got[1] + first, &p, first, w.tile,
                                       &w.fast);
            }
            same();
        }
        free(y);
    }
}

static void check_pair(int largest)
{
    static const size_t counts[] = {1, 2, 1023, 1024, 1025, 2049, CKKS_KERNEL_MAX_TERMS};
    static _Alignas(64) uint64_t x[PICKS * 2 * CKKS_TILE];
    uint16_t pick[CKKS_KERNEL_MAX_TERMS];

    fill(x, PICKS * 2 * w.tile, CKKS_MAX_PRIME, largest);
    for (size_t k = 0; k < CKKS_KERNEL_MAX_TERMS; k++)
        pick[k] = (uint16_t)testing_below(&w.rng, PICKS);
    memset(w.got, 0, sizeof w.got);
    memset(w.want, 0, sizeof w.want);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        uint8_t *y = packed_block(counts[c] * w.tile, largest);

        w.plain.kernel->dot_pair(w.want[0], w.want[1], x, pick, y, counts[c], w.tile, &w.plain);
        w.fast.kernel->dot_pair(w.got[0], w.got[1], x, pick, y, counts[c], w.tile, &w.fast);
        same();
        free(y);
    }
}

static void key_products(void **state)
{
    (void)state;
    everywhere(check_key);
}

static void pair_products(void **state)
{
    (void)state;
    everywhere(check_pair);
}

/* A ring so large that operands are asked for ahead of their use: whole rows, a part of one, and
 * the sums of a base conversion. */
static void far_rings(void **state)
{
    enum { LOG_N = 14, N = 1 << LOG_N, DIGITS = 3, FIRST = 3 * CKKS_TILE, PART = 64 * CKKS_TILE };
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);
    uint64_t(*row)[N] = NULL;
    const uint64_t *x[DIGITS];
    ckks_permutation turn = {0};
    uint64_t factor[DIGITS], q = 0;
    uint8_t *y = NULL;

    (void)state;
    if (kernel == NULL)
        skip();
    row = aligned_alloc(64, (DIGITS + 5) * sizeof *row);
    turn.block = malloc(N / 8 * sizeof *turn.block);
    assert_true(row != NULL && turn.block != NULL);
    testing_rng_init(&w.rng, testing_seed());
    assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, UINT64_C(2) << LOG_N), CKKS_OK);
    assert_int_equal(ckks_modulus_init(&w.fast, q, CKKS_RING_COMPLEX, LOG_N, kernel, NULL),
                     CKKS_OK);
    assert_int_equal(
        ckks_modulus_init(&w.plain, q, CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL),
        CKKS_OK);
    for (int d = 0; d <= DIGITS; d++)
        fill(row[d], N, q, 0);
    for (int d = 0; d < DIGITS; d++) {
        x[d] = row[d];
        factor[d] = testing_residue(&w.rng, q);
    }
    y = packed_block(2 * DIGITS * (size_t)N, 0);
    ckks_galois_permutation(&turn, CKKS_RING_COMPLEX, LOG_N, 25);
    for (int turns = 0; turns < 2; turns++) {
        ckks_key_product p = {x,           DIGITS,      y, DIGITS, turns ? &turn : NULL,
                              row[DIGITS], {NULL, NULL}};
        uint64_t *want = row[DIGITS + 1], *got = row[DIGITS + 3]; /* two rows each */

        w.plain.kernel->dot_key(want, want + N, &p, 0, N, &w.plain);
        w.fast.kernel->dot_key(got, got + N, &p, 0, N, &w.fast);
        assert_memory_equal(got, want, 2 * sizeof *row);
        w.fast.kernel->dot_key(got, got + N, &p, FIRST, PART, &w.fast);
        assert_memory_equal(got, want + FIRST, PART * sizeof *got);
        assert_memory_equal(got + N, want + N + FIRST, PART * sizeof *got);
    }
    w.plain.kernel->dot_scalar(row[DIGITS + 1], x, factor, DIGITS, N, &w.plain);
    w.fast.kernel->dot_scalar(row[DIGITS + 2], x, factor, DIGITS, N, &w.fast);
    assert_memory_equal(row[DIGITS + 1], row[DIGITS + 2], sizeof *row);
    ckks_modulus_clear(&w.fast);
    ckks_modulus_clear(&w.plain);
    free(turn.block);
    free(row);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_products),
        cmocka_unit_test(pair_products),
        cmocka_unit_test(far_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
