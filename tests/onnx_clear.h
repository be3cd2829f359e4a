/* Node tests on clear slots: a case becomes a network of one image, is planned as an encrypted one
 * would be, and the plan is walked by nn/run/exec_clear.c. What is no arithmetic on an encrypted
 * image is fitted, moved to the client, or refused with a sentence that must help. */
#ifndef UNSEEN_TESTS_ONNX_CLEAR_H
#define UNSEEN_TESTS_ONNX_CLEAR_H

#include "nn/fit/fit_make.h"
#include "nn/fit/fit_run.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/op.h"
#include "nn/nn.h"
#include "nn/onnx/fold.h"
#include "nn/stages/model.h"

#include "tests/testing.h"

/* What became of a case. */
typedef enum clear_way {
    CLEAR_RUN,      /* run on clear slots */
    CLEAR_FITTED,   /* run after polynomials were fitted to its activation */
    CLEAR_TAIL,     /* run, and its end computed by the client */
    CLEAR_COMPUTED, /* no input has real numbers, or none has a say: computed on reading */
    CLEAR_REFUSED,
    CLEAR_WAYS
} clear_way;

static const char *const clear_name[CLEAR_WAYS] = {
    "run", "run after a fit", "run, its tail by the client", "computed on reading", "refused"};

enum { CLEAR_WHY = 1500, CLEAR_INPUTS = 8, CLEAR_DEGREE = 7 };

/* How far a float32 computation in another order of summation is off: a hundred roundings of 2^-24,
 * relative to numbers that are at most a few hundred times larger than what they cancel to. */
static inline double clear_rounding(double want)
{
    return 2e-5 * fabs(want) + 1e-5;
}

/* ---- one image for all inputs */

/* The numbers of all inputs, one after the other; to be released with free(). */
static inline float *clear_image(size_t *count, const nn_tensor *in, size_t inputs)
{
    *count = 0;
    for (size_t k = 0; k < inputs; k++)
        *count += in[k].count;
    float *image = malloc(*count * sizeof *image), *at = image;
    assert_non_null(image);
    for (size_t k = 0; k < inputs; k++) {
        memcpy(at, in[k].value, in[k].count * sizeof *at);
        at += in[k].count;
    }
    return image;
}

/* An input becomes what a Slice and a Reshape cut out of the image. */
static inline void clear_cut(nn_graph *g, const char *image, size_t from, const nn_tensor *in,
                             size_t input)
{
    char part[NN_GRAPH_FRESH_SIZE], made[NN_GRAPH_FRESH_SIZE];
    int64_t dims[NN_RANK_MAX];

    for (size_t k = 0; k < in->dims.rank; k++)
        dims[k] = (int64_t)in->dims.dim[k];
    const size_t starts = nn_graph_list(g, (const int64_t[]){(int64_t)from}, 1);
    const size_t ends = nn_graph_list(g, (const int64_t[]){(int64_t)(from + in->count)}, 1);
    const size_t axes = nn_graph_list(g, (const int64_t[]){1}, 1);
    const size_t shape = nn_graph_list(g, dims, in->dims.rank);
    assert_int_equal(nn_graph_status(g), NN_OK);
    nn_graph_fresh(part, g);
    nn_graph_node(g, "Slice", "",
                  (const char *const[]){image, g->value[starts].name, g->value[ends].name,
                                        g->value[axes].name},
                  4, part);
    nn_graph_fresh(made, g);
    nn_graph_node(g, "Reshape", "", (const char *const[]){part, g->value[shape].name}, 2, made);
    assert_int_equal(nn_graph_status(g), NN_OK);
    const size_t last = g->node_count - 1, v = g->node[last].output;
    for (size_t n = 0; n < last; n++)
        for (size_t k = 0; k < g->node[n].input_count; k++)
            if (g->node[n].input[k] == input)
                g->node[n].input[k] = v;
    for (size_t k = 0; k < g->output_count; k++)
        if (g->output[k] == input)
            g->output[k] = v;
}

