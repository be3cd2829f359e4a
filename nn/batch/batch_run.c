/* A batch on ciphertexts, block by block in the plan's order.
 *
 * Every cell that is alive has an object of just its size; objects that are given back wait, by
 * size, for the next cell. Activations are computed in objects of full size, two for each thread,
 * and their results copied. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/batch/batch_plan.h"

/* A value may exceed its measured range by so much, which the schedule leaves room for. */
#define RANGE_MARGIN 2.0

struct nn_batch_program {
    const nn_batch *batch;
    const ckks_context *ctx;
    size_t shared_bytes, lane_bytes; /* scratch of sums, and for each thread */
    uint32_t *request;               /* of each number of the image */
};

/* ---- scalars of a block */

/* A part of a stage's matrix: rows of a block, columns renumbered to what the block reads. */
typedef struct part {
    size_t *row_start;
    uint32_t *col;
    double *value, *bias;
} part;

static void free_part(part *m)
{
    free(m->row_start);
    free(m->col);
    free(m->value);
    free(m->bias);
}

static nn_status fill_part(part *m, const nn_batch *b, const nn_batch_block *block, size_t i,
                           const nn_batch_reads *reads)
{
    const nn_affine *a = &b->stages.stage[block->stage].affine[i];
    const uint32_t *member = b->order.member + block->first;
    size_t base = b->order.base[nn_batch_source(&b->schedule, &b->stages, block->stage, i)];
    size_t at = 0;

    for (size_t m_row = 0; m_row < block->count; m_row++)
        at += a->row_start[member[m_row] + 1] - a->row_start[member[m_row]];
    m->row_start = malloc((block->count + 1) * sizeof *m->row_start);
    m->bias = malloc(block->count * sizeof *m->bias);
    m->col = malloc((at + 1) * sizeof *m->col);
    m->value = malloc((at + 1) * sizeof *m->value);
    if (m->row_start == NULL || m->bias == NULL || m->col == NULL || m->value == NULL)
        return NN_ERR_MEMORY;
    at = 0;
    for (size_t r = 0; r < block->count; r++) {
        size_t row = member[r];
        m->row_start[r] = at;
        m->bias[r] = a->bias[row];
        for (size_t e = a->row_start[row]; e < a->row_start[row + 1]; e++, at++) {
            m->col[at] = reads->place[base + a->col[e]];
            m->value[at] = a->value[e];
        }
    }
    m->row_start[block->count] = at;
    return NN_OK;
}

/* Round what a block multiplies with its stage's input i; reads gets what it reads. A sum of
 * several inputs' is not bounded by the stage's range. */
static nn_status round_block(const nn_batch *b, ckks_worker *w, ckks_sums **out,
                             const nn_batch_block *block, size_t i, nn_batch_reads *reads)
{
    const nn_stage *stage = &b->stages.stage[block->stage];
    part m = {NULL, NULL, NULL, NULL};
    nn_status st;

    *out = NULL;
    nn_batch_read(reads, &b->order, block, i);
    st = fill_part(&m, b, block, i, reads);
    ckks_scalars s = {.rows = block->count,
                      .cols = reads->count > 0 ? reads->count : 1,
                      .row_start = m.row_start,
                      .col = m.col,
                      .value = m.value,
                      .bias = m.bias,
                      .magnitude = stage->input_count == 1 ? RANGE_MARGIN * stage->range : 0.0};
    if (st == NN_OK)
        st = ckks_sums_create(w, out, &s, b->exact[block->stage].weight[i]);
    free_part(&m);
    return st;
}

/* ---- the program */

static const nn_batch_step *step_of(const nn_batch *b, size_t k)
{
    return &b->schedule.step[k];
}

static nn_status weigh_block(nn_batch_program *p, ckks_worker *w, const nn_batch_block *block,
                             nn_batch_reads *reads)
{
    const nn_batch *b = p->batch;
    size_t inputs = step_of(b, block->stage)->kind == NN_BATCH_SUMS
                        ? b->stages.stage[block->stage].input_count
                        : 0;
    nn_status st = NN_OK;

    for (size_t i = 0; i < inputs && st == NN_OK; i++) {
        ckks_sums *s = NULL;
        st = round_block(b, w, &s, block, i, reads);
        if (st == NN_OK) {
            int squared = step_of(b, block->stage)->squared;
            const ckks_sums *inner = squared ? NULL : s, *outer = squared ? s : NULL;
            size_t one = ckks_sums_scratch_bytes(p->ctx, inner, outer, 1);
            size_t lane = ckks_sums_scratch_bytes(p->ctx, inner, outer, 2) - one;
            p->lane_bytes = lane > p->lane_bytes ? lane : p->lane_bytes;
            p->shared_bytes = one - lane > p->shared_bytes ? one - lane : p->shared_bytes;
        }
        ckks_sums_free(s);
    }
    return st;
}

