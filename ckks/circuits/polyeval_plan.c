/* Decisions of polynomial evaluation: the cut into babies and giants, limbs and scales. See
 * polyeval.h. */
#include "ckks/circuits/polyeval.h"

#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/scheme/keyswitch.h"
#include "ckks/scheme/worker.h"

int ckks_poly_trim(const ckks_poly_run *run, int first, int length)
{
    while (length > 0 && run->coef[first + length - 1] == 0.0)
        length--;
    return length;
}

int ckks_poly_split(const ckks_poly_run *run, int length)
{
    int g = run->m;

    if (length <= run->m + run->extra)
        return 0;
    while (length > 2 * g + run->extra)
        g *= 2;
    return g;
}

int ckks_poly_single(const ckks_poly_run *run, int first, int length)
{
    for (int i = 0; i + 1 < length; i++) {
        if (i > 0 && run->coef[first + i] != 0.0)
            return 0;
    }
    return length > 1 && run->coef[first + length - 1] == 1.0 ? length - 1 : 0;
}

ckks_poly_power *ckks_poly_find(ckks_poly_run *run, int k)
{
    for (int i = 0; i < run->power_count; i++) {
        if (run->power[i].k == k)
            return &run->power[i];
    }
    return NULL;
}

/* ------------------------------------------------------------------ the cut */

/* Replace the coefficients of every node by those of its parts; returns the number of products. */
static int cut_node(ckks_poly_run *run, int first, int length, unsigned char *need)
{
    int g = 0;
    int q_length = 0;

    length = ckks_poly_trim(run, first, length);
    g = ckks_poly_split(run, length);
    if (g == 0) {
        for (int i = 1; i < length; i++)
            need[i] |= run->coef[first + i] != 0.0;
        return 0;
    }
    if (run->basis == CKKS_BASIS_CHEBYSHEV) {
        /* T_{g+j} = 2 T_g T_j - T_{g-j}, from the top down; length <= 2 g + 1, so j <= g. */
        for (int i = length - 1; i > g; i--) {
            run->coef[first + 2 * g - i] -= run->coef[first + i];
            run->coef[first + i] *= 2.0;
        }
    }
    need[g] = 1;
    q_length = ckks_poly_trim(run, first + g, length - g);
    return (q_length > 1) + cut_node(run, first + g, q_length, need) +
           cut_node(run, first, g, need);
}

/* Close the set of needed powers under P_k = P_ceil(k/2) P_floor(k/2); returns how many are
 * products. */
static int close_powers(unsigned char *need, int degree)
{
    int products = 0;

    for (int k = degree; k >= 2; k--) {
        if (!need[k])
            continue;
        need[(k + 1) / 2] = 1;
        need[k / 2] = 1;
        products++;
    }
    need[1] = 1;
    return products;
}

static void try_cut(ckks_poly_run *run, const ckks_polynomial *p, int m, int extra)
{
    unsigned char need[CKKS_MAX_POLY_DEGREE + 1] = {0};

    run->m = m;
    run->extra = extra;
    memset(run->coef, 0, sizeof run->coef);
    memcpy(run->coef, p->coef, (size_t)(run->degree + 1) * sizeof *p->coef);
    run->products = cut_node(run, 0, run->degree + 1, need);
    run->products += close_powers(need, run->degree);
    run->power_count = 0;
    for (int k = 1; k <= run->degree; k++) {
        if (need[k] && run->power_count < CKKS_POLY_MAX_POWERS) {
            run->power[run->power_count] = (ckks_poly_power){.k = k};
            run->power_count++;
        }
    }
}

static ckks_status check(const ckks_polynomial *p)
{
    int highest = 0;

    if (p == NULL || p->coef == NULL ||
        (p->basis != CKKS_BASIS_MONOMIAL && p->basis != CKKS_BASIS_CHEBYSHEV) || p->degree < 1 ||
        p->degree > (p->basis == CKKS_BASIS_MONOMIAL ? 8 : CKKS_MAX_POLY_DEGREE))
        return CKKS_ERR_ARG;
    for (int i = 0; i <= p->degree; i++) {
        if (!(fabs(p->coef[i]) < 0x1p40))
            return CKKS_ERR_ARG;
        if (p->coef[i] != 0.0)
            highest = i;
    }
    return highest < 1 ? CKKS_ERR_ARG : CKKS_OK;
}

ckks_status ckks_poly_cut(ckks_poly_run *run, const ckks_context *ctx, const ckks_polynomial *p)
{
    int best_products = 0;
    int best_m = 0;
    int best_extra = 0;
    ckks_status st = check(p);

    if (st != CKKS_OK)
        return st;
    memset(run, 0, sizeof *run);
    run->ctx = ctx;
    run->basis = p->basis;
    run->degree = p->degree;
    while (p->coef[run->degree] == 0.0)
        run->degree--;
    for (int l = 1; l <= CKKS_POLY_MAX_LOG_BABY; l++) {
        for (int extra = 0; extra < 2; extra++) {
            try_cut(run, p, 1 << l, extra);
            if (best_m == 0 || run->products < best_products) {
                best_products = run->products;
                best_m = 1 << l;
                best_extra = extra;
            }
        }
    }
    try_cut(run, p, best_m, best_extra);
    return CKKS_OK;
}

