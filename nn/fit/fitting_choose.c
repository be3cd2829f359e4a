/* Choosing degrees by the accuracy that the network keeps, see nn/fitting.h.
 *
 * Precision goes by a ladder: rung r stands for a degree, or for an error of a composite sign. All
 * activations climb together until the demands are met; then each steps down, in the order of how
 * little the logits feel its error, to the lowest rung of fewer levels with which they still are.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/fit/fitting_data.h"
#include "nn/fit/sign.h"
#include "nn/graph/graph_data.h"

enum {
    RUNGS = 14,
    BINS = 256,
    BLOCK = 64,   /* images between two looks at whether a candidate is hopeless */
    PREVIEW = 32, /* images by which methods and activations are compared */
    WIDENINGS = 3,
    SIGN_BITS = 2,   /* of rung 0: an error of 2^-2 in |t|; each further rung has a bit more */
    SIGN_DEFAULT = 9 /* the rung where a degree is given: an error of 2^-11 */
};
static const int rung_degree[RUNGS] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 31};

typedef struct choice {
    nn_fitting *f;
    const nn_fitting_options *o;
    const uint8_t *labels;
    double agreement, logit_error;
    int hurry;             /* leave a candidate as soon as it is hopeless */
    int sign_known[RUNGS]; /* 1: made, -1: cannot be made */
    nn_sign sign[RUNGS];
    char *why;
    size_t why_size;
} choice;

/* ---- candidates */

static int takes_sign(const choice *c, size_t k)
{
    double base, bend;
    return c->o->sign && nn_activation_bend(&c->f->sites.site[k].f, &base, &bend);
}

/* A composite sign does not depend on the range, so each rung is made once. */
static const nn_sign *sign_of(choice *c, int rung)
{
    int depth = c->o->levels > 0 ? c->o->levels - 1 : 4 * 5;

    if (c->sign_known[rung] == 0)
        c->sign_known[rung] =
            nn_sign_choose(&c->sign[rung], exp2(-SIGN_BITS - rung), depth) == NN_OK ? 1 : -1;
    return c->sign_known[rung] == 1 ? &c->sign[rung] : NULL;
}

/* The fit of a site at a rung. NN_ERR_RANGE when there is none: the method fails, or it takes more
 * levels than it may. */
static nn_status make(choice *c, nn_fit *fit, size_t k, int degree, int rung, nn_fit_method method)
{
    const nn_fitting_state *s = &c->f->site[k];
    double share[BINS];
    nn_status st;

    if (takes_sign(c, k)) {
        const nn_sign *sign = sign_of(c, rung);
        st = sign == NULL ? NN_ERR_RANGE : nn_fit_of_sign(fit, &c->f->sites.site[k].f, s->hi, sign);
    } else {
        nn_histogram_spread(share, BINS, s->lo, s->hi, &s->seen);
        st = nn_fit_make(fit, &c->f->sites.site[k].f, s->lo, s->hi, method, degree, share, BINS);
    }
    if (st == NN_OK && c->o->levels > 0 && nn_fit_depth(fit) > c->o->levels)
        st = NN_ERR_RANGE;
    return st;
}

static nn_status make_all(choice *c, int degree, int rung, nn_fit_method method)
{
    for (size_t k = 0; k < c->f->sites.count; k++) {
        nn_status st = make(c, &c->f->site[k].fit, k, degree, rung, method);
        if (st != NN_OK)
            return st;
        c->f->site[k].method = method;
        c->f->fit[k] = &c->f->site[k].fit;
    }
    return NN_OK;
}

/* ---- judging */

static int meets(const choice *c, const nn_fitting_result *r)
{
    if (c->o->loss >= 0 && c->labels != NULL)
        return (double)r->fitted_right + 1e-9 >=
               (double)r->float_right - c->o->loss * (double)r->images;
    return (double)r->agree + 1e-9 >= c->agreement * (double)r->images &&
           r->logit_error <= c->logit_error;
}

/* Whether the demands can no longer be met, whatever the images that are left say. */
static int is_hopeless(const choice *c, const nn_fitting_result *r)
{
    double all = (double)c->f->count;

    if (c->o->loss >= 0 && c->labels != NULL)
        return (double)r->float_right - (double)r->fitted_right >
               c->o->loss * all + all - (double)r->images + 1e-9;
    return (double)(r->images - r->agree) > (1 - c->agreement) * all + 1e-9;
}

