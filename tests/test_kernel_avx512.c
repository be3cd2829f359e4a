/* Every loop of the AVX-512 family that works place by place against the portable one, bit for bit:
 * row lengths that leave a rest, outputs in the place of any input, values at the ends of the
 * ranges. Its transforms have a test of their own.
 */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { LOG_N = 3, N = 104, GUARD = 8, PRIMES = 7, MANY = CKKS_KERNEL_MAX_TERMS };

static const char name[] = "avx512ifma";

/* One prime with the family's record and the portable one, and rows for both. */
typedef struct bench {
    ckks_modulus fast, plain;
    testing_rng rng;
    size_t n; /* length of the rows in use */
    _Alignas(64) uint64_t a[N + GUARD];
    _Alignas(64) uint64_t b[N + GUARD];
    _Alignas(64) uint64_t c[N + GUARD];
    _Alignas(64) uint64_t got[N + GUARD];
    _Alignas(64) uint64_t want[N + GUARD];
} bench;

static const ckks_kernel *family(void)
{
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);

    if (kernel == NULL) {
        printf("# %s: not in this build, or not on this machine\n", name);
        skip();
    }
    printf("# family %s\n", kernel->name);
    return kernel;
}

static uint64_t prime(int i)
{
    static const uint64_t below[PRIMES] = {
        18,
        258,
        UINT64_C(1) << 30,
        UINT64_C(1) << 31,
        UINT64_C(1) << 40,
        UINT64_C(1) << 46,
        CKKS_MAX_PRIME + 1,
    };
    uint64_t q = 0;

    assert_int_equal(ckks_prime_below(&q, below[i], UINT64_C(2) << LOG_N), CKKS_OK);
    return q;
}

static void draw(bench *t)
{
    testing_residues(&t->rng, t->a, N, t->fast.q);
    testing_residues(&t->rng, t->b, N, t->fast.q);
    testing_residues(&t->rng, t->c, N, t->fast.q);
    for (size_t i = 0; i < N + GUARD; i++)
        t->got[i] = t->want[i] = i;
}

/* Runs `check` for every prime and every length, on fresh rows. */
static void everywhere(void (*check)(bench *))
{
    static bench t;
    const ckks_kernel *kernel = family();

    testing_rng_init(&t.rng, testing_seed());
    for (int i = 0; i < PRIMES; i++) {
        assert_int_equal(
            ckks_modulus_init(&t.fast, prime(i), CKKS_RING_COMPLEX, LOG_N, kernel, NULL), CKKS_OK);
        assert_int_equal(ckks_modulus_init(&t.plain, prime(i), CKKS_RING_COMPLEX, LOG_N,
                                           ckks_kernel_portable(), NULL),
                         CKKS_OK);
        for (t.n = 8; t.n <= N; t.n += 8) {
            draw(&t);
            check(&t);
        }
        ckks_modulus_clear(&t.fast);
        ckks_modulus_clear(&t.plain);
    }
}

/* The rows agree in all places, also in those past n. */
static void same(bench *t)
{
    assert_memory_equal(t->got, t->want, sizeof t->got);
}

/* The output in the place of the row x, which is copied there first. */
#define IN_PLACE_OF(t, x) memcpy((t)->got, (x), (t)->n * sizeof *(x))

static void check_sums(bench *t)
{
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    const ckks_modulus *m = &t->fast;

    p->add(t->want, t->a, t->b, t->n, &t->plain);
    k->add(t->got, t->a, t->b, t->n, m);
    same(t);
    IN_PLACE_OF(t, t->a);
    k->add(t->got, t->got, t->b, t->n, m);
    same(t);
    IN_PLACE_OF(t, t->b);
    k->add(t->got, t->a, t->got, t->n, m);
    same(t);
    p->sub(t->want, t->a, t->b, t->n, &t->plain);
    k->sub(t->got, t->a, t->b, t->n, m);
    same(t);
    IN_PLACE_OF(t, t->b);
    k->sub(t->got, t->a, t->got, t->n, m);
    same(t);
    p->neg(t->want, t->a, t->n, &t->plain);
    IN_PLACE_OF(t, t->a);
    k->neg(t->got, t->got, t->n, m);
    same(t);
    p->add_scalar(t->want, t->a, t->b[0], t->n, &t->plain);
    IN_PLACE_OF(t, t->a);
    k->add_scalar(t->got, t->got, t->b[0], t->n, m);
    same(t);
}

