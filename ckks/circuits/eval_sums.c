/* Sums of scalar products, and of squares, over many ciphertexts, tile by tile.
 *
 * All operations on NTT form are place by place, so a whole sum, and even a sum of squares of sums,
 * is computed for a few places of one prime after the other: the tiles of all inputs are gathered
 * into one block that stays in the cache while every output reads from it. (In the ciphertexts'
 * own rows they would not stay: rows lie a multiple of a large power of two apart, so that their
 * tiles compete for a few sets of the cache.)
 *
 * The loop over tiles is inside the loop over limbs: the residues of all scalars are made once a
 * limb, and a tile's inputs are gathered once. Everything here is public.
 * Letters: l = limb, h = part, r = row of a matrix, c = column.
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/parallel.h"
#include "ckks/circuits/sums.h"
#include "ckks/eval/eval.h"

/* Places of one tile: 32 places of 845 inputs are 211 KiB, which an L2 cache holds beside the
 * squares. */
enum { TILE = 32, BUNDLE = 16 };

/* ------------------------------------------------------------------ scratch */

/* What a call computes with. Words of one limb are made anew for each limb. */
typedef struct job {
    const ckks_context *ctx;
    const ckks_sums *inner, *outer; /* each may be NULL */
    const ckks_sums *last;          /* outer, or inner when that is NULL */
    const ckks_ciphertext *const *in;
    ckks_ciphertext *const *out;
    size_t in_count, mid_count;        /* mid: rows that are squared, 0 without outer */
    size_t tile;                       /* places of one tile */
    int limbs, parts;                  /* of the inputs */
    ckks_scale mid_scale, scale;       /* of what is squared, and of the outputs */
    uint64_t *inner_word, *outer_word; /* [nonzeros] scalars modulo the limb's prime */
    uint64_t *inner_bias, *outer_bias; /* [rows] */
    double *mid_magnitude, *mid_error; /* [mid_count] */
    double *magnitude, *error;         /* [last->rows] */
    unsigned char *lanes;              /* lane_bytes for each thread */
    size_t lane_bytes;
} job;

/* A thread's own share: pointers to the terms of one row, the inputs' tiles, and what is squared.
 */
typedef struct lane {
    const uint64_t **term; /* [widest] */
    uint64_t *x;           /* [max(in_count, mid_count)][tile]: inputs, then products */
    uint64_t *y[2];        /* [mid_count][tile] for each part */
    uint64_t *t;           /* [BUNDLE][tile] */
} lane;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The shape of the job: everything that its scratch depends on. */
static job job_of(const ckks_context *ctx, const ckks_sums *inner, const ckks_sums *outer)
{
    job j = {.ctx = ctx, .inner = inner, .outer = outer, .last = outer != NULL ? outer : inner};
    size_t widest = larger(inner != NULL ? inner->widest : 0, outer != NULL ? outer->widest : 0);

    j.in_count = inner != NULL ? inner->cols : outer->cols;
    j.mid_count = outer != NULL ? outer->cols : 0;
    j.tile = ctx->n < TILE ? ctx->n : TILE;
    j.lane_bytes =
        ckks_arena_round(widest * sizeof(uint64_t *)) +
        (larger(j.in_count, j.mid_count) + 2 * j.mid_count + BUNDLE) * j.tile * sizeof(uint64_t);
    return j;
}

static size_t shared_words(const job *j)
{
    size_t words = 2 * (j->mid_count + j->last->rows);

    if (j->inner != NULL)
        words += j->inner->nonzeros + j->inner->rows;
    if (j->outer != NULL)
        words += j->outer->nonzeros + j->outer->rows;
    return words;
}

size_t ckks_sums_scratch_bytes(const ckks_context *ctx, const ckks_sums *inner,
                               const ckks_sums *outer, int threads)
{
    job j = job_of(ctx, inner, outer);

    return ckks_arena_round(shared_words(&j) * sizeof(uint64_t)) +
           (size_t)threads * ckks_arena_round(j.lane_bytes);
}