/* All inputs of a graph become one vector of a single image. */
static inline void clear_join(nn_graph *g, const nn_tensor *in, size_t inputs, size_t count)
{
    size_t nodes = g->node_count, old[CLEAR_INPUTS], from = 0;
    nn_node moved[2 * CLEAR_INPUTS];
    char image[NN_GRAPH_FRESH_SIZE];

    assert_int_equal(g->input_count, inputs);
    memcpy(old, g->input, inputs * sizeof *old);
    g->input_count = 0;
    nn_graph_fresh(image, g);
    nn_graph_input_dims(g, image, &(nn_dims){2, {1, count}});
    for (size_t k = 0; k < inputs; k++) {
        clear_cut(g, image, from, &in[k], old[k]);
        from += in[k].count;
    }
    /* What was added comes first. */
    memcpy(moved, g->node + nodes, 2 * inputs * sizeof *moved);
    memmove(g->node + 2 * inputs, g->node, nodes * sizeof *moved);
    memcpy(g->node, moved, 2 * inputs * sizeof *moved);
}

/* ---- fits */

/* What an activation takes: its range, or of a pool the largest difference within a window. */
typedef struct clear_survey {
    const nn_fit_site *site;
    const nn_node *node;
    double lo, hi;
    size_t width; /* numbers of the largest window */
} clear_survey;

static inline void clear_window(void *user, size_t out, const float *number, size_t count)
{
    clear_survey *s = user;
    float lo = INFINITY, hi = -INFINITY;

    (void)out;
    for (size_t k = 0; k < count; k++) {
        lo = fminf(lo, number[k]);
        hi = fmaxf(hi, number[k]);
    }
    s->hi = fmax(s->hi, (double)hi - (double)lo);
    s->width = count > s->width ? count : s->width;
}

static inline void clear_see(void *user, size_t value, const nn_tensor *t)
{
    clear_survey *s = user;

    if (value != s->site->input)
        return;
    if (s->site->is_pool)
        assert_int_equal(nn_fit_windows(s->node, t, clear_window, s), NN_OK);
    for (size_t i = 0; !s->site->is_pool && i < t->count; i++) {
        s->lo = fmin(s->lo, (double)t->value[i]);
        s->hi = fmax(s->hi, (double)t->value[i]);
    }
}

/* Fit a pool, whose differences grow by an error each round. Returns what the fit changes at most:
 * half an error a round, for max(u, v) = (u + v + |u - v|) / 2. */
static inline double clear_fit_pool(nn_fit *fit, const clear_survey *s)
{
    /* Many rounds by squares: with more they would take minutes to plan. */
    const int degree = s->width > 4 ? 2 : 4;
    const double range = s->hi > 0 ? 2.1 * s->hi : 1;
    double rounds = 0;

    for (size_t left = s->width; left > 1; left = (left + 1) / 2)
        rounds++;
    assert_int_equal(nn_fit_make(fit, &s->site->f, -range, range, NN_FIT_MINIMAX, degree, NULL, 1),
                     NN_OK);
    assert_true(s->hi + fmax(rounds - 1, 0) * fit->error <= range);
    return rounds * fit->error / 2;
}

/* Fit the activation of a graph, if it has one, to the images. Returns by how much that may change
 * an output. An activation that is not fitted stays, for the plan to refuse. */
