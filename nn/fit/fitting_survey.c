/* Running the samples through the float network or the fitted one, see nn/fit/fitting_data.h.
 *
 * The images are shared out in parts, each with counts of its own, which are added up in order; all
 * that is added are whole numbers and extremes, so the results do not depend on who ran what. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/fit/fitting_data.h"
#include "nn/graph/graph_data.h"

enum { PARTS = 16, WHY = 256 };

/* One share of the images. */
typedef struct part {
    nn_histogram *seen;          /* per site */
    double *largest, *squares;   /* per value; squares: their mean for an image, summed up */
    uint64_t *outside, *numbers; /* per site */
    double lo, hi;               /* of the input */
    const nn_fitting *f;
    int finite;
    nn_status st;
    char why[WHY];
} part;

typedef struct survey {
    const nn_fitting *f;
    float *logits;
    part part[PARTS];
    size_t parts;
} survey;

nn_status nn_fitting_image(const nn_fitting *f, nn_tensor *t, size_t image)
{
    nn_dims dims = f->graph->value[f->graph->input[0]].dims;

    dims.dim[0] = 1;
    /* Borrowed and only read. */
    union {
        const float *in;
        float *out;
    } pixels = {f->images + image * f->pixels};
    return nn_tensor_borrow(t, &dims, pixels.out);
}

/* ---- what is seen of a value */

typedef struct place {
    part *p;
    size_t site;
} place;

static void count_number(part *p, size_t site, double x)
{
    const nn_fitting_state *s = &p->f->site[site];

    if (!isfinite(x)) {
        p->finite = 0;
        return;
    }
    nn_histogram_add(&p->seen[site], x);
    p->numbers[site]++;
    p->outside[site] += x < s->lo || x > s->hi;
}

/* The differences of neighbours, as the first round of a tournament takes them, and the largest one
 * of all, which bounds those of every round. */
static void count_window(void *user, size_t out, const float *number, size_t count)
{
    const place *at = user;
    double lo = (double)number[0], hi = lo;

    (void)out;
    for (size_t k = 0; k < count; k++) {
        lo = fmin(lo, (double)number[k]);
        hi = fmax(hi, (double)number[k]);
        if (k % 2 == 1)
            count_number(at->p, at->site, (double)number[k - 1] - (double)number[k]);
    }
    count_number(at->p, at->site, hi - lo);
    count_number(at->p, at->site, lo - hi);
}

static void see(void *user, size_t value, const nn_tensor *t)
{
    part *p = user;
    const nn_fit_sites *sites = &p->f->sites;
    double largest = 0, squares = 0;

    for (size_t i = 0; t->value != NULL && i < t->count; i++) {
        double x = (double)t->value[i];
        largest = fmax(largest, fabs(x));
        squares += x * x;
        p->finite &= isfinite(x) != 0;
        if (value == p->f->graph->input[0]) {
            p->lo = fmin(p->lo, x);
            p->hi = fmax(p->hi, x);
        }
    }
    p->largest[value] = fmax(p->largest[value], largest);
    p->squares[value] += squares / fmax((double)t->count, 1);
    for (size_t k = 0; k < sites->count && p->finite; k++) {
        place at = {p, k};
        if (sites->site[k].input != value)
            continue;
        for (size_t i = 0; i < t->count && !sites->site[k].is_pool; i++)
            count_number(p, k, (double)t->value[i]);
        if (sites->site[k].is_pool && p->st == NN_OK)
            p->st = nn_fit_windows(&p->f->graph->node[sites->site[k].node], t, count_window, &at);
    }
}

/* ---- the images of a part */

static nn_status run_image(const survey *s, part *p, size_t image)
{
    const nn_fitting *f = s->f;
    nn_tensor in = {0}, out = {0};

    nn_status st = nn_fitting_image(f, &in, image);
    if (st == NN_OK)
        st = nn_fit_run(f->graph, &f->sites, f->fit, &in, &out, see, p, p->why, WHY);
    if (st == NN_OK)
        st = p->st;
    if (st == NN_OK && !p->finite)
        st = nn_why(p->why, WHY, NN_ERR_RANGE,
                    "image %zu gives a value in the network that is not finite", image);
    if (st == NN_OK && s->logits != NULL)
        memcpy(s->logits + image * f->outputs, out.value, f->outputs * sizeof *out.value);
    nn_tensor_clear(&out);
    return st;
}

static void run_part(void *arg, size_t task)
{
    survey *s = arg;
    part *p = &s->part[task];
    size_t first = s->f->count * task / s->parts, end = s->f->count * (task + 1) / s->parts;

    for (size_t i = first; i < end && p->st == NN_OK; i++)
        p->st = run_image(s, p, i);
}

static nn_status make_part(part *p, const nn_fitting *f)
{
    *p = (part){.f = f, .lo = HUGE_VAL, .hi = -HUGE_VAL, .finite = 1};
    p->seen = calloc(f->sites.count + 1, sizeof *p->seen);
    p->largest = calloc(f->graph->value_count + 1, sizeof *p->largest);
    p->squares = calloc(f->graph->value_count + 1, sizeof *p->squares);
    p->outside = calloc(f->sites.count + 1, sizeof *p->outside);
    p->numbers = calloc(f->sites.count + 1, sizeof *p->numbers);
    return p->seen == NULL || p->largest == NULL || p->squares == NULL || p->outside == NULL ||
                   p->numbers == NULL
               ? NN_ERR_MEMORY
               : NN_OK;
}

