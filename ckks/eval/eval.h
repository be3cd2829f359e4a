/* Shared by eval_add.c, eval_mul.c, eval_rotate.c and the circuits: one place checks operands. */
#ifndef UNSEEN_CKKS_EVAL_EVAL_H
#define UNSEEN_CKKS_EVAL_EVAL_H

#include <math.h>

#include "ckks/scheme/keyswitch.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

/** One operand: present, of the worker's parameters, not empty. what names the operation in the
 * sentence. */
static inline ckks_status ckks_eval_check(ckks_worker *w, const char *what,
                                          const ckks_ciphertext *c)
{
    if (c == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "%s: a ciphertext is NULL", what);
    if (c->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "%s: a ciphertext is of other parameters than the worker", what);
    if (c->limbs < 1)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "%s: a ciphertext is empty", what);
    return CKKS_OK;
}

/** The output: present and of the worker's parameters, with room for a result of this size; it may
 *  be empty. */
static inline ckks_status ckks_eval_check_room(ckks_worker *w, const char *what,
                                               const ckks_ciphertext *c, int limbs, int parts)
{
    if (c == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "%s: the output is NULL", what);
    if (c->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "%s: the output is of other parameters than the worker", what);
    if (!ckks_ciphertext_fits(c, limbs, parts))
        return ckks_worker_fail(w, CKKS_ERR_SPACE,
                                "%s: the output has room for %d limbs of %d parts, not for %d of "
                                "%d",
                                what, c->capacity, c->room, limbs, parts);
    return CKKS_OK;
}

/** The output of an operation that may need all the room there is. */
static inline ckks_status ckks_eval_check_out(ckks_worker *w, const char *what,
                                              const ckks_ciphertext *c)
{
    return ckks_eval_check_room(w, what, c, w->ctx->params.q_count, 3);
}

/** Output and one input: the result has the input's size, or `dropped` limbs less. */
static inline ckks_status ckks_eval_check_smaller(ckks_worker *w, const char *what,
                                                  const ckks_ciphertext *out,
                                                  const ckks_ciphertext *in, int dropped)
{
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    st = ckks_eval_check(w, what, in);
    return st != CKKS_OK ? st : ckks_eval_check_room(w, what, out, in->limbs - dropped, in->parts);
}

/** Output and one input of the same size. */
static inline ckks_status ckks_eval_check_unary(ckks_worker *w, const char *what,
                                                const ckks_ciphertext *out,
                                                const ckks_ciphertext *in)
{
    return ckks_eval_check_smaller(w, what, out, in, 0);
}

/** Output and two inputs of equal limbs; the result has the limbs, and the parts of the one that
 *  has more. */
static inline ckks_status ckks_eval_check_binary(ckks_worker *w, const char *what,
                                                 const ckks_ciphertext *out,
                                                 const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    ckks_status st = ckks_eval_check_unary(w, what, out, a);

    if (st == CKKS_OK)
        st = ckks_eval_check(w, what, b);
    if (st == CKKS_OK && a->limbs != b->limbs)
        st = ckks_worker_fail(w, CKKS_ERR_LEVEL, "%s: %d and %d limbs; drop the richer one", what,
                              a->limbs, b->limbs);
    if (st == CKKS_OK)
        st = ckks_eval_check_room(w, what, out, b->limbs, b->parts);
    return st;
}

/** Two parts, as multiplication and rotation need. */
static inline ckks_status ckks_eval_check_two_parts(ckks_worker *w, const char *what,
                                                    const ckks_ciphertext *c)
{
    if (c->parts != 2)
        return ckks_worker_fail(w, CKKS_ERR_DEGREE,
                                "%s: %d parts where 2 are needed; relinearise first", what,
                                c->parts);
    return CKKS_OK;
}

/** Whether a value of this magnitude (at most 1 is assumed of what may be overestimated) fits at
 *  this scale: min(magnitude, 1) * scale < Q_limbs / 2.  Fails: CKKS_ERR_SCALE */
static inline ckks_status ckks_eval_check_scale(ckks_worker *w, const char *what, int limbs,
                                                ckks_scale scale, double magnitude)
{
    double log2_scale = ckks_scale_log2(scale);
    double log2_q = ckks_context_log2_q(w->ctx, limbs);
    double small = magnitude < 1.0 ? magnitude : 1.0;

    /* written so that a scale that is not a number fails */
    if (!(log2_scale + (small > 0.0 ? log2(small) : -1074.0) < log2_q - 1.0) || !(scale.hi > 0.0))
        return ckks_worker_fail(w, CKKS_ERR_SCALE,
                                "%s: a scale of 2^%.2f does not fit into %d limbs of 2^%.2f", what,
                                log2_scale, limbs, log2_q);
    return CKKS_OK;
}

/** A ciphertext in the worker's scratch, empty; lives until the caller's mark is released.
 *
 *  Memory:  limbs * parts rows of scratch
 *  Fails:   CKKS_ERR_MEMORY
 */
static inline ckks_status ckks_eval_temporary(ckks_worker *w, ckks_ciphertext *c, int limbs,
                                              int parts)
{
    ckks_ciphertext made = {
        .context_id = w->ctx->id, .n = w->ctx->n, .capacity = limbs, .room = parts};
    ckks_status st = ckks_worker_rows(w, &made.rows, (size_t)limbs * (size_t)parts);

    *c = made;
    return st;
}

/** The nearest integer to c, modulo q.  Range: |c| < 2^1000 */
uint64_t ckks_eval_constant_residue(ckks_scale c, const ckks_mod *m);

/** Set what an output knows of itself; it is no longer the fresh expansion of a seed. */
static inline void ckks_eval_set(ckks_ciphertext *out, int limbs, int parts, ckks_scale scale,
                                 double magnitude, double error)
{
    out->limbs = limbs;
    out->parts = parts;
    out->seeded = 0;
    out->scale = scale;
    out->magnitude = magnitude;
    out->error = error;
}

#endif