static void check_products(bench *t)
{
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    const ckks_modulus *m = &t->fast;

    p->mul(t->want, t->a, t->b, t->n, &t->plain);
    k->mul(t->got, t->a, t->b, t->n, m);
    same(t);
    IN_PLACE_OF(t, t->b);
    k->mul(t->got, t->a, t->got, t->n, m);
    same(t);
    p->mul(t->want, t->a, t->a, t->n, &t->plain);
    IN_PLACE_OF(t, t->a);
    k->mul(t->got, t->got, t->got, t->n, m);
    same(t);
    p->mul_add(t->want, t->a, t->b, t->c, t->n, &t->plain);
    IN_PLACE_OF(t, t->c);
    k->mul_add(t->got, t->a, t->b, t->got, t->n, m);
    same(t);
    p->sub_mul_scalar(t->want, t->a, t->b, t->c[0], t->n, &t->plain);
    IN_PLACE_OF(t, t->b);
    k->sub_mul_scalar(t->got, t->a, t->got, t->c[0], t->n, m);
    same(t);
}

/* Slots that take any word. */
static void check_words(bench *t)
{
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    const ckks_modulus *m = &t->fast;
    const uint64_t w = t->c[0];
    _Alignas(64) int64_t room[N + 1];
    int64_t *x = room + 1; /* not aligned */

    for (size_t i = 0; i < N; i++)
        t->a[i] = i % 3 != 0 ? testing_edge_u64(&t->rng) : UINT64_MAX / m->q * m->q - i % 2;
    p->mul_scalar(t->want, t->a, w, t->n, &t->plain);
    k->mul_scalar(t->got, t->a, w, t->n, m);
    same(t);
    p->mul_scalar_add(t->want, t->a, w, t->b, t->n, &t->plain);
    IN_PLACE_OF(t, t->b);
    k->mul_scalar_add(t->got, t->a, w, t->got, t->n, m);
    same(t);
    p->mul_scalar_add(t->want, t->a, m->q - 1, t->b, t->n, &t->plain);
    IN_PLACE_OF(t, t->a);
    k->mul_scalar_add(t->got, t->got, m->q - 1, t->b, t->n, m);
    same(t);
    p->reduce(t->want, t->a, t->n, &t->plain);
    IN_PLACE_OF(t, t->a);
    k->reduce(t->got, t->got, t->n, m);
    same(t);
    memcpy(x, t->a, N * sizeof *x);
    x[1] = INT64_MIN;
    x[2] = INT64_MAX;
    x[3] = -1;
    p->reduce_i64(t->want, x, t->n, &t->plain);
    k->reduce_i64(t->got, x, t->n, m);
    same(t);
}

static void check_small(bench *t)
{
    static const uint64_t from[] = {3, 97, 65537, (UINT64_C(1) << 46) - 57, CKKS_MAX_PRIME - 1};
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    int8_t small[N];

    for (size_t f = 0; f < sizeof from / sizeof from[0]; f++) {
        testing_residues(&t->rng, t->a, N, from[f]);
        p->reduce_centred(t->want, t->a, from[f], t->n, &t->plain);
        IN_PLACE_OF(t, t->a);
        k->reduce_centred(t->got, t->got, from[f], t->n, &t->fast);
        same(t);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++)
            small[i] = (int8_t)((i + round * N) % 256 - 128);
        p->reduce_i8(t->want, small, t->n, &t->plain);
        k->reduce_i8(t->got, small, t->n, &t->fast);
        same(t);
    }
}

static void check_moves(bench *t)
{
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    const uint64_t *rows[3] = {t->a, t->b, t->c};
    const int bits[3] = {t->fast.bits, t->fast.bits, t->fast.bits};
    uint64_t ignored;
    uint64_t c[3];
    uint32_t index[N];

    c[0] = ckks_u128_div_var(
        ckks_u128_make(UINT64_C(1) << t->fast.bits >> 13, UINT64_C(1) << t->fast.bits << 51),
        t->fast.q, &ignored);
    c[1] = c[2] = c[0];
    for (size_t count = 1; count <= 3; count++) {
        p->round_quotient(t->want, rows, c, bits, count, t->n);
        k->round_quotient(t->got, rows, c, bits, count, t->n);
        same(t);
    }
    /* any places; places of one vector mixed, vectors moved; and both by turns */
    for (int how = 0; how < 3; how++) {
        for (size_t i = 0; i < t->n; i++) {
            const size_t block = i / 8 * 5 % (t->n / 8);

            index[i] = (uint32_t)(block * 8 + (3 * i + 5) % 8);
            if (how == 0 || (how == 2 && i / 8 % 2 == 0))
                index[i] = (uint32_t)testing_below(&t->rng, t->n);
        }
        p->permute(t->want, t->a, index, t->n);
        k->permute(t->got, t->a, index, t->n);
        same(t);
    }
}

