/* Sums over many ciphertexts: against one product and one addition at a time, bit for bit; values
 * and errors; aliases, threads, every refusal. */
#include "tests/scheme.h"

#include "ckks/circuits/sums.h"
#include "ckks/eval/eval.h"

enum {
    LOG_N = 8,
    LIMBS = 3,
    INPUTS = 7,
    MIDDLE = 5,
    OUTPUTS = 4,
    ENTRIES_MAX = 15000,
    ROWS_MAX = 40
};

/* A random matrix: row 0 is empty, rows 1 and 2 name all columns in order, the others some. */
typedef struct matrix {
    ckks_scalars m;
    size_t start[ROWS_MAX + 1];
    uint32_t col[ENTRIES_MAX];
    double value[ENTRIES_MAX], bias[INPUTS];
    ckks_sums *sums;
} matrix;

typedef struct setup {
    scheme s;
    ckks_worker *w, *team;
    matrix inner, outer;
    double *x[INPUTS];
    ckks_ciphertext *in[INPUTS], *out[INPUTS], *want, *t;
} setup;

static void make_matrix(setup *t, matrix *a, size_t rows, size_t cols, double scale)
{
    size_t n = 0;

    for (size_t r = 0; r < rows; r++) {
        a->start[r] = n;
        for (size_t c = 0; c < cols && r > 0; c++) {
            /* Row 0 alone is to be empty. */
            if (r > 2 && c != r % cols && testing_below(&t->s.rng, 2) == 0)
                continue;
            a->col[n] = (uint32_t)c;
            a->value[n++] = testing_uniform(&t->s.rng, -1.0, 1.0);
        }
        a->bias[r] = testing_uniform(&t->s.rng, -1.0, 1.0);
    }
    a->start[rows] = n;
    a->m = (ckks_scalars){rows, cols, a->start, a->col, a->value, a->bias, 0.0};
    ckks_sums_free(a->sums);
    scheme_ok(t->s.w, ckks_sums_create(t->s.w, &a->sums, &a->m, ckks_scale_from(scale)));
}

static void start(setup *t, double inner_scale, double outer_scale)
{
    ckks_params params = scheme_params(LOG_N, LIMBS, 45, 0);

    memset(t, 0, sizeof *t);
    scheme_start(&t->s, &params, 0);
    make_matrix(t, &t->inner, MIDDLE, INPUTS, inner_scale);
    make_matrix(t, &t->outer, OUTPUTS, MIDDLE, outer_scale);
    size_t bytes = ckks_sums_scratch_bytes(t->s.ctx, t->inner.sums, t->outer.sums, 3);
    scheme_ok(NULL, ckks_worker_create(&t->w, t->s.ctx, bytes));
    scheme_ok(NULL, ckks_worker_create_team(&t->team, t->s.ctx, bytes, 3));
    for (size_t c = 0; c < INPUTS; c++) {
        t->x[c] = scheme_vector(&t->s, -1.0, 1.0);
        t->in[c] = scheme_encrypt(&t->s, t->x[c], NULL, LIMBS, ckks_scale_from(0x1p25));
        t->out[c] = scheme_empty(&t->s);
    }
    t->want = scheme_empty(&t->s);
    t->t = scheme_empty(&t->s);
}

static void stop(setup *t)
{
    for (size_t c = 0; c < INPUTS; c++) {
        free(t->x[c]);
        ckks_ciphertext_free(t->in[c]);
        ckks_ciphertext_free(t->out[c]);
    }
    ckks_ciphertext_free(t->want);
    ckks_ciphertext_free(t->t);
    ckks_sums_free(t->inner.sums);
    ckks_sums_free(t->outer.sums);
    ckks_worker_free(t->w);
    ckks_worker_free(t->team);
    scheme_stop(&t->s);
}

static const ckks_ciphertext *const *inputs(ckks_ciphertext *const *c)
{
    return (const ckks_ciphertext *const *)c;
}

