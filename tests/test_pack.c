/* Packed rows: the format, and dot_key and dot_pair against sums term by term. */
#include "ckks/kernel/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/kernel/modulus.h"
#include "ckks/ring/galois.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { N_MAX = 256, COUNT = 5, PICKS = 7 };

static void format(void **state)
{
    uint8_t bytes[6 * 8] = {0};

    (void)state;
    ckks_packed_put(bytes, 1, UINT64_C(0x665544332211));
    for (int k = 0; k < 6; k++)
        assert_int_equal(bytes[6 + k], 0x11 * (k + 1));
    assert_true(ckks_packed_get(bytes, 1) == UINT64_C(0x665544332211));
    assert_true(ckks_packed_get(bytes, 0) == 0);
}

/* Place i of stream s of tile t lies behind all streams of the tiles before and s rows of its own.
 */
static void interleaving(void **state)
{
    static uint64_t row[3][N_MAX], back[N_MAX];
    static uint8_t block[3 * N_MAX * 6 + CKKS_PACKED_SLACK];

    (void)state;
    for (size_t n = 8; n <= N_MAX; n *= 2) {
        const size_t tile = ckks_tile(n);
        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < n; i++)
                row[s][i] = (s << 40) + i;
            ckks_pack_row(block, row[s], s, 3, n);
        }
        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < n; i++) {
                size_t at = i / tile * 3 * tile + s * tile + i % tile;
                assert_true(ckks_packed_get(block, at) == row[s][i]);
            }
            ckks_unpack_row(back, block, s, 3, n);
            assert_memory_equal(back, row[s], n * sizeof *back);
        }
    }
}

typedef struct world {
    ckks_modulus m;
    _Alignas(64) uint64_t x[COUNT][N_MAX];
    _Alignas(64) uint64_t key[2 * COUNT][N_MAX];
    _Alignas(64) uint64_t turned[N_MAX], add[2][N_MAX], out[2][N_MAX];
    _Alignas(64) uint64_t tiles[PICKS][2][CKKS_TILE];
    uint8_t y[2 * COUNT * N_MAX * 6 + CKKS_PACKED_SLACK];
    uint32_t block[N_MAX / 8], index[N_MAX];
} world;

static uint64_t draw(testing_rng *rng, uint64_t q)
{
    uint64_t r = testing_u64(rng);

    return r % 5 == 0 ? q - 1 : r % 7 == 0 ? 0 : r % q;
}

static void key_products(world *w, testing_rng *rng, const ckks_kernel *kernel, uint64_t element)
{
    const ckks_mod *mod = &w->m.mod;
    const size_t n = w->m.n, tile = ckks_tile(n);
    const uint64_t *x[COUNT];
    ckks_permutation turn = {.block = w->block};
    ckks_key_product p = {x, COUNT, w->y, COUNT, NULL, NULL, {NULL, NULL}};

    for (size_t d = 0; d < COUNT; d++)
        x[d] = w->x[d];
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < COUNT; d++)
            w->x[d][i] = draw(rng, CKKS_MAX_PRIME);
        for (size_t s = 0; s < 2 * COUNT; s++)
            w->key[s][i] = draw(rng, w->m.q);
        w->turned[i] = draw(rng, w->m.q);
        w->add[0][i] = draw(rng, w->m.q);
        w->add[1][i] = draw(rng, w->m.q);
    }
    for (size_t s = 0; s < 2 * COUNT; s++)
        ckks_pack_row(w->y, w->key[s], s, 2 * COUNT, n);
    ckks_galois_permutation(&turn, CKKS_RING_COMPLEX, w->m.log_n, element);
    ckks_galois_table(w->index, CKKS_RING_COMPLEX, w->m.log_n, element);
    for (int use = 0; use < 16; use++) {
        p.turn = use & 1 ? &turn : NULL;
        p.turned = use & 2 ? w->turned : NULL;
        p.add[0] = use & 4 ? w->add[0] : NULL;
        p.add[1] = use & 8 ? w->add[1] : NULL;
        for (p.count = 1; p.count <= COUNT; p.count += 2) {
            size_t first = use & 1 && n > tile ? tile : 0, places = n - first;
            kernel->dot_key(w->out[0], w->out[1], &p, first, places, &w->m);
            for (size_t i = first; i < n; i++) {
                size_t from = use & 1 ? w->index[i] : i;
                for (int h = 0; h < 2; h++) {
                    uint64_t want = p.add[h] != NULL ? p.add[h][i] : 0;
                    if (h == 0 && p.turned != NULL)
                        want = ckks_mod_add(want, p.turned[from], w->m.q);
                    for (size_t d = 0; d < p.count; d++)
                        want = ckks_mod_add(want,
                                            ckks_mod_mul(ckks_mod_reduce_u64(x[d][from], mod),
                                                         w->key[2 * d + (size_t)h][i], mod),
                                            w->m.q);
                    assert_true(w->out[h][i - first] == want);
                }
            }
        }
    }
}