/* ------------------------------------------------------------------ limbs and scales */

/* Whether a value of at most `size` fits with two bits to spare. */
static int fits(const ckks_poly_run *run, int limbs, ckks_scale scale, double size)
{
    return limbs >= 1 && ckks_scale_log2(scale) + log2(fmax(size, 1.0)) + 2.0 <
                             ckks_context_log2_q(run->ctx, limbs);
}

int ckks_poly_lower(const ckks_poly_run *run, int *limbs, ckks_scale *scale)
{
    int t = 0;

    while (*limbs > 1) {
        ckks_scale next = ckks_scale_div_prime(*scale, run->ctx->params.q[*limbs - 1]);
        if (next.hi < run->min_scale)
            break;
        *scale = next;
        (*limbs)--;
        t++;
    }
    return t;
}

ckks_scale ckks_poly_raise(const ckks_poly_run *run, int limbs, ckks_scale scale, int t)
{
    for (int i = 0; i < t; i++)
        scale = ckks_scale_mul_prime(scale, run->ctx->params.q[limbs + i]);
    return scale;
}

static ckks_status decide_powers(ckks_poly_run *run, ckks_scale scale)
{
    run->power[0].limbs = run->limbs;
    run->power[0].scale = scale;
    for (int i = 1; i < run->power_count; i++) {
        ckks_poly_power *power = &run->power[i];
        const ckks_poly_power *a = ckks_poly_find(run, (power->k + 1) / 2);
        const ckks_poly_power *b = ckks_poly_find(run, power->k / 2);
        power->limbs = a->limbs < b->limbs ? a->limbs : b->limbs;
        power->scale = ckks_scale_mul(a->scale, b->scale);
        if (!fits(run, power->limbs, power->scale, run->basis == CKKS_BASIS_CHEBYSHEV ? 2.0 : 1.0))
            return CKKS_ERR_LEVEL;
        (void)ckks_poly_lower(run, &power->limbs, &power->scale);
    }
    return CKKS_OK;
}

/* What a node gives when nothing is asked of it: constants at min_scale, then lazy rescaling. */
static void natural(ckks_poly_run *run, int first, int length, int *limbs, ckks_scale *scale)
{
    int g = 0;

    length = ckks_poly_trim(run, first, length);
    g = ckks_poly_split(run, length);
    if (g == 0) {
        int single = ckks_poly_single(run, first, length);
        *limbs = run->limbs;
        *scale = ckks_scale_from(0.0);
        for (int i = 1; i < length; i++) {
            const ckks_poly_power *power = ckks_poly_find(run, i);
            if (run->coef[first + i] == 0.0)
                continue;
            *limbs = power->limbs < *limbs ? power->limbs : *limbs;
            *scale = power->scale.hi > scale->hi ? power->scale : *scale;
        }
        if (single == 0)
            *scale = ckks_scale_mul(*scale, ckks_scale_from(run->min_scale));
        if (single == 0)
            (void)ckks_poly_lower(run, limbs, scale);
    } else {
        const ckks_poly_power *power = ckks_poly_find(run, g);
        int q_length = ckks_poly_trim(run, first + g, length - g);
        *limbs = power->limbs;
        *scale = power->scale;
        if (q_length == 1 && run->coef[first + g] == 1.0)
            return;
        if (q_length == 1) {
            *scale = ckks_scale_mul(*scale, ckks_scale_from(run->min_scale));
        } else {
            int q_limbs = 0;
            ckks_scale q_scale = {0.0, 0.0};
            natural(run, first + g, q_length, &q_limbs, &q_scale);
            *limbs = q_limbs < *limbs ? q_limbs : *limbs;
            *scale = ckks_scale_mul(*scale, q_scale);
        }
        (void)ckks_poly_lower(run, limbs, scale);
    }
}

/* Whether t works for a leaf: every power is there, every constant has min_scale, the sum fits. */
static int leaf_works(ckks_poly_run *run, int first, int length, int limbs, ckks_scale scale, int t)
{
    double size = fabs(run->coef[first]);
    int single = ckks_poly_single(run, first, length);

    for (int i = 1; i < length; i++) {
        const ckks_poly_power *power = ckks_poly_find(run, i);
        if (run->coef[first + i] == 0.0)
            continue;
        size += fabs(run->coef[first + i]);
        if (limbs > power->limbs)
            return 0;
        if (single == i && t == 0 && ckks_scale_equal(scale, power->scale))
            continue;
        /* a hair below, so that the natural choice itself is accepted */
        if (scale.hi < power->scale.hi * run->min_scale * (1.0 - 0x1p-40))
            return 0;
    }
    return fits(run, limbs, scale, size);
}