/* The fits in f->fit on at most so many images; fewer when they are hopeless and there is hurry. */
static nn_status judge(choice *c, nn_fitting_result *r, size_t most)
{
    double sum[2] = {0, 0};

    *r = (nn_fitting_result){.images = 0};
    most = most < c->f->count ? most : c->f->count;
    while (r->images < most) {
        size_t count = most - r->images < BLOCK ? most - r->images : BLOCK;
        nn_status st =
            nn_fitting_compare(c->f, r, sum, r->images, count, c->labels, c->why, c->why_size);
        if (st != NN_OK)
            return st;
        /* Logits that are all alike have no unit of their own. */
        r->logit_error = sqrt(sum[0] / (sum[1] > 0 ? sum[1] : 1));
        if (r->images < most && c->hurry && is_hopeless(c, r))
            break;
    }
    r->reached = r->images == c->f->count && meets(c, r);
    return NN_OK;
}

/* The method whose fits, set by `set`, keep the first images' logits best; it is set in the end.
 * NN_ERR_RANGE when none can be made. */
typedef nn_status (*setter)(choice *c, size_t k, int degree, int rung, nn_fit_method method);

static nn_status set_all(choice *c, size_t k, int degree, int rung, nn_fit_method method)
{
    (void)k;
    return make_all(c, degree, rung, method);
}

static nn_status set_one(choice *c, size_t k, int degree, int rung, nn_fit_method method)
{
    nn_fit fit;

    nn_status st = make(c, &fit, k, degree, rung, method);
    if (st == NN_OK) {
        c->f->site[k].fit = fit;
        c->f->site[k].method = method;
    }
    return st;
}

static nn_status set_best(choice *c, setter set, size_t k, int degree, int rung)
{
    const nn_fit_method all[3] = {NN_FIT_LEAST_SQUARES, NN_FIT_MINIMAX, NN_FIT_CHEBYSHEV};
    double least = HUGE_VAL;
    int best = -1;

    if (c->o->method != NN_FITTING_AUTO)
        return set(c, k, degree, rung,
                   c->o->method == NN_FITTING_LEAST_SQUARES ? NN_FIT_LEAST_SQUARES
                   : c->o->method == NN_FITTING_CHEBYSHEV   ? NN_FIT_CHEBYSHEV
                                                            : NN_FIT_MINIMAX);
    for (int m = 0; m < 3; m++) {
        nn_fitting_result r;
        nn_status st = set(c, k, degree, rung, all[m]);

        if (st == NN_ERR_RANGE)
            continue;
        if (st == NN_OK)
            st = judge(c, &r, PREVIEW);
        if (st != NN_OK)
            return st;
        if (best < 0 || r.logit_error < least) {
            least = r.logit_error;
            best = m;
        }
    }
    return best < 0 ? NN_ERR_RANGE : set(c, k, degree, rung, all[best]);
}

/* ---- up the ladder */

/* The range to fit on: what was seen and the margin; of a function of |x| on both sides of 0. */
static void set_range(const choice *c, size_t k, double seen_lo, double seen_hi)
{
    nn_fitting_state *s = &c->f->site[k];
    double wide = c->o->margin * (seen_hi - seen_lo);

    s->lo = seen_lo - wide;
    s->hi = seen_hi + wide;
    if (!(s->hi - s->lo > 1e-6 * fmax(1, fabs(seen_hi)))) { /* a constant */
        s->lo -= 0.5;
        s->hi += 0.5;
    }
    if (c->f->sites.site[k].is_pool || takes_sign(c, k)) {
        s->hi = fmax(fabs(s->lo), fabs(s->hi));
        s->lo = -s->hi;
    }
    if (c->o->range > 0) {
        s->lo = -c->o->range;
        s->hi = c->o->range;
    }
}

static nn_status fail(const choice *c, nn_status st)
{
    if (st == NN_ERR_RANGE)
        return nn_why(c->why, c->why_size, st,
                      "no polynomial can be fitted within %d levels%s; allow more levels or take "
                      "another method",
                      c->o->levels, c->o->levels == 0 ? " (0: any)" : "");
    if (st == NN_ERR_MEMORY)
        return nn_why(c->why, c->why_size, st, "out of memory while fitting");
    return st;
}

