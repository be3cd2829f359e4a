/* Numbers from residues against multi-word integers: small ones, random ones, those at +-(Q-1)/2
 * and around every partial product, for every family of kernels that runs here.
 */
#include "ckks/ring/radix.h"
#include "ckks/word/wide.h"
#include "tests/client_families.h"

enum { MOST = 8, LOG_N = 11, N = 1 << LOG_N };

typedef struct world {
    ckks_modulus m[MOST];
    uint64_t q[MOST];
    uint64_t *rows;
    double *out;
    double want[N];
} world;

/* Distinct primes from 2^46.8 down to about 2^13, in no order of size. */
static void world_start(world *w, const ckks_kernel *kernel)
{
    static const double bits[MOST] = {46.0, 40.5, 46.8, 30.0, 20.0, 16.0, 46.7, 35.0};

    for (int l = 0; l < MOST; l++) {
        assert_int_equal(ckks_prime_below(&w->q[l], (uint64_t)exp2(bits[l]), 2 * N), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&w->m[l], w->q[l], CKKS_RING_COMPLEX, LOG_N, kernel, NULL), CKKS_OK);
    }
    w->rows = aligned_alloc(64, MOST * N * sizeof *w->rows);
    w->out = aligned_alloc(64, N * sizeof *w->out);
    assert_true(w->rows != NULL && w->out != NULL);
}

static void world_stop(world *w)
{
    for (int l = 0; l < MOST; l++)
        ckks_modulus_clear(&w->m[l]);
    free(w->rows);
    free(w->out);
}

/* Place i becomes x, or -x. */
static void put(world *w, int count, size_t i, const ckks_wide *x, int negative)
{
    w->want[i] = negative ? -ckks_wide_real(x) : ckks_wide_real(x);
    for (int l = 0; l < count; l++) {
        const uint64_t r = ckks_wide_mod_u64(x, w->q[l]);

        w->rows[(size_t)l * N + i] = negative && r != 0 ? w->q[l] - r : r;
    }
}

/* x = a random number of at most (limit - 1) / 2, limit odd. */
static void draw(ckks_wide *x, const ckks_wide *limit, testing_rng *rng)
{
    ckks_wide half = *limit;

    (void)ckks_wide_div_u64(&half, 2);
    do {
        int words = 0;

        for (int i = 0; i < CKKS_WIDE_WORDS; i++) {
            x->word[i] = half.word[i] != 0 ? testing_u64(rng) : 0;
            words = half.word[i] != 0 ? i : words;
        }
        x->word[words] %= half.word[words] + 1;
    } while (ckks_wide_compare(x, &half) > 0);
}

static void add_small(ckks_wide *x, uint64_t y)
{
    for (int i = 0; y != 0 && i < CKKS_WIDE_WORDS; i++) {
        x->word[i] += y;
        y = x->word[i] < y;
    }
}

/* Half of a product of the first primes, and what is next to it: there the digits carry. */
static size_t put_edges(world *w, int count)
{
    size_t i = 0;

    for (int part = 1; part <= count; part++) {
        ckks_wide x;

        ckks_wide_product(&x, w->q, part);
        (void)ckks_wide_div_u64(&x, 2);
        for (int negative = 0; negative < 2; negative++)
            put(w, count, i++, &x, negative);
        if (part == count)
            break;
        add_small(&x, 1);
        for (int negative = 0; negative < 2; negative++)
            put(w, count, i++, &x, negative);
    }
    return i;
}

static void check(const ckks_kernel *kernel, testing_rng *rng)
{
    static world w;
    const double factor = 0.7;

    world_start(&w, kernel);
    for (int count = 1; count <= MOST; count++) {
        /* The result's own bound, and the rounding of the wanted value and of its product. */
        const double bound = (2 * count + 1) * 0x1p-53 + 0x1p-52 + 0x1p-53;
        size_t i = put_edges(&w, count);

        for (; i < N; i++) {
            ckks_wide limit;
            ckks_wide x;

            ckks_wide_product(&limit, w.q, 1 + (int)testing_below(rng, (uint64_t)count));
            if (i % 7 == 0)
                ckks_wide_set(&limit, 2 * (i % 100) + 1);
            draw(&x, &limit, rng);
            put(&w, count, i, &x, (int)(i & 1));
        }
        ckks_radix_real(w.out, w.rows, w.m, count, factor);
        for (i = 0; i < N; i++) {
            testing_assert_near(w.out[i], w.want[i] * factor, bound * fabs(w.want[i]));
            /* One digit is exact, whatever the number of limbs. */
            if (fabs(w.want[i]) < (double)(w.q[0] / 2))
                assert_true(w.out[i] == w.want[i] * factor);
        }
    }
    world_stop(&w);
}

static void numbers(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int f = 0; client_family_here(f) != NULL; f++)
        check(client_family_here(f), &rng);
}

/* Every number of a toy ring of less than a tile. */
static void all_of_a_small_ring(void **state)
{
    enum { Q0 = 17, Q1 = 97, HALF = Q0 * Q1 / 2 };
    _Alignas(64) uint64_t rows[16];
    _Alignas(64) double out[8];
    ckks_modulus m[2];

    (void)state;
    assert_int_equal(
        ckks_modulus_init(&m[0], Q0, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL), CKKS_OK);
    assert_int_equal(
        ckks_modulus_init(&m[1], Q1, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL), CKKS_OK);
    for (int x = -HALF; x + 7 <= HALF; x += 8) {
        for (int i = 0; i < 8; i++) {
            rows[i] = (uint64_t)((x + i + Q0 * Q1) % Q0);
            rows[8 + i] = (uint64_t)((x + i + Q0 * Q1) % Q1);
        }
        ckks_radix_real(out, rows, m, 2, 0.5);
        for (int i = 0; i < 8; i++)
            assert_true(out[i] == 0.5 * (x + i));
    }
    ckks_modulus_clear(&m[0]);
    ckks_modulus_clear(&m[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(all_of_a_small_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