static ckks_status take_scratch(ckks_worker *w, job *j)
{
    size_t words = shared_words(j), lane_bytes = ckks_arena_round(j->lane_bytes);
    uint64_t *word = ckks_arena_take(&w->arena, words * sizeof *word);
    double *real = (double *)(void *)word;

    j->lane_bytes = lane_bytes;
    j->lanes = ckks_arena_take(&w->arena, (size_t)w->threads * lane_bytes);
    if (word == NULL || j->lanes == NULL)
        return ckks_worker_fail(w, CKKS_ERR_MEMORY,
                                "sums: %zu bytes of scratch are needed: create the worker with the "
                                "circuit_bytes of ckks_sums_scratch_bytes",
                                words * sizeof *word + (size_t)w->threads * lane_bytes);
    j->mid_magnitude = real;
    j->mid_error = j->mid_magnitude + j->mid_count;
    j->magnitude = j->mid_error + j->mid_count;
    j->error = j->magnitude + j->last->rows;
    word += 2 * (j->mid_count + j->last->rows);
    if (j->inner != NULL) {
        j->inner_word = word;
        j->inner_bias = word + j->inner->nonzeros;
        word = j->inner_bias + j->inner->rows;
    }
    if (j->outer != NULL) {
        j->outer_word = word;
        j->outer_bias = word + j->outer->nonzeros;
    }
    return CKKS_OK;
}

static lane lane_of(const job *j, int number)
{
    unsigned char *at = j->lanes + (size_t)number * j->lane_bytes;
    size_t wide = larger(j->in_count, j->mid_count);
    lane l;

    l.x = (uint64_t *)(void *)at;
    l.y[0] = l.x + wide * j->tile;
    l.y[1] = l.y[0] + j->mid_count * j->tile;
    l.t = l.y[1] + j->mid_count * j->tile;
    l.term = (const uint64_t **)(void *)(l.t + BUNDLE * j->tile);
    return l;
}

/* ------------------------------------------------------------------ checks and estimates */

/* Magnitude and error of one row from those of its inputs. */
static void foresee(const ckks_sums *s, size_t r, const double *in_magnitude,
                    const double *in_error, double *magnitude, double *error)
{
    double sum = fabs(s->bias[r]), square = 0.0, most = 0.0;

    for (size_t k = s->row_start[r]; k < s->row_start[r + 1]; k++) {
        double v = fabs((double)s->value[k]) / s->scale.hi, m = in_magnitude[s->col[k]];
        sum += v * m;
        square += v * v * in_error[s->col[k]] * in_error[s->col[k]];
        most = fmax(most, m);
    }
    *magnitude = s->magnitude > 0.0 ? s->magnitude : sum;
    *error = ckks_noise_add(sqrt(square), most * s->rounding[r]);
}

/* A bias must fit: its residues are those of a constant, which no noise estimate watches. */
static ckks_status check_bias(ckks_worker *w, const ckks_sums *s, ckks_scale scale, int limbs)
{
    double log2_q = ckks_context_log2_q(w->ctx, limbs);

    for (size_t r = 0; r < s->rows; r++) {
        double x = fabs(s->bias[r]) * scale.hi;
        if (!(x < 0x1p1000) || (x >= 1.0 && log2(x) >= log2_q - 2.0))
            return ckks_worker_fail(w, CKKS_ERR_RANGE,
                                    "sums: the bias %g of row %zu at scale 2^%.2f does not fit "
                                    "%d limbs",
                                    s->bias[r], r, ckks_scale_log2(scale), limbs);
    }
    return CKKS_OK;
}