static inline double clear_fit(nn_graph *g, const float *image, size_t images, size_t count)
{
    nn_fit_sites sites;
    nn_tensor x, y;
    nn_fit fit;
    nn_dims dims = g->value[g->input[0]].dims;
    double bound = 0;

    if (nn_fit_sites_find(&sites, g, NULL, 0) != NN_OK)
        return 0;
    assert_true(sites.count <= 1);
    dims.dim[0] = 1;
    for (size_t n = 0; n < sites.count; n++) {
        clear_survey s = {&sites.site[n], &g->node[sites.site[n].node], INFINITY, -INFINITY, 0};
        for (size_t b = 0; b < images; b++) {
            assert_int_equal(nn_tensor_init(&x, NN_TYPE_FLOAT, &dims), NN_OK);
            assert_int_equal(x.count, count);
            memcpy(x.value, image + b * count, count * sizeof *image);
            assert_int_equal(nn_fit_run(g, &sites, NULL, &x, &y, clear_see, &s, NULL, 0), NN_OK);
            nn_tensor_clear(&x);
            nn_tensor_clear(&y);
        }
        if (s.site->is_pool) {
            bound = clear_fit_pool(&fit, &s);
        } else {
            double edge = 0.05 * (s.hi - s.lo) + 0.05;
            assert_int_equal(nn_fit_make(&fit, &s.site->f, s.lo - edge, s.hi + edge, NN_FIT_MINIMAX,
                                         CLEAR_DEGREE, NULL, 1),
                             NN_OK);
            bound = fit.error;
        }
        assert_int_equal(nn_fit_set(g, s.node->makes, &fit), NN_OK);
    }
    nn_fit_sites_clear(&sites);
    return 1.01 * bound; /* it was measured on a grid */
}

/* ---- the plan */

static inline void clear_compare(const char *what, const float *got, const float *want,
                                 size_t count, double bound)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= bound + clear_rounding((double)want[i])))
            fail_msg("clear slots against %s: number %zu is %.9g, not %.9g, which is more than %g",
                     what, i, (double)got[i], (double)want[i], bound);
}

/* Walk the plan for every image; want: of all of them. */
static inline void clear_walk(const nn_plan *p, const nn_model *m, const float *image,
                              size_t images, const float *want, size_t wanted, double bound)
{
    size_t in = nn_shape_count(nn_model_input(m)), out = nn_model_outputs(m);
    float *got = malloc(2 * out * sizeof *got), *plain = got + out;
    char why[CLEAR_WHY] = "";

    assert_non_null(got);
    for (size_t b = 0; b < images; b++) {
        if (nn_plan_run_clear(p, got, image + b * in, NULL, why, sizeof why) != NN_OK ||
            nn_model_run(m, plain, image + b * in, why, sizeof why) != NN_OK)
            fail_msg("%s", why);
        clear_compare("the fitted network", got, plain, out, 0);
        size_t made = nn_tail_apply(got, nn_model_tail(m), got, out);
        assert_int_equal(made * images, wanted);
        clear_compare("the case", got, want + b * made, made, bound);
    }
    free(got);
}

/* Plan a graph, which is taken over, and run it on its images, one after the other. */
static inline clear_way clear_try(nn_graph *g, const float *image, size_t images, size_t count,
                                  const float *want, size_t wanted, char why[CLEAR_WHY])
{
    char range[80];
    float lo = INFINITY, hi = -INFINITY;
    nn_model *m = NULL;
    nn_plan *p = NULL;
    clear_way way = CLEAR_REFUSED;

    for (size_t i = 0; i < count; i++) {
        lo = fminf(lo, image[i]);
        hi = fmaxf(hi, image[i]);
    }
    (void)snprintf(range, sizeof range, "%.9g %.9g", (double)lo - 1, (double)hi + 1);
    nn_graph_meta(g, "unseen.input_range", range);
    if (nn_fold(g, why, CLEAR_WHY) != NN_OK)
        fail_msg("%s", why);
    if (g->value[g->output[0]].kind == NN_VALUE_CONSTANT) {
        nn_graph_free(g);
        return CLEAR_COMPUTED; /* and compared before */
    }
    double bound = clear_fit(g, image, images, count / images);
    if (nn_model_of_graph(&m, g, 1, why, CLEAR_WHY) == NN_OK &&
        nn_plan_create(&p, m, NULL, why, CLEAR_WHY) == NN_OK) {
        clear_walk(p, m, image, images, want, wanted, bound);
        way = bound > 0 ? CLEAR_FITTED : nn_model_tail(m) != NN_TAIL_NONE ? CLEAR_TAIL : CLEAR_RUN;
    }
    nn_plan_free(p);
    nn_model_free(m);
    return way;
}

#endif