static void assert_same(const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    assert_int_equal(a->limbs, b->limbs);
    assert_int_equal(a->parts, b->parts);
    assert_true(ckks_scale_equal(a->scale, b->scale));
    for (int part = 0; part < a->parts; part++)
        assert_memory_equal(ckks_ciphertext_row(a, part, 0), ckks_ciphertext_row(b, part, 0),
                            (size_t)a->limbs * a->n * sizeof(uint64_t));
}

/* Row r of a matrix with at least one entry, by products with constants and additions. */
static void slowly(setup *t, ckks_ciphertext *out, const matrix *a, size_t r,
                   ckks_ciphertext *const *in)
{
    ckks_worker *w = t->s.w;

    for (size_t k = a->start[r]; k < a->start[r + 1]; k++) {
        double v = (double)a->sums->value[k] / a->sums->scale.hi;
        ckks_ciphertext *to = k == a->start[r] ? out : t->t;
        scheme_ok(w, ckks_eval_mul_const(w, to, in[a->col[k]], v, a->sums->scale));
        if (to != out)
            scheme_ok(w, ckks_eval_add(w, out, out, to));
    }
    scheme_ok(w, ckks_eval_add_const(w, out, out, a->bias[r]));
}

/* A row without entries is its bias, and nothing in the other parts. */
static void assert_constant(setup *t, const ckks_ciphertext *c, double bias)
{
    ckks_scale x = ckks_scale_mul(c->scale, ckks_scale_from(bias));

    for (int l = 0; l < c->limbs; l++) {
        uint64_t word = ckks_eval_constant_residue(x, &t->s.ctx->ring.modulus[l].mod);
        for (size_t i = 0; i < c->n; i++) {
            assert_true(ckks_ciphertext_row(c, 0, l)[i] == word);
            for (int part = 1; part < c->parts; part++)
                assert_true(ckks_ciphertext_row(c, part, l)[i] == 0);
        }
    }
}

static void sums_are_those_of_products(void **state)
{
    setup t;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    for (int parts = 2; parts <= 3; parts++) {
        if (parts == 3)
            for (size_t c = 0; c < INPUTS; c++)
                scheme_ok(t.w, ckks_eval_square_raw(t.w, t.in[c], t.in[c]));
        scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), t.inner.sums, NULL));
        assert_int_equal(t.out[0]->parts, parts);
        assert_constant(&t, t.out[0], t.inner.bias[0]);
        for (size_t r = 1; r < MIDDLE; r++) {
            slowly(&t, t.want, &t.inner, r, t.in);
            assert_same(t.out[r], t.want);
        }
    }
    stop(&t);
}

/* With and without the sums before the squares. */
static void sums_of_squares_are_those_of_products(void **state)
{
    ckks_ciphertext *square[MIDDLE];
    setup t;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    for (size_t k = 0; k < MIDDLE; k++)
        square[k] = scheme_empty(&t.s);
    for (int with_inner = 0; with_inner < 2; with_inner++) {
        const ckks_sums *inner = with_inner ? t.inner.sums : NULL;
        if (with_inner)
            scheme_ok(t.w, ckks_eval_sums(t.w, square, inputs(t.in), inner, NULL));
        for (size_t k = 0; k < MIDDLE; k++)
            scheme_ok(t.w, ckks_eval_square_raw(t.w, square[k], with_inner ? square[k] : t.in[k]));
        scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), inner, t.outer.sums));
        assert_int_equal(t.out[0]->parts, 3);
        assert_constant(&t, t.out[0], t.outer.bias[0]);
        for (size_t r = 1; r < OUTPUTS; r++) {
            slowly(&t, t.want, &t.outer, r, square);
            assert_same(t.out[r], t.want);
        }
    }
    for (size_t k = 0; k < MIDDLE; k++)
        ckks_ciphertext_free(square[k]);
    stop(&t);
}

/* Slots of row r of a matrix on clear numbers. */
static void clearly(const setup *t, double *y, const matrix *a, size_t r, double *const *x)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        y[j] = a->bias[r];
        for (size_t k = a->start[r]; k < a->start[r + 1]; k++)
            y[j] += a->value[k] * x[a->col[k]][j];
    }
}