/* Sets *rung to that at which the demands are met, or to the last that could be made. */
static nn_status climb(choice *c, int *rung)
{
    nn_fitting_result *r = &c->f->result;
    nn_status st = NN_ERR_RANGE;

    *rung = -1;
    r->reached = 0;
    for (int k = 0; k < RUNGS && !r->reached; k++) {
        st = set_best(c, set_all, 0, rung_degree[k], k);
        if (st == NN_ERR_RANGE)
            continue; /* an exchange that does not settle, or too many levels */
        if (st == NN_OK)
            st = judge(c, r, c->f->count);
        if (st != NN_OK)
            return fail(c, st);
        *rung = k;
    }
    if (*rung < 0)
        return fail(c, NN_ERR_RANGE);
    if (r->reached)
        return NN_OK;
    /* Later rungs may have failed half way; the most precise one is to be judged by all images. */
    c->hurry = 0;
    st = set_best(c, set_all, 0, rung_degree[*rung], *rung);
    if (st == NN_OK)
        st = judge(c, r, c->f->count);
    c->hurry = 1;
    return st == NN_OK ? st : fail(c, st);
}

/* ---- and down again */

typedef struct effect {
    size_t site;
    double error;
} effect;

static int by_error(const void *a, const void *b)
{
    const effect *p = a, *q = b;

    if (p->error != q->error)
        return p->error < q->error ? -1 : 1;
    return (p->site > q->site) - (p->site < q->site);
}

/* What the logits feel of each site alone, all others being the functions themselves. */
static nn_status feel(choice *c, effect *e)
{
    nn_fitting *f = c->f;
    nn_status st = NN_OK;

    for (size_t k = 0; k < f->sites.count; k++)
        f->fit[k] = NULL;
    for (size_t k = 0; k < f->sites.count && st == NN_OK; k++) {
        nn_fitting_result r;

        f->fit[k] = &f->site[k].fit;
        st = judge(c, &r, PREVIEW);
        e[k] = (effect){k, r.logit_error};
        f->fit[k] = NULL;
    }
    for (size_t k = 0; k < f->sites.count; k++)
        f->fit[k] = &f->site[k].fit;
    qsort(e, f->sites.count, sizeof *e, by_error);
    return st;
}

/* Levels at a rung, the same for every method; 0 when there is no fit. */
static int depth_at(choice *c, size_t k, int rung)
{
    nn_fit fit;

    return make(c, &fit, k, rung_degree[rung], rung, NN_FIT_CHEBYSHEV) == NN_OK ? nn_fit_depth(&fit)
                                                                                : 0;
}

/* The rungs below, from the cheapest on, of each number of levels the last. */
static nn_status step_down(choice *c, size_t k, int rung)
{
    nn_fitting_state *s = &c->f->site[k], kept = *s;
    const int depth = nn_fit_depth(&kept.fit);

    for (int r = 0; r < rung; r++) {
        nn_fitting_result result;
        int here = depth_at(c, k, r);

        if (here >= depth)
            break;
        if (here == 0 || here == depth_at(c, k, r + 1))
            continue;
        nn_status st = set_best(c, set_one, k, rung_degree[r], r);
        if (st == NN_ERR_RANGE)
            continue;
        if (st == NN_OK)
            st = judge(c, &result, c->f->count);
        if (st != NN_OK)
            return fail(c, st);
        if (result.reached) {
            c->f->result = result;
            return NN_OK;
        }
    }
    *s = kept;
    return NN_OK;
}

static nn_status descend(choice *c, int rung)
{
    effect *e = calloc(c->f->sites.count + 1, sizeof *e);
    nn_status st = e == NULL ? fail(c, NN_ERR_MEMORY) : feel(c, e);

    for (size_t k = 0; k < c->f->sites.count && st == NN_OK; k++)
        st = step_down(c, e[k].site, rung);
    free(e);
    return st;
}

/* ---- all of it */