static nn_status number_requests(nn_batch_program *p)
{
    const nn_batch *b = p->batch;
    p->request = calloc(b->order.base[1], sizeof *p->request);
    if (p->request == NULL)
        return NN_ERR_MEMORY;
    for (size_t r = 0; r < b->pixel_count; r++)
        p->request[b->pixel[r]] = (uint32_t)r;
    return NN_OK;
}

nn_status nn_batch_program_create(nn_batch_program **out, const nn_batch *b,
                                  const ckks_context *ctx, char *why, size_t why_size)
{
    *out = NULL;
    nn_batch_program *p = calloc(1, sizeof *p);
    nn_batch_reads reads = {NULL, NULL, 0};
    ckks_worker *w = NULL;
    nn_status st = p == NULL ? NN_ERR_MEMORY : ckks_worker_create(&w, ctx, 0);
    if (st == NN_OK) {
        *p = (nn_batch_program){.batch = b, .ctx = ctx};
        st = number_requests(p);
    }
    if (st == NN_OK)
        st = nn_batch_reads_make(&reads, &b->order);
    for (size_t r = 0; st == NN_OK && r < b->order.runs; r++) {
        const nn_batch_block *block = &b->order.block[b->order.run[r]];
        st = weigh_block(p, w, block, &reads);
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "stage %zu, '%s': %s", block->stage + 1,
                         b->stages.stage[block->stage].name, ckks_worker_error(w));
    }
    nn_batch_reads_clear(&reads);
    ckks_worker_free(w);
    if (st == NN_OK)
        *out = p;
    else
        nn_batch_program_free(p);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}

void nn_batch_program_free(nn_batch_program *p)
{
    if (p == NULL)
        return;
    free(p->request);
    free(p);
}

/* Scratch of one value's job. */
static size_t value_bytes(const nn_batch_program *p, size_t k)
{
    const nn_stage *stage = &p->batch->stages.stage[k];
    ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    const nn_batch_step *step = step_of(p->batch, k);
    return step->kind == NN_BATCH_POLY ? ckks_poly_scratch_bytes(p->ctx, &poly, step->limbs) : 0;
}