/* Counts around those where runs of terms end, with rows at their largest. */
static void check_dots(bench *t)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 8, 33, 1023, 1024, 1025, 2048, 2049, MANY};
    static const uint64_t *x[MANY], *y[MANY];
    static uint64_t w[MANY];
    static _Alignas(64) uint64_t most[N], last[N];
    const ckks_kernel *k = t->fast.kernel;
    const ckks_kernel *p = t->plain.kernel;
    const ckks_modulus *m = &t->fast;

    if (t->n != 8 && t->n != 40 && t->n != N)
        return;
    for (size_t i = 0; i < N; i++) {
        most[i] = CKKS_MAX_PRIME - 1;
        last[i] = m->q - 1;
    }
    for (size_t f = 0; f < 2 * sizeof counts / sizeof counts[0]; f++) {
        const size_t count = counts[f / 2];

        for (size_t i = 0; i < count; i++) {
            x[i] = f % 2 != 0 || i % 3 != 0 ? most : t->a;
            y[i] = f % 2 != 0 ? last : i % 2 != 0 ? t->b : t->c;
            w[i] = f % 2 != 0 ? m->q - 1 : testing_residue(&t->rng, m->q);
        }
        p->dot(t->want, x, y, count, t->n, &t->plain);
        k->dot(t->got, x, y, count, t->n, m);
        same(t);
        p->dot_add(t->want, last, x, y, count, t->n, &t->plain);
        IN_PLACE_OF(t, last);
        k->dot_add(t->got, t->got, x, y, count, t->n, m);
        same(t);
        p->dot_scalar(t->want, x, w, count, t->n, &t->plain);
        k->dot_scalar(t->got, x, w, count, t->n, m);
        same(t);
        /* the output is a row of the sum */
        y[count / 2] = t->a;
        p->dot(t->want, x, y, count, t->n, &t->plain);
        IN_PLACE_OF(t, t->a);
        y[count / 2] = t->got;
        k->dot(t->got, x, y, count, t->n, m);
        same(t);
    }
}

static void sums(void **state)
{
    (void)state;
    everywhere(check_sums);
}

static void products(void **state)
{
    (void)state;
    everywhere(check_products);
}

static void words(void **state)
{
    (void)state;
    everywhere(check_words);
}

static void small_numbers(void **state)
{
    (void)state;
    everywhere(check_small);
}

static void moves(void **state)
{
    (void)state;
    everywhere(check_moves);
}

static void dots(void **state)
{
    (void)state;
    everywhere(check_dots);
}

/* The family is the best where the processor has its units, and only there. */
static void selection(void **state)
{
    const ckks_cpu_features needs = CKKS_CPU_AVX512 | CKKS_CPU_AVX512_IFMA | CKKS_CPU_AVX512_VBMI;

    (void)state;
    for (ckks_cpu_features one = CKKS_CPU_AVX512; one <= CKKS_CPU_AVX512_VBMI; one *= 2)
        assert_null(ckks_kernel_select(needs & ~one, CKKS_MIN_PRIME, name));
    if (ckks_kernel_avx512() == NULL)
        skip();
    assert_ptr_equal(ckks_kernel_list(0), ckks_kernel_avx512());
    assert_ptr_equal(ckks_kernel_select(needs, CKKS_MIN_PRIME, NULL), ckks_kernel_avx512());
    assert_ptr_equal(ckks_kernel_select(needs, CKKS_MAX_PRIME, name), ckks_kernel_avx512());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection), cmocka_unit_test(sums),          cmocka_unit_test(products),
        cmocka_unit_test(words),     cmocka_unit_test(small_numbers), cmocka_unit_test(moves),
        cmocka_unit_test(dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
