/* Sums of babies and diagonals: the same residues however the work is divided. That they are the
 * right ones is for test_lintrans_apply.c. */
#include "tests/lintrans_world.h"

#include "ckks/circuits/lintrans.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

enum { LOG_N = 9, N = 1 << LOG_N, COUNT = 24, LIMBS = 2, SPECIAL = 2, ROWS = LIMBS + SPECIAL };

/* Words of the sums of one unit. */
static const size_t unit = (size_t)2 * ROWS * N;

typedef struct sums {
    lintrans_world v;
    ckks_worker *w;
    ckks_ciphertext *c[2];
    const ckks_ciphertext *in[2];
    uint64_t *want;
    int units;
} sums;

/* Zeros, aligned as kernels want rows. */
static uint64_t *words(size_t count)
{
    uint64_t *x = aligned_alloc(64, count * sizeof *x);

    assert_non_null(x);
    memset(x, 0, count * sizeof *x);
    return x;
}

static void start(sums *s, int chain)
{
    ckks_params params = scheme_params(LOG_N, LIMBS, 45, SPECIAL);
    ckks_lintrans_shape shape = {.limbs = LIMBS,
                                 .special = SPECIAL,
                                 .alpha = 2,
                                 .in_count = 2,
                                 .out_count = 2,
                                 .chain = chain};
    int index[COUNT];

    memset(s, 0, sizeof *s);
    for (int i = 0; i < COUNT; i++)
        index[i] = i;
    lintrans_start(&s->v, &params, shape, index, COUNT, 1, 2, 0x1p30);
    scheme_ok(NULL, ckks_worker_create_team(&s->w, s->v.s.ctx, (size_t)400 * N * 8, 3));
    scheme_ok(s->w, ckks_worker_use_keys(s->w, s->v.s.keys));
    for (int i = 0; i < 2; i++) {
        double *x = scheme_vector(&s->v.s, -1, 1);
        s->c[i] = scheme_encrypt(&s->v.s, x, NULL, LIMBS, ckks_scale_from(0x1p40));
        s->in[i] = s->c[i];
        free(x);
    }
    s->units = s->v.t->count.giants * s->v.t->count.outs;
    s->want = words((size_t)s->units * unit);
    scheme_ok(s->w, ckks_lintrans_rows(s->w, s->v.t, s->want, 0, s->units, NULL, 0, s->in));
}

static void stop(sums *s)
{
    for (int i = 0; i < 2; i++)
        ckks_ciphertext_free(s->c[i]);
    free(s->want);
    ckks_worker_free(s->w);
    lintrans_stop(&s->v);
}

/* All units in groups, with babies kept and terms expanded as t->passes says. */
static void assert_the_same(sums *s, const ckks_lintrans *t, int group)
{
    uint64_t *got = words((size_t)group * unit);
    uint64_t *kept = words(ckks_lintrans_baby_rows(&t->count) * ROWS * N);

    for (int first = 0; first < s->units; first += group) {
        int count = s->units - first < group ? s->units - first : group;
        uint64_t *keep = t->passes.keep == CKKS_LINTRANS_ALL ? kept : NULL;
        scheme_ok(s->w, ckks_lintrans_rows(s->w, t, got, first, count, keep,
                                           keep != NULL && first > 0, s->in));
        assert_memory_equal(got, s->want + (size_t)first * unit,
                            (size_t)count * unit * sizeof *got);
    }
    free(got);
    free(kept);
}

static void every_division_gives_the_same(void **state)
{
    sums s;

    (void)state;
    start(&s, 0);
    assert_true(s.units >= 6);
    for (int compact = 0; compact <= 2 * COUNT; compact += COUNT / 2) {
        ckks_lintrans_shape shape = s.v.shape;
        ckks_lintrans *t = NULL;
        int widest = s.v.t->count.babies * 2;
        shape.compact = compact;
        shape.narrow = compact % 8 != 0;
        scheme_ok(s.w, ckks_lintrans_create(s.w, &t, &shape, lintrans_fill, &s.v,
                                            ckks_scale_from(0x1p30)));
        for (int group = 1; group <= s.units; group += 3) {
            t->passes.keep = CKKS_LINTRANS_TILE; /* one chunk needs no babies of whole rows */
            t->passes.expanded = t->count.compact;
            assert_the_same(&s, t, group);
            for (t->passes.expanded = widest; t->passes.expanded <= 2 * widest;
                 t->passes.expanded += widest) {
                t->passes.keep = CKKS_LINTRANS_ROW;
                assert_the_same(&s, t, group);
                t->passes.keep = CKKS_LINTRANS_ALL;
                assert_the_same(&s, t, group);
            }
        }
        ckks_lintrans_free(t);
    }
    stop(&s);
}

/* A chain's unit without terms below one that has some gives zeros; one above all is left alone. */
static void units_without_terms(void **state)
{
    ckks_lintrans *t = NULL;
    uint64_t *got = NULL;
    int kept = 0, giants = 0;
    sums s;

    (void)state;
    start(&s, 1);
    giants = s.v.t->count.giants;
    assert_true(giants >= 3);
    /* the middle giant of output 1 alone keeps its diagonals, those of input 0 */
    for (int k = 0; k < s.v.diagonals; k++) {
        if (s.v.out[k] != 1 || s.v.in[k] != 0 ||
            s.v.giant[s.v.step[k]] != s.v.t->giant[giants / 2].steps)
            continue;
        s.v.step[kept] = s.v.step[k];
        s.v.in[kept] = 0;
        s.v.out[kept++] = 1;
    }
    assert_true(kept > 0);
    s.v.shape.diagonal_count = kept;
    scheme_ok(s.w, ckks_lintrans_create(s.w, &t, &s.v.shape, lintrans_fill, &s.v,
                                        ckks_scale_from(0x1p30)));
    got = words((size_t)s.units * unit);
    memset(got, 0x55, (size_t)s.units * unit * sizeof *got);
    scheme_ok(s.w, ckks_lintrans_rows(s.w, t, got, 0, s.units, NULL, 0, s.in));
    for (int u = 0; u < s.units; u++) {
        int below = u >= giants && u % giants < giants / 2;
        int one = u == giants + giants / 2;
        assert_int_equal(ckks_lintrans_used(t, u), below || one);
        for (size_t i = 0; i < unit && !one; i++)
            assert_true(got[(size_t)u * unit + i] == (below ? 0 : 0x5555555555555555));
    }
    free(got);
    ckks_lintrans_free(t);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_division_gives_the_same),
        cmocka_unit_test(units_without_terms),
    };

    return scheme_run(tests);
}