/* The lane scratch holds the inputs' numbers until the tiles need it. */
static ckks_status foresee_all(ckks_worker *w, job *j)
{
    double *magnitude = (double *)(void *)j->lanes, *error = magnitude + j->in_count;
    const double *from_magnitude = magnitude, *from_error = error;
    ckks_status st = CKKS_OK;

    for (size_t c = 0; c < j->in_count; c++) {
        magnitude[c] = j->in[c]->magnitude;
        error[c] = j->in[c]->error;
    }
    if (j->outer != NULL) {
        for (size_t k = 0; k < j->mid_count; k++) {
            double m = magnitude[k < j->in_count ? k : 0], e = error[k < j->in_count ? k : 0];
            if (j->inner != NULL)
                foresee(j->inner, k, magnitude, error, &m, &e);
            CKKS_TRY(ckks_eval_check_scale(w, "sums", j->limbs, j->mid_scale, m));
            j->mid_magnitude[k] = m * m;
            j->mid_error[k] = ckks_noise_add(2.0 * m * e, sqrt(2.0) * e * e);
        }
        from_magnitude = j->mid_magnitude;
        from_error = j->mid_error;
    }
    for (size_t r = 0; r < j->last->rows; r++) {
        foresee(j->last, r, from_magnitude, from_error, &j->magnitude[r], &j->error[r]);
        j->error[r] = ckks_noise_add(j->error[r], 0.5 / j->scale.hi); /* the bias, rounded */
        CKKS_TRY(ckks_eval_check_scale(w, "sums", j->limbs, j->scale, j->magnitude[r]));
    }
    if (j->outer != NULL && j->inner != NULL)
        CKKS_TRY(check_bias(w, j->inner, j->mid_scale, j->limbs));
    CKKS_TRY(check_bias(w, j->last, j->scale, j->limbs));
out:
    return st;
}

static ckks_status check_inputs(ckks_worker *w, job *j)
{
    ckks_scale scale;

    for (size_t c = 0; c < j->in_count; c++) {
        const ckks_ciphertext *x = j->in[c];
        ckks_status st = ckks_eval_check(w, "sums", x);
        if (st != CKKS_OK)
            return st;
        if (x->limbs != j->in[0]->limbs)
            return ckks_worker_fail(w, CKKS_ERR_LEVEL,
                                    "sums: inputs 0 and %zu have %d and %d limbs", c,
                                    j->in[0]->limbs, x->limbs);
        if (!ckks_scale_equal(x->scale, j->in[0]->scale))
            return ckks_worker_fail(w, CKKS_ERR_SCALE,
                                    "sums: inputs 0 and %zu have scales 2^%.9f and 2^%.9f", c,
                                    ckks_scale_log2(j->in[0]->scale), ckks_scale_log2(x->scale));
        if (x->parts != j->in[0]->parts || (j->outer != NULL && x->parts != 2))
            return ckks_worker_fail(
                w, CKKS_ERR_DEGREE, "sums: inputs 0 and %zu have %d and %d parts; %s", c,
                j->in[0]->parts, x->parts,
                j->outer != NULL ? "squares take two" : "all must have the same number");
    }
    j->limbs = j->in[0]->limbs;
    j->parts = j->in[0]->parts;
    scale = j->in[0]->scale;
    j->mid_scale = j->inner != NULL ? ckks_scale_mul(scale, j->inner->scale) : scale;
    j->scale = j->mid_scale;
    if (j->outer != NULL)
        j->scale = ckks_scale_mul(ckks_scale_mul(j->mid_scale, j->mid_scale), j->outer->scale);
    return CKKS_OK;
}

static ckks_status check(ckks_worker *w, const job *j)
{
    const ckks_sums *const sums[2] = {j->inner, j->outer};

    for (int k = 0; k < 2; k++)
        if (sums[k] != NULL && sums[k]->context_id != w->ctx->id)
            return ckks_worker_fail(w, CKKS_ERR_MISMATCH, "sums: scalars of other parameters");
    if (j->inner != NULL && j->outer != NULL && j->outer->cols != j->inner->rows)
        return ckks_worker_fail(w, CKKS_ERR_ARG,
                                "sums: %zu inner rows for %zu columns of the outer matrix",
                                j->inner->rows, j->outer->cols);
    if (j->in == NULL || j->out == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "sums: a list is NULL");
    return CKKS_OK;
}