/* With fine scalars the inputs' errors are all there is, also where a row's only one is near 0, and
 * the estimate is exact; with coarse ones it is their rounding, times values that are 1/sqrt(3) of
 * their bound. */
static void values_and_errors_are_as_foretold(void **state)
{
    double *want;
    setup t;

    (void)state;
    start(&t, 0x1p34, 0x1p17);
    want = scheme_vector(&t.s, 0.0, 0.0);
    scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), t.inner.sums, NULL));
    for (size_t r = 1; r < MIDDLE; r++) {
        double bound = fabs(t.inner.bias[r]);
        for (size_t k = t.inner.start[r]; k < t.inner.start[r + 1]; k++)
            bound += fabs(t.inner.value[k]) * ckks_ciphertext_magnitude(t.in[t.inner.col[k]]);
        clearly(&t, want, &t.inner, r, t.x);
        scheme_assert_error(&t.s, t.out[r], want, NULL, 0.8, 1.2);
        testing_assert_near(ckks_ciphertext_magnitude(t.out[r]), bound, 1e-3);
    }
    make_matrix(&t, &t.inner, MIDDLE, INPUTS, 64.0);
    scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), t.inner.sums, NULL));
    for (size_t r = 1; r < 3; r++) {
        scheme_gap gap;
        clearly(&t, want, &t.inner, r, t.x);
        gap = scheme_measure(&t.s, t.out[r], want, NULL);
        double real = t.s.params.ring == CKKS_RING_REAL ? 1.0 : sqrt(2.0);
        assert_true(real * gap.std > 0.4 * ckks_ciphertext_error(t.out[r]));
        assert_true(real * gap.std < 0.8 * ckks_ciphertext_error(t.out[r]));
    }
    free(want);
    stop(&t);
}

static void squares_have_the_right_values(void **state)
{
    double *want, *y[MIDDLE];
    setup t;

    (void)state;
    start(&t, 0x1p20, 0x1p18);
    want = scheme_vector(&t.s, 0.0, 0.0);
    for (size_t k = 0; k < MIDDLE; k++) {
        y[k] = scheme_vector(&t.s, 0.0, 0.0);
        clearly(&t, y[k], &t.inner, k, t.x);
        for (size_t j = 0; j < t.s.slots; j++)
            y[k][j] *= y[k][j];
    }
    scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), t.inner.sums, t.outer.sums));
    for (size_t r = 0; r < OUTPUTS; r++) {
        clearly(&t, want, &t.outer, r, y);
        /* The estimate takes every value at its bound. */
        assert_true(scheme_measure(&t.s, t.out[r], want, NULL).max <
                    8.0 * ckks_ciphertext_error(t.out[r]) + 1e-6);
    }
    for (size_t k = 0; k < MIDDLE; k++)
        free(y[k]);
    free(want);
    stop(&t);
}

static void a_declared_magnitude_is_taken(void **state)
{
    setup t;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    t.inner.m.magnitude = 1.5;
    ckks_sums_free(t.inner.sums);
    scheme_ok(t.w, ckks_sums_create(t.w, &t.inner.sums, &t.inner.m, ckks_scale_from(0x1p18)));
    scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), t.inner.sums, NULL));
    for (size_t r = 0; r < MIDDLE; r++)
        assert_true(ckks_ciphertext_magnitude(t.out[r]) == 1.5);
    stop(&t);
}