static void free_part(part *p)
{
    free(p->seen);
    free(p->largest);
    free(p->squares);
    free(p->outside);
    free(p->numbers);
}

static void add_up(nn_fitting *f, nn_histogram *seen, const survey *s)
{
    memset(f->largest, 0, f->graph->value_count * sizeof *f->largest);
    f->input_lo = HUGE_VAL;
    f->input_hi = -HUGE_VAL;
    for (size_t t = 0; t < s->parts; t++) {
        f->input_lo = fmin(f->input_lo, s->part[t].lo);
        f->input_hi = fmax(f->input_hi, s->part[t].hi);
        for (size_t v = 0; v < f->graph->value_count; v++)
            f->largest[v] = fmax(f->largest[v], s->part[t].largest[v]);
    }
    for (size_t v = 0; v < f->graph->value_count; v++) {
        double squares = 0;
        for (size_t t = 0; t < s->parts; t++)
            squares += s->part[t].squares[v];
        f->size[v] = sqrt(squares / fmax((double)f->count, 1));
    }
    for (size_t k = 0; k < f->sites.count; k++) {
        uint64_t outside = 0, numbers = 0;
        for (size_t t = 0; t < s->parts; t++) {
            nn_histogram_merge(&seen[k], &s->part[t].seen[k]);
            outside += s->part[t].outside[k];
            numbers += s->part[t].numbers[k];
        }
        f->site[k].outside = numbers > 0 ? (double)outside / (double)numbers : 0;
    }
}

static void for_each(const nn_fitting *f, size_t count, void (*body)(void *arg, size_t task),
                     void *arg)
{
    if (f->each != NULL)
        f->each(f->user, count, body, arg);
    for (size_t t = 0; t < count && f->each == NULL; t++)
        body(arg, t);
}

nn_status nn_fitting_survey(nn_fitting *f, nn_histogram *seen, float *logits, char *why,
                            size_t why_size)
{
    survey s = {.f = f, .logits = logits, .parts = f->count < PARTS ? f->count : PARTS};
    nn_status st = NN_OK;

    for (size_t t = 0; t < s.parts && st == NN_OK; t++)
        st = make_part(&s.part[t], f);
    if (st != NN_OK)
        (void)nn_why(why, why_size, st, "out of memory while measuring ranges");
    else
        for_each(f, s.parts, run_part, &s);
    for (size_t t = 0; t < s.parts && st == NN_OK; t++) {
        st = s.part[t].st;
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "%s", s.part[t].why);
    }
    if (st == NN_OK)
        add_up(f, seen, &s);
    for (size_t t = 0; t < s.parts; t++)
        free_part(&s.part[t]);
    return st;
}

/* ---- comparing */

/* What one image gives. */
typedef struct answer {
    int agree, float_right, fitted_right;
    double largest, error, own;
    nn_status st;
    char why[WHY];
} answer;

typedef struct comparison {
    const nn_fitting *f;
    const uint8_t *labels;
    size_t first;
    answer *answer;
} comparison;

static size_t label_of(const float *logits, size_t count)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static void judge(answer *a, const nn_fitting *f, const float *want, const float *got,
                  const uint8_t *label)
{
    size_t plain = label_of(want, f->outputs), fitted = label_of(got, f->outputs);
    double mean = 0;

    a->agree = plain == fitted;
    a->float_right = label != NULL && plain == *label;
    a->fitted_right = label != NULL && fitted == *label;
    for (size_t i = 0; i < f->outputs; i++)
        mean += (double)want[i] / (double)f->outputs;
    for (size_t i = 0; i < f->outputs; i++) {
        double e = fabs((double)got[i] - (double)want[i]);
        if (!isfinite(e))
            e = HUGE_VAL;
        a->largest = fmax(a->largest, e);
        a->error += e * e;
        a->own += ((double)want[i] - mean) * ((double)want[i] - mean);
    }
    a->agree &= isfinite(a->largest) != 0;
    a->fitted_right &= isfinite(a->largest) != 0;
}

static void compare_image(void *arg, size_t task)
{
    comparison *c = arg;
    const nn_fitting *f = c->f;
    answer *a = &c->answer[task];
    size_t image = c->first + task;
    nn_tensor in = {0}, out = {0};

    a->st = nn_fitting_image(f, &in, image);
    if (a->st == NN_OK)
        a->st = nn_fit_run(f->graph, &f->sites, f->fit, &in, &out, NULL, NULL, a->why, WHY);
    if (a->st == NN_OK)
        judge(a, f, f->logits + image * f->outputs, out.value,
              c->labels != NULL ? c->labels + image : NULL);
    nn_tensor_clear(&out);
}

nn_status nn_fitting_compare(const nn_fitting *f, nn_fitting_result *r, double sum[2], size_t first,
                             size_t count, const uint8_t *labels, char *why, size_t why_size)
{
    comparison c = {f, labels, first, calloc(count + 1, sizeof *c.answer)};
    nn_status st = NN_OK;

    if (c.answer == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while comparing networks");
    for_each(f, count, compare_image, &c);
    for (size_t i = 0; i < count && st == NN_OK; i++) {
        const answer *a = &c.answer[i];
        st = a->st;
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "%s", a->why);
        r->images++;
        r->agree += a->agree != 0;
        r->float_right += a->float_right != 0;
        r->fitted_right += a->fitted_right != 0;
        r->largest_error = fmax(r->largest_error, a->largest);
        sum[0] += a->error;
        sum[1] += a->own;
    }
    free(c.answer);
    return st;
}