/* Behind check_inputs, which finds limbs and parts. */
static ckks_status check_outputs(ckks_worker *w, const job *j)
{
    ckks_status st = CKKS_OK;

    for (size_t r = 0; r < j->last->rows && st == CKKS_OK; r++)
        st = ckks_eval_check_room(w, "sums", j->out[r], j->limbs, j->outer != NULL ? 3 : j->parts);
    return st;
}

/* ------------------------------------------------------------------ one tile */

/* The rows of a matrix that share their columns and are summed at once. */
typedef struct bundle {
    size_t rows;
    uint64_t *out[BUNDLE];
    const uint64_t *word[BUNDLE]; /* the scalars of each */
    const uint64_t *bias[BUNDLE]; /* one number each, or NULL for none */
    uint64_t *t;                  /* BUNDLE tiles of scratch */
} bundle;

/* out[r] = sum over k of x[k] word[r][k] + bias[r], in runs of terms that the kernel takes at
 * once. */
static void add_up(const ckks_modulus *m, const bundle *b, const uint64_t *const *x, size_t count,
                   size_t n)
{
    uint64_t *t[BUNDLE];
    const uint64_t *word[BUNDLE];

    for (size_t r = 0; r < b->rows; r++) {
        t[r] = b->t + r * n;
        word[r] = b->word[r];
        if (count == 0)
            memset(b->out[r], 0, n * sizeof *t[r]);
    }
    for (size_t done = 0; done < count; done += CKKS_KERNEL_MAX_TERMS) {
        size_t run = count - done < CKKS_KERNEL_MAX_TERMS ? count - done : CKKS_KERNEL_MAX_TERMS;
        m->kernel->dot_scalars(done == 0 ? b->out : t, b->rows, x + done, word, run, n, m);
        for (size_t r = 0; r < b->rows; r++) {
            word[r] += run;
            if (done > 0)
                m->kernel->add(b->out[r], b->out[r], t[r], n, m);
        }
    }
    for (size_t r = 0; r < b->rows; r++)
        if (b->bias[r] != NULL)
            m->kernel->add_scalar(b->out[r], b->out[r], *b->bias[r], n, m);
}

/* Where a row's sum goes: rows[r] of the scratch, or place `at` of part h of output r. */
typedef struct target {
    uint64_t *rows;
    int h, l;
    size_t at;
} target;

static size_t row_count(const ckks_sums *s, size_t r)
{
    return s->row_start[r + 1] - s->row_start[r];
}

static int same_columns(const ckks_sums *s, size_t a, size_t b)
{
    return row_count(s, a) == row_count(s, b) &&
           memcmp(s->col + s->row_start[a], s->col + s->row_start[b],
                  row_count(s, a) * sizeof *s->col) == 0;
}

/* All rows of a matrix from the tiles x; bias NULL: none. */
static void multiply(const job *j, const lane *my, const ckks_sums *s, const uint64_t *word,
                     const uint64_t *bias, const uint64_t *x, target to)
{
    for (size_t i = 0; i < s->rows;) {
        const size_t first = s->order[i];
        const uint32_t *col = s->col + s->row_start[first];
        bundle b = {.t = my->t};

        for (size_t k = 0; k < row_count(s, first); k++)
            my->term[k] = x + col[k] * j->tile;
        for (; i < s->rows && b.rows < BUNDLE && same_columns(s, first, s->order[i]); i++) {
            const size_t r = s->order[i];

            b.out[b.rows] = to.rows != NULL ? to.rows + r * j->tile
                                            : ckks_ciphertext_row(j->out[r], to.h, to.l) + to.at;
            b.word[b.rows] = word + s->row_start[r];
            b.bias[b.rows++] = bias != NULL ? &bias[r] : NULL;
        }
        add_up(&j->ctx->ring.modulus[to.l], &b, my->term, row_count(s, first), j->tile);
    }
}