size_t nn_batch_program_scratch_bytes(const nn_batch_program *p, int threads)
{
    size_t most = p->shared_bytes + (size_t)threads * p->lane_bytes;
    for (size_t k = 0; k < p->batch->schedule.count; k++) {
        size_t bytes = ckks_worker_each_bytes(p->ctx, value_bytes(p, k), threads);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* ---- objects */

/* Objects of one size that wait. */
typedef struct shelf {
    ckks_ciphertext **ct;
    size_t count;
} shelf;

typedef struct run {
    const nn_batch_program *p;
    const nn_batch *b;
    ckks_worker *w;
    const nn_batch_link *link;
    char *why;
    size_t why_size;
    nn_batch_reads reads;
    ckks_ciphertext **ct; /* per cell, those on the way too; NULL: none */
    uint8_t *size;        /* of a cell's object */
    shelf shelf[NN_BATCH_SIZES];
    ckks_ciphertext **in, **out; /* lists for sums */
    ckks_ciphertext **full;      /* two for each thread */
    size_t threads;
} run;

static nn_status take(void *user, size_t cell, int limbs, int parts)
{
    run *r = user;
    size_t size = nn_batch_size_of(limbs, parts);
    shelf *s = &r->shelf[size];

    r->size[cell] = (uint8_t)size;
    if (s->count > 0) {
        r->ct[cell] = s->ct[--s->count];
        return NN_OK;
    }
    return ckks_ciphertext_create_for(&r->ct[cell], r->p->ctx, limbs, parts);
}

/* A shelf has room for all objects of its size that there ever are. */
static void give(void *user, size_t cell)
{
    run *r = user;
    shelf *s = &r->shelf[r->size[cell]];
    s->ct[s->count++] = r->ct[cell];
    r->ct[cell] = NULL;
}

static void free_run(run *r)
{
    for (size_t c = 0; r->ct != NULL && c < nn_batch_cells(&r->b->order); c++)
        ckks_ciphertext_free(r->ct[c]);
    for (size_t s = 0; s < NN_BATCH_SIZES; s++) {
        for (size_t i = 0; i < r->shelf[s].count; i++)
            ckks_ciphertext_free(r->shelf[s].ct[i]);
        free(r->shelf[s].ct);
    }
    for (size_t i = 0; r->full != NULL && i < 2 * r->threads; i++)
        ckks_ciphertext_free(r->full[i]);
    nn_batch_reads_clear(&r->reads);
    free(r->ct);
    free(r->size);
    free(r->in);
    free(r->out);
    free(r->full);
}

static nn_status make_run(run *r)
{
    size_t cells = nn_batch_cells(&r->b->order);
    nn_status st = nn_batch_reads_make(&r->reads, &r->b->order);

    r->threads = (size_t)ckks_worker_threads(r->w);
    r->ct = calloc(cells, sizeof(ckks_ciphertext *));
    r->size = calloc(cells, sizeof *r->size);
    r->in = malloc(cells * sizeof(ckks_ciphertext *));
    r->out = malloc((r->b->order.most + 1) * sizeof(ckks_ciphertext *));
    r->full = calloc(2 * r->threads, sizeof(ckks_ciphertext *));
    if (r->ct == NULL || r->size == NULL || r->in == NULL || r->out == NULL || r->full == NULL)
        return NN_ERR_MEMORY;
    for (size_t s = 0; s < NN_BATCH_SIZES && st == NN_OK; s++) {
        r->shelf[s].ct = malloc((r->b->peak.most[s] + 1) * sizeof(ckks_ciphertext *));
        st = r->shelf[s].ct != NULL ? NN_OK : NN_ERR_MEMORY;
    }
    for (size_t i = 0; i < 2 * r->threads && st == NN_OK; i++)
        st = ckks_ciphertext_create(&r->full[i], r->p->ctx);
    return st;
}

/* ---- requests and responses */

typedef struct pulling {
    run *r;
    const uint32_t *cell;
} pulling;

static ckks_status pull_one(ckks_worker *w, void *user, size_t i)
{
    const pulling *my = user;
    const run *r = my->r;
    size_t request = r->p->request[my->cell[i]];
    return r->link->pull(r->link->user, w, request, r->ct[my->cell[i]]);
}

/* A request must be one of this plan: full limbs, two parts, the planned scale. */
static nn_status check_request(run *r, size_t cell)
{
    const nn_batch *b = r->b;
    const ckks_ciphertext *in = r->ct[cell];
    ckks_scale scale = ckks_ciphertext_scale(in);
    int limbs = ckks_ciphertext_limbs(in), parts = ckks_ciphertext_parts(in);

    if (limbs == b->params.q_count && parts == 2 && ckks_scale_equal(scale, b->scale_in))
        return NN_OK;
    return nn_why(r->why, r->why_size, NN_ERR_MISMATCH,
                  "request %u has %d limbs, %d parts and scale 2^%.4f, the plan expects %d, 2 and "
                  "2^%.4f",
                  (unsigned)r->p->request[cell], limbs, parts,
                  parts > 0 ? ckks_scale_log2(scale) : 0.0, b->params.q_count,
                  ckks_scale_log2(b->scale_in));
}

static nn_status pull(void *user, const uint32_t *cell, size_t count)
{
    run *r = user;
    pulling all = {r, cell};
    nn_status st = ckks_worker_each(r->w, pull_one, &all, count, 0);
    for (size_t i = 0; i < count && st == NN_OK; i++)
        st = check_request(r, cell[i]);
    return st;
}

static nn_status push(void *user, size_t cell)
{
    run *r = user;
    size_t response = cell - r->b->order.base[r->b->stages.count];
    return r->link->push(r->link->user, r->w, response, r->ct[cell]);
}

/* ---- sums */

typedef struct job {
    run *r;
    const nn_batch_block *block;
    const nn_batch_step *step;
} job;

static size_t cell_of(const job *j, size_t value, size_t m)
{
    return j->r->b->order.base[value] + j->r->b->order.member[j->block->first + m];
}

static void bound_magnitude(const job *j, ckks_ciphertext *c)
{
    ckks_ciphertext_set_magnitude(c, RANGE_MARGIN * j->r->b->stages.stage[j->block->stage].range);
}

/* Drop `count` primes from c; the last result goes to out, which may be c. */
static ckks_status drop_primes(ckks_worker *w, ckks_ciphertext *out, ckks_ciphertext *c, int count)
{
    ckks_status st = CKKS_OK;
    for (; count > 1 && st == CKKS_OK; count--)
        st = ckks_eval_rescale(w, c, c);
    if (st == CKKS_OK)
        st = count == 1 ? ckks_eval_rescale(w, out, c) : ckks_ciphertext_copy(out, c);
    return st;
}

/* Relinearise c when it has three parts, and drop primes. */
static ckks_status finish_product(ckks_worker *w, ckks_ciphertext *out, ckks_ciphertext *c,
                                  int rescale)
{
    ckks_status st;
    if (ckks_ciphertext_parts(c) == 2)
        return drop_primes(w, out, c, rescale);
    if (rescale <= 1)
        return ckks_eval_relinearise(w, out, c, rescale);
    st = ckks_eval_relinearise(w, c, c, 1);
    return st == CKKS_OK ? drop_primes(w, out, c, rescale - 1) : st;
}

/* Row m of a block: summands of all inputs are on their way. */
static ckks_status finish_row(ckks_worker *w, void *user, size_t m)
{
    const job *j = user;
    run *r = j->r;
    size_t inputs = r->b->stages.stage[j->block->stage].input_count;
    ckks_ciphertext *sum = r->ct[nn_batch_wide_cell(&r->b->order, 0, m)];
    ckks_ciphertext *out = r->ct[cell_of(j, j->block->stage + 1, m)];
    ckks_status st = ckks_eval_drop(w, sum, sum, j->step->limbs);

    for (size_t i = 1; i < inputs && st == CKKS_OK; i++) {
        ckks_ciphertext *more = r->ct[nn_batch_wide_cell(&r->b->order, i, m)];
        st = ckks_eval_drop(w, more, more, j->step->limbs);
        if (st == CKKS_OK)
            st = ckks_eval_add(w, sum, sum, more);
    }
    if (st == CKKS_OK)
        st = finish_product(w, out, sum, j->step->rescale);
    bound_magnitude(j, out);
    return st;
}

static nn_status run_sums(run *r, const nn_batch_block *block)
{
    const nn_batch *b = r->b;
    job j = {r, block, step_of(b, block->stage)};
    int wide = nn_batch_is_wide(&b->order, block->stage);
    nn_status st = NN_OK;

    for (size_t i = 0; i < b->stages.stage[block->stage].input_count && st == NN_OK; i++) {
        ckks_sums *s = NULL;
        st = round_block(b, r->w, &s, block, i, &r->reads);
        for (size_t c = 0; c < r->reads.count; c++)
            r->in[c] = r->ct[r->reads.cell[c]];
        for (size_t m = 0; m < block->count; m++)
            r->out[m] = r->ct[wide ? nn_batch_wide_cell(&b->order, i, m)
                                   : cell_of(&j, block->stage + 1, m)];
        if (st == NN_OK)
            st = ckks_eval_sums(r->w, r->out, (const ckks_ciphertext *const *)r->in,
                                j.step->squared ? NULL : s, j.step->squared ? s : NULL);
        ckks_sums_free(s);
    }
    if (st == NN_OK && wide)
        st = ckks_worker_each(r->w, finish_row, &j, block->count, 0);
    return st;
}

/* ---- activations and products */

static ckks_status add_const(ckks_worker *w, ckks_ciphertext *c, double x)
{
    return x != 0.0 ? ckks_eval_add_const(w, c, c, x) : CKKS_OK;
}

/* x y or (x + shift)^2 without its constant: three parts in out. */
static ckks_status multiply(ckks_worker *w, const job *j, ckks_ciphertext *out,
                            ckks_ciphertext *const t[2], const ckks_ciphertext *x,
                            const ckks_ciphertext *y, double shift)
{
    int limbs = j->step->limbs;
    ckks_status st = ckks_eval_drop(w, t[0], x, limbs);
    if (y == x) {
        if (st == CKKS_OK)
            st = add_const(w, t[0], shift);
        return st == CKKS_OK ? ckks_eval_square_raw(w, out, t[0]) : st;
    }
    if (st == CKKS_OK)
        st = ckks_eval_drop(w, t[1], y, limbs);
    return st == CKKS_OK ? ckks_eval_mul_raw(w, out, t[0], t[1]) : st;
}

/* (x^2 + inner)^2 + slope x: three parts in out, at the scale of the outer square. */
static ckks_status quartic(ckks_worker *w, const job *j, ckks_ciphertext *out, ckks_ciphertext *t,
                           const ckks_ciphertext *x, const nn_batch_form *f)
{
    const nn_batch_step *step = j->step;
    ckks_scale slope = j->r->b->exact[j->block->stage].slope;
    ckks_status st = CKKS_OK;

    if (ckks_ciphertext_limbs(x) > step->limbs)
        st = ckks_eval_drop(w, t, x, step->limbs);
    if (st == CKKS_OK)
        st = ckks_eval_square(w, t, ckks_ciphertext_limbs(x) > step->limbs ? t : x,
                              step->inner_rescale > 0);
    for (int r = 1; r < step->inner_rescale && st == CKKS_OK; r++)
        st = ckks_eval_rescale(w, t, t);
    if (st == CKKS_OK)
        st = add_const(w, t, f->inner);
    if (st == CKKS_OK)
        st = ckks_eval_square_raw(w, out, t);
    if (st == CKKS_OK && f->slope != 0.0) {
        st = ckks_eval_drop(w, t, x, step->limbs - step->inner_rescale);
        if (st == CKKS_OK)
            st = ckks_eval_mul_const(w, t, t, f->slope, slope);
        if (st == CKKS_OK)
            st = ckks_eval_add(w, out, out, t);
    }
    return st;
}

static ckks_status compute(ckks_worker *w, const job *j, ckks_ciphertext *const t[2], size_t m)
{
    run *r = j->r;
    const nn_stage *stage = &r->b->stages.stage[j->block->stage];
    nn_batch_form f = nn_batch_form_of(stage);
    const ckks_ciphertext *x = r->ct[cell_of(j, stage->input[0], m)];
    const ckks_ciphertext *y = r->ct[cell_of(j, stage->input[stage->input_count - 1], m)];
    ckks_ciphertext *out = r->ct[cell_of(j, j->block->stage + 1, m)];
    ckks_ciphertext *raw = j->step->lazy ? out : t[1];
    ckks_status st;

    if (j->step->kind == NN_BATCH_POLY) {
        ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
        st = ckks_eval_drop(w, t[0], x, j->step->limbs);
        if (st == CKKS_OK)
            st = ckks_poly_eval(w, t[1], t[0], &poly, r->b->exact[j->block->stage].min_scale);
        if (st == CKKS_OK)
            st = ckks_ciphertext_copy(out, t[1]);
        bound_magnitude(j, out);
        return st;
    }
    st = j->step->kind == NN_BATCH_QUARTIC ? quartic(w, j, raw, t[0], x, &f)
                                           : multiply(w, j, raw, t, x, y, f.shift);
    if (st == CKKS_OK)
        st = add_const(w, raw, f.constant);
    if (st == CKKS_OK && !j->step->lazy)
        st = finish_product(w, out, raw, j->step->rescale);
    bound_magnitude(j, out);
    return st;
}

/* Every so manyeth number of the block, by the thread that has these objects of full size. */
static ckks_status compute_some(ckks_worker *w, void *user, size_t lane)
{
    const job *j = user;
    ckks_status st = CKKS_OK;
    for (size_t m = lane; m < j->block->count && st == CKKS_OK; m += j->r->threads)
        st = compute(w, j, j->r->full + 2 * lane, m);
    return st;
}

/* ---- the whole */

static nn_status work(void *user, size_t number, const nn_batch_block *block)
{
    run *r = user;
    const nn_batch *b = r->b;
    job j = {r, block, step_of(b, block->stage)};
    nn_status st;

    if (j.step->kind == NN_BATCH_SUMS)
        st = run_sums(r, block);
    else
        st = ckks_worker_each(r->w, compute_some, &j, r->threads, value_bytes(r->p, block->stage));
    if (st == NN_OK && r->link->progress != NULL &&
        r->link->progress(r->link->user, number + 1, b->order.runs,
                          b->stages.stage[block->stage].name) != 0)
        st = nn_why(r->why, r->why_size, NN_ERR_STOPPED, "stopped");
    return st;
}

nn_status nn_batch_run(const nn_batch_program *p, ckks_worker *w, const nn_batch_link *link,
                       char *why, size_t why_size)
{
    run r = {.p = p, .b = p->batch, .w = w, .link = link, .why = why, .why_size = why_size};
    nn_batch_hands hands = {&r, take, give, pull, work, push};
    (void)nn_why(why, why_size, NN_OK, "%s", "");
    nn_status st = make_run(&r);

    if (st == NN_OK)
        st = nn_batch_walk(&p->batch->order, &hands);
    if (st == NN_ERR_MEMORY || st == CKKS_ERR_MEMORY)
        (void)nn_why(why, why_size, st, "no memory for the values of a set: %s",
                     ckks_worker_error(w));
    else if (st != NN_OK && (why == NULL || why_size == 0 || why[0] == '\0'))
        (void)nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    free_run(&r);
    return st;
}