static void pair_products(world *w, testing_rng *rng, const ckks_kernel *kernel)
{
    const ckks_mod *mod = &w->m.mod;
    const size_t n = ckks_tile(w->m.n);
    uint16_t pick[CKKS_KERNEL_MAX_TERMS];
    uint8_t *y = calloc(CKKS_KERNEL_MAX_TERMS * n * 6 + CKKS_PACKED_SLACK, 1);
    uint64_t *tiles = &w->tiles[0][0][0];

    assert_non_null(y);
    for (size_t i = 0; i < PICKS * 2 * n; i++)
        tiles[i] = draw(rng, CKKS_MAX_PRIME);
    for (size_t k = 0; k < CKKS_KERNEL_MAX_TERMS; k++) {
        pick[k] = (uint16_t)(testing_u64(rng) % PICKS);
        for (size_t i = 0; i < n; i++)
            ckks_packed_put(y, k * n + i, draw(rng, w->m.q));
    }
    for (size_t count = 1; count <= CKKS_KERNEL_MAX_TERMS; count = count * 3 + 1) {
        kernel->dot_pair(w->out[0], w->out[1], tiles, pick, y, count, n, &w->m);
        for (size_t i = 0; i < n; i++) {
            for (size_t h = 0; h < 2; h++) {
                uint64_t want = 0;
                for (size_t k = 0; k < count; k++) {
                    uint64_t x = ckks_mod_reduce_u64(tiles[(2 * pick[k] + h) * n + i], mod);
                    want = ckks_mod_add(want, ckks_mod_mul(x, ckks_packed_get(y, k * n + i), mod),
                                        w->m.q);
                }
                assert_true(w->out[h][i] == want);
            }
        }
    }
    free(y);
}

/* Every family that this machine runs, rings below, at and above one tile, small and large primes.
 */
static void products(void **state)
{
    static const double sizes[] = {46.8, 40.0, 13.0};
    static world w;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int f = 0; ckks_kernel_list(f) != NULL; f++) {
        const ckks_kernel *kernel = ckks_kernel_list(f);
        if (ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, kernel->name) == NULL)
            continue;
        print_message("kernel %s\n", kernel->name);
        for (int log_n = 3; log_n <= 8; log_n++) {
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                uint64_t q = 0;
                assert_int_equal(
                    ckks_prime_below(&q, (uint64_t)exp2(sizes[s]), UINT64_C(2) << log_n), CKKS_OK);
                assert_int_equal(ckks_modulus_init(&w.m, q, CKKS_RING_COMPLEX, log_n, kernel, NULL),
                                 CKKS_OK);
                key_products(&w, &rng, kernel, 5);
                key_products(&w, &rng, kernel, (UINT64_C(2) << log_n) - 3);
                pair_products(&w, &rng, kernel);
                ckks_modulus_clear(&w.m);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format),
        cmocka_unit_test(interleaving),
        cmocka_unit_test(products),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