static void gather(const job *j, uint64_t *x, int h, int l, size_t at)
{
    for (size_t c = 0; c < j->in_count; c++)
        memcpy(x + c * j->tile, ckks_ciphertext_row(j->in[c], h, l) + at, j->tile * sizeof *x);
}

/* The three parts of the squares, each multiplied while it is in the cache: first the mixed one, as
 * the others overwrite y. */
static void multiply_squares(const job *j, const lane *my, int l, size_t at)
{
    const ckks_modulus *m = &j->ctx->ring.modulus[l];
    size_t words = j->mid_count * j->tile;

    m->kernel->mul(my->x, my->y[0], my->y[1], words, m);
    m->kernel->add(my->x, my->x, my->x, words, m);
    multiply(j, my, j->outer, j->outer_word, NULL, my->x, (target){NULL, 1, l, at});
    m->kernel->mul(my->y[0], my->y[0], my->y[0], words, m);
    multiply(j, my, j->outer, j->outer_word, j->outer_bias, my->y[0], (target){NULL, 0, l, at});
    m->kernel->mul(my->y[1], my->y[1], my->y[1], words, m);
    multiply(j, my, j->outer, j->outer_word, NULL, my->y[1], (target){NULL, 2, l, at});
}

static void one_tile(const job *j, int number, int l, size_t at)
{
    lane my = lane_of(j, number);

    for (int h = 0; h < j->parts; h++) {
        const uint64_t *bias = h == 0 ? j->inner_bias : NULL;
        if (j->inner == NULL) {
            gather(j, my.y[h], h, l, at);
            continue;
        }
        gather(j, my.x, h, l, at);
        multiply(j, &my, j->inner, j->inner_word, bias, my.x,
                 (target){j->outer != NULL ? my.y[h] : NULL, h, l, at});
    }
    if (j->outer != NULL)
        multiply_squares(j, &my, l, at);
}

/* ------------------------------------------------------------------ the whole */

/* Scalars and biases modulo the prime of limb l. */
static void make_words(const job *j, const ckks_sums *s, uint64_t *word, uint64_t *bias,
                       ckks_scale scale, int l)
{
    const ckks_modulus *m = &j->ctx->ring.modulus[l];

    for (size_t k = 0; k < s->nonzeros; k++)
        word[k] = ckks_mod_reduce_i64(s->value[k], &m->mod);
    for (size_t r = 0; r < s->rows; r++)
        bias[r] =
            ckks_eval_constant_residue(ckks_scale_mul(scale, ckks_scale_from(s->bias[r])), &m->mod);
}

ckks_status ckks_eval_sums(ckks_worker *w, ckks_ciphertext *const *out,
                           const ckks_ciphertext *const *in, const ckks_sums *inner,
                           const ckks_sums *outer)
{
    size_t mark = 0;
    ckks_status st = CKKS_OK;
    job j;

    if (w == NULL || (inner == NULL && outer == NULL))
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    j = job_of(w->ctx, inner, outer);
    j.in = in;
    j.out = out;
    CKKS_TRY(check(w, &j));
    CKKS_TRY(check_inputs(w, &j));
    CKKS_TRY(check_outputs(w, &j));
    CKKS_TRY(take_scratch(w, &j));
    CKKS_TRY(foresee_all(w, &j));
    for (int l = 0; l < j.limbs; l++) {
        if (inner != NULL)
            make_words(&j, inner, j.inner_word, j.inner_bias, j.mid_scale, l);
        if (outer != NULL)
            make_words(&j, outer, j.outer_word, j.outer_bias, j.scale, l);
        CKKS_PARALLEL_ROWS(w)
        for (size_t at = 0; at < w->ctx->n; at += j.tile)
            one_tile(&j, ckks_parallel_lane(), l, at);
    }
    for (size_t r = 0; r < j.last->rows; r++)
        ckks_eval_set(out[r], j.limbs, outer != NULL ? 3 : j.parts, j.scale, j.magnitude[r],
                      j.error[r]);
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