/* Outputs may be inputs, and any number of threads makes the same bits. */
static void aliases_and_threads_change_nothing(void **state)
{
    ckks_ciphertext *alias[INPUTS];
    setup t;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    for (int kind = 0; kind < 3; kind++) {
        const ckks_sums *inner = kind == 1 ? NULL : t.inner.sums;
        const ckks_sums *outer = kind == 0 ? NULL : t.outer.sums;
        size_t count = kind == 0 ? MIDDLE : OUTPUTS;
        scheme_ok(t.w, ckks_eval_sums(t.w, t.out, inputs(t.in), inner, outer));
        for (int threads = 0; threads < 2; threads++) {
            ckks_worker *w = threads ? t.team : t.w;
            for (size_t c = 0; c < INPUTS; c++) {
                alias[c] = scheme_empty(&t.s);
                scheme_ok(NULL, ckks_ciphertext_copy(alias[c], t.in[c]));
            }
            scheme_ok(w, ckks_eval_sums(w, alias, inputs(alias), inner, outer));
            for (size_t r = 0; r < count; r++)
                assert_same(alias[r], t.out[r]);
            for (size_t c = count; c < INPUTS; c++)
                assert_same(alias[c], t.in[c]);
            for (size_t c = 0; c < INPUTS; c++)
                ckks_ciphertext_free(alias[c]);
        }
    }
    stop(&t);
}

/* Rows that name their columns again and again, more terms and more rows than are summed at once:
 * the same as one term for each column. */
static void check_long_rows(setup *t, size_t rows, size_t terms)
{
    matrix *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    ckks_ciphertext *got[ROWS_MAX], *want[ROWS_MAX];
    ckks_worker *w = NULL;

    assert_true(a != NULL && b != NULL && rows * terms <= ENTRIES_MAX);
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = r * terms; k < (r + 1) * terms; k++) {
            size_t c = k % terms % INPUTS;
            a->col[k] = (uint32_t)c;
            a->value[k] = ldexp((double)testing_below(&t->s.rng, 1024) - 512.0, -10);
            b->value[r * INPUTS + c] += a->value[k];
        }
        for (size_t c = 0; c < INPUTS; c++)
            b->col[r * INPUTS + c] = (uint32_t)c;
        a->start[r + 1] = (r + 1) * terms;
        b->start[r + 1] = (r + 1) * INPUTS;
        got[r] = scheme_empty(&t->s);
        want[r] = scheme_empty(&t->s);
    }
    a->m = (ckks_scalars){rows, INPUTS, a->start, a->col, a->value, NULL, 0.0};
    b->m = (ckks_scalars){rows, INPUTS, b->start, b->col, b->value, NULL, 0.0};
    scheme_ok(t->w, ckks_sums_create(t->w, &a->sums, &a->m, ckks_scale_from(1024.0)));
    scheme_ok(t->w, ckks_sums_create(t->w, &b->sums, &b->m, ckks_scale_from(1024.0)));
    scheme_ok(NULL, ckks_worker_create(&w, t->s.ctx,
                                       ckks_sums_scratch_bytes(t->s.ctx, a->sums, NULL, 1)));
    scheme_ok(w, ckks_eval_sums(w, got, inputs(t->in), a->sums, NULL));
    scheme_ok(w, ckks_eval_sums(w, want, inputs(t->in), b->sums, NULL));
    for (size_t r = 0; r < rows; r++) {
        assert_same(got[r], want[r]);
        ckks_ciphertext_free(got[r]);
        ckks_ciphertext_free(want[r]);
    }
    ckks_worker_free(w);
    ckks_sums_free(a->sums);
    ckks_sums_free(b->sums);
    free(a);
    free(b);
}

static void rows_may_be_long_and_many(void **state)
{
    setup t;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    check_long_rows(&t, 1, 6000);
    check_long_rows(&t, 3, 5000);
    check_long_rows(&t, ROWS_MAX, 20);
    stop(&t);
}