static nn_status choose_once(choice *c)
{
    int rung;
    nn_status st;

    c->hurry = c->o->degree == 0;
    if (c->o->degree > 0) {
        st = set_best(c, set_all, 0, c->o->degree, SIGN_DEFAULT);
        if (st == NN_OK)
            st = judge(c, &c->f->result, c->f->count);
        return st == NN_OK ? st : fail(c, st);
    }
    st = climb(c, &rung);
    if (st == NN_OK && c->f->result.reached)
        st = descend(c, rung);
    return st;
}

static void tell(const choice *c, size_t k)
{
    nn_fitting_state *s = &c->f->site[k];
    const nn_fit_site *site = &c->f->sites.site[k];
    nn_fitting_site *info = &s->info;

    *info =
        (nn_fitting_site){.value = c->f->graph->node[site->node].makes,
                          .function = site->is_pool ? "max" : nn_activation_name(site->f.function),
                          .seen_lo = s->seen.lo,
                          .seen_hi = s->seen.hi,
                          .lo = s->fit.lo,
                          .hi = s->fit.hi,
                          .sign = s->fit.kind == NN_FIT_SIGN,
                          .count = s->fit.count,
                          .levels = nn_fit_depth(&s->fit),
                          .error = s->fit.error,
                          .outside = s->outside};
    info->method = info->sign ? nn_fit_method_name(NN_FIT_MINIMAX) : nn_fit_method_name(s->method);
    for (int i = 0; i < s->fit.count; i++)
        info->degree[i] = s->fit.poly[i].degree;
}

/* Measures the fitted network; returns 1 in *left when it leaves a range that may be widened. */
static nn_status measure(choice *c, int *left)
{
    nn_fitting *f = c->f;
    nn_histogram *seen = calloc(f->sites.count + 1, sizeof *seen);
    nn_status st = seen == NULL ? fail(c, NN_ERR_MEMORY)
                                : nn_fitting_survey(f, seen, NULL, c->why, c->why_size);

    *left = 0;
    for (size_t k = 0; k < f->sites.count && st == NN_OK; k++) {
        if (f->site[k].outside > 0 && c->o->range <= 0) {
            set_range(c, k, fmin(seen[k].lo, f->site[k].seen.lo),
                      fmax(seen[k].hi, f->site[k].seen.hi));
            *left = 1;
        }
    }
    free(seen);
    return st;
}

static nn_status check(choice *c)
{
    const nn_fitting_options *o = c->o;

    if (c->f->count == 0)
        return nn_why(c->why, c->why_size, NN_ERR_ARG, "no images have been measured yet");
    if (o->degree != 0 && (o->degree < 2 || o->degree > NN_FIT_DEGREE_MAX))
        return nn_why(c->why, c->why_size, NN_ERR_ARG, "degree %d is not 2 to %d", o->degree,
                      NN_FIT_DEGREE_MAX);
    if (!(o->margin >= 0 && o->margin <= 10) || !(o->range >= 0 && o->range < 1e30) ||
        o->levels < 0 || o->method < NN_FITTING_AUTO || o->method > NN_FITTING_MINIMAX)
        return nn_why(c->why, c->why_size, NN_ERR_ARG, "an option is out of its range");
    if (o->loss >= 0 && c->labels == NULL)
        return nn_why(c->why, c->why_size, NN_ERR_ARG,
                      "a loss of accuracy is only known with labels");
    return NN_OK;
}

nn_status nn_fitting_choose(nn_fitting *f, const nn_fitting_options *options, const uint8_t *labels,
                            char *why, size_t why_size)
{
    choice *c = calloc(1, sizeof *c);
    int left = 1;

    if (c == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while fitting");
    c->f = f;
    c->o = options;
    c->labels = labels;
    c->agreement = options->agreement > 0 ? options->agreement : 0.999;
    c->logit_error = options->logit_error > 0 ? options->logit_error : 0.1;
    c->why = why;
    c->why_size = why_size;
    nn_status st = check(c);
    f->margin = options->margin;
    for (size_t k = 0; k < f->sites.count && st == NN_OK; k++)
        set_range(c, k, f->site[k].seen.lo, f->site[k].seen.hi);
    for (int round = 0; round < WIDENINGS && left && st == NN_OK; round++) {
        st = choose_once(c);
        if (st == NN_OK)
            st = measure(c, &left);
    }
    for (size_t k = 0; k < f->sites.count && st == NN_OK; k++)
        tell(c, k);
    free(c);
    return st;
}