/* The same for q P_g + r. */
static int node_works(ckks_poly_run *run, int first, int length, int g, int limbs, ckks_scale scale,
                      int t)
{
    const ckks_poly_power *power = ckks_poly_find(run, g);
    int q_length = ckks_poly_trim(run, first + g, length - g);
    int r_length = ckks_poly_trim(run, first, g);
    ckks_scale q_scale = ckks_scale_div(scale, power->scale);

    if (limbs > power->limbs || !fits(run, limbs, scale, 1.0))
        return 0;
    if (q_length == 1) {
        int direct = run->coef[first + g] == 1.0 && t == 0 && ckks_scale_equal(scale, power->scale);
        if (!direct && q_scale.hi < run->min_scale * (1.0 - 0x1p-40))
            return 0;
    } else if (q_scale.hi < run->min_scale * (1.0 - 0x1p-40) ||
               ckks_poly_drops(run, first + g, q_length, limbs, q_scale) < 0) {
        return 0;
    }
    return r_length <= 1 || ckks_poly_drops(run, first, r_length, limbs, scale) >= 0;
}

int ckks_poly_drops(ckks_poly_run *run, int first, int length, int limbs, ckks_scale scale)
{
    int g = 0;

    length = ckks_poly_trim(run, first, length);
    g = ckks_poly_split(run, length);
    for (int t = 0; limbs + t <= run->limbs; t++) {
        ckks_scale raised = ckks_poly_raise(run, limbs, scale, t);
        if (g == 0 ? leaf_works(run, first, length, limbs + t, raised, t)
                   : node_works(run, first, length, g, limbs + t, raised, t))
            return t;
    }
    return -1;
}

ckks_status ckks_poly_decide(ckks_poly_run *run, int limbs, ckks_scale scale, double min_scale)
{
    int top = 0;
    ckks_status st = CKKS_OK;

    if (limbs < 1 || limbs > run->ctx->params.q_count ||
        !(min_scale >= 2.0 && min_scale < 0x1p62) || !(scale.hi >= 1.0 && scale.hi < 0x1p1000))
        return CKKS_ERR_ARG;
    run->limbs = limbs;
    run->min_scale = min_scale;
    st = decide_powers(run, scale);
    if (st != CKKS_OK)
        return st;
    natural(run, 0, run->degree + 1, &top, &run->scale_out);
    /* Fewer limbs leave more room below; the first that works is taken. */
    for (run->limbs_out = top; run->limbs_out >= 1; run->limbs_out--) {
        if (ckks_poly_drops(run, 0, run->degree + 1, run->limbs_out, run->scale_out) >= 0)
            return CKKS_OK;
    }
    return CKKS_ERR_LEVEL;
}

/* Blocks of `limbs` rows that a node holds at its highest: 3 parts of its product, 2 of q or r
 * beside it; with a constant q those of r alone. */
static size_t node_blocks(const ckks_poly_run *run, int first, int length)
{
    int g = 0;
    size_t q = 0;
    size_t r = 0;

    length = ckks_poly_trim(run, first, length);
    g = ckks_poly_split(run, length);
    if (g == 0)
        return 2; /* one term beside the sum */
    if (ckks_poly_trim(run, first, g) > 1)
        r = node_blocks(run, first, g);
    if (ckks_poly_trim(run, first + g, length - g) == 1)
        return 2 + r;
    q = node_blocks(run, first + g, length - g);
    return 5 + (q > r ? q : r);
}

size_t ckks_poly_scratch_rows(const ckks_context *ctx, const ckks_poly_run *run, int limbs,
                              int threads)
{
    /* Powers but the first (the input itself), then the larger of the making of a power (3 parts
     * and 2 of the scaled P_1) and the tree below a result of 2 parts. Of the operations on these
     * a relinearisation takes most. */
    size_t tree = 2 + node_blocks(run, 0, run->degree + 1);

    return (size_t)limbs * (2 * (size_t)(run->power_count - 1) + (tree > 5 ? tree : 5)) +
           ckks_keyswitch_rows(limbs, ctx->params.p_count, threads);
}

size_t ckks_poly_scratch_bytes(const ckks_context *ctx, const ckks_polynomial *p, int limbs)
{
    ckks_poly_run run;

    if (ctx == NULL || limbs < 1 || limbs > ctx->params.q_count ||
        ckks_poly_cut(&run, ctx, p) != CKKS_OK)
        return 0;
    /* Further threads add less to the rows than to the base. */
    return ckks_worker_circuit_bytes(ctx, ckks_poly_scratch_rows(ctx, &run, limbs, 1), 1);
}

ckks_status ckks_poly_plan(const ckks_context *ctx, const ckks_polynomial *p, int limbs,
                           ckks_scale scale, double min_scale, int *limbs_out,
                           ckks_scale *scale_out, int *products)
{
    ckks_poly_run run;
    ckks_status st = CKKS_OK;

    if (ctx == NULL)
        return CKKS_ERR_ARG;
    CKKS_TRY(ckks_poly_cut(&run, ctx, p));
    CKKS_TRY(ckks_poly_decide(&run, limbs, scale, min_scale));
    if (limbs_out != NULL)
        *limbs_out = run.limbs_out;
    if (scale_out != NULL)
        *scale_out = run.scale_out;
    if (products != NULL)
        *products = run.products;
out:
    return st;
}