static void refuse(setup *t, const ckks_sums *inner, const ckks_sums *outer, ckks_status expected)
{
    assert_int_equal(ckks_eval_sums(t->w, t->out, inputs(t->in), inner, outer), expected);
    assert_int_not_equal(strlen(ckks_worker_error(t->w)), 0);
    assert_int_equal(t->out[0]->limbs, 0);
    assert_int_equal(t->w->arena.used, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    ckks_ciphertext *keep;
    setup t, other;

    (void)state;
    start(&t, 0x1p18, 0x1p17);
    ckks_params params = scheme_params(LOG_N, LIMBS, 44, 0);
    scheme_start(&other.s, &params, 0);
    const ckks_sums *inner = t.inner.sums, *outer = t.outer.sums;
    assert_int_equal(ckks_eval_sums(t.w, t.out, inputs(t.in), NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_sums(NULL, t.out, inputs(t.in), inner, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_sums(t.w, NULL, inputs(t.in), inner, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_sums(t.w, t.out, NULL, inner, NULL), CKKS_ERR_ARG);
    refuse(&t, outer, inner, CKKS_ERR_ARG); /* 4 rows for 7 columns */
    keep = t.in[2];
    t.in[2] = NULL;
    refuse(&t, inner, NULL, CKKS_ERR_ARG);
    t.in[2] = scheme_empty(&t.s); /* empty */
    refuse(&t, inner, NULL, CKKS_ERR_ARG);
    scheme_ok(t.w, ckks_eval_drop(t.w, t.in[2], keep, 2));
    refuse(&t, inner, NULL, CKKS_ERR_LEVEL);
    scheme_ok(t.w, ckks_eval_mul_const(t.w, t.in[2], keep, 1.0, ckks_scale_from(2.0)));
    refuse(&t, inner, NULL, CKKS_ERR_SCALE);
    scheme_ok(t.w, ckks_ciphertext_copy(t.in[2], keep));
    t.in[2]->parts = 3;
    refuse(&t, inner, NULL, CKKS_ERR_DEGREE);
    t.in[2]->parts = 2;
    t.in[2]->context_id++;
    refuse(&t, inner, NULL, CKKS_ERR_MISMATCH);
    ckks_ciphertext_free(t.in[2]);
    t.in[2] = keep;
    keep = t.out[3];
    t.out[3] = NULL;
    refuse(&t, inner, NULL, CKKS_ERR_ARG);
    t.out[3] = scheme_empty(&other.s);
    refuse(&t, inner, NULL, CKKS_ERR_MISMATCH);
    ckks_ciphertext_free(t.out[3]);
    t.out[3] = keep;
    t.inner.sums->context_id++;
    refuse(&t, inner, NULL, CKKS_ERR_MISMATCH);
    t.inner.sums->context_id--;
    /* Scratch of no more than what every worker has: 15 rows and less are not enough for long. */
    t.w->arena.size = 64;
    refuse(&t, inner, outer, CKKS_ERR_MEMORY);
    scheme_stop(&other.s);
    stop(&t);
}

/* Squares want two parts; a scale or a bias beyond Q wants another level. */
static void what_is_too_large_is_refused(void **state)
{
    setup t;

    (void)state;
    start(&t, 0x1p40, 0x1p40);
    refuse(&t, t.inner.sums, t.outer.sums, CKKS_ERR_SCALE); /* 2^170 in 2^136 */
    for (size_t c = 0; c < INPUTS; c++)
        t.in[c]->scale = ckks_scale_from(0x1p97);
    refuse(&t, t.inner.sums, NULL, CKKS_ERR_SCALE); /* 2^137 */
    for (size_t c = 0; c < INPUTS; c++)
        t.in[c]->scale = ckks_scale_from(0x1p90);
    t.inner.sums->bias[1] = 0x1p10;
    refuse(&t, t.inner.sums, NULL, CKKS_ERR_RANGE);
    t.inner.sums->bias[1] = 1e300;
    refuse(&t, t.inner.sums, NULL, CKKS_ERR_RANGE);
    for (size_t c = 0; c < INPUTS; c++)
        t.in[c]->parts = 3;
    refuse(&t, NULL, t.outer.sums, CKKS_ERR_DEGREE);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_products),
        cmocka_unit_test(sums_of_squares_are_those_of_products),
        cmocka_unit_test(values_and_errors_are_as_foretold),
        cmocka_unit_test(squares_have_the_right_values),
        cmocka_unit_test(a_declared_magnitude_is_taken),
        cmocka_unit_test(aliases_and_threads_change_nothing),
        cmocka_unit_test(rows_may_be_long_and_many),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return scheme_run(tests);
}
