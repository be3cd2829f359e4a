/* A small network with fits, planned and checked, for the tests of checks and their reports. */
#ifndef UNSEEN_TESTS_CHECKS_H
#define UNSEEN_TESTS_CHECKS_H

#include <math.h>

#include "nn/check/check_data.h"
#include "nn/fit/fit_make.h"
#include "nn/fitting.h"

#include "tests/fits.h"

enum { CHECKS_WHY = 500 };

typedef struct checks {
    nn_model *model;
    nn_plan *plan;
    nn_check *check;
    float *images;
    char why[CHECKS_WHY];
} checks;

/** The call of nn/ must succeed; prints its sentence when it does not. */
#define checks_ok(c, call)                                                                         \
    do {                                                                                           \
        if ((call) != NN_OK) {                                                                     \
            print_error("%s\n", (c)->why);                                                         \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/** A fit of ReLU on [-range, range], as text in a graph's metadata. */
static inline void checks_relu(nn_graph *g, const char *value, double range, int degree)
{
    const nn_activation relu = {.function = NN_APPROX_RELU};
    nn_fit fit;
    assert_int_equal(nn_fit_make(&fit, &relu, -range, range, NN_FIT_CHEBYSHEV, degree, NULL, 0),
                     NN_OK);
    assert_int_equal(nn_fit_set(g, value, &fit), NN_OK);
}

/** Convolution, "a" by ReLU, average pool, dense: the ReLU fitted so. */
static inline nn_graph *checks_graph(double range, int degree)
{
    nn_graph *g = fits_graph("Relu", 0, 5);
    checks_relu(g, "a", range, degree);
    return g;
}

/** Dense, "a1" by ReLU, dense, "a2" by ReLU, dense, of four numbers each: fitted on such ranges,
 * badly where these are below 1. */
static inline nn_graph *checks_two_relus(double first, double second)
{
    testing_rng rng;
    float w[16], v[16];
    nn_graph *g = NULL;
    testing_rng_init(&rng, 3);
    fits_fill(&rng, w, 16, 1.0);
    fits_fill(&rng, v, 16, 1.0);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){4, 1, 1});
    nn_graph_initializer(g, "w", 4, (const size_t[]){4, 4, 1, 1}, w);
    nn_graph_initializer(g, "v", 4, (const size_t[]){4, 4, 1, 1}, v);
    nn_graph_node(g, "Conv", "c1", (const char *const[]){"image", "w"}, 2, "x1");
    nn_graph_node(g, "Relu", "r1", (const char *const[]){"x1"}, 1, "a1");
    nn_graph_node(g, "Conv", "c2", (const char *const[]){"a1", "v"}, 2, "x2");
    nn_graph_node(g, "Relu", "r2", (const char *const[]){"x2"}, 1, "a2");
    nn_graph_node(g, "Conv", "c3", (const char *const[]){"a2", "w"}, 2, "y");
    nn_graph_output(g, "y");
    checks_relu(g, "a1", first, first < 1 ? 2 : 7);
    checks_relu(g, "a2", second, second < 1 ? 2 : 7);
    return g;
}

/** Read, plan and begin to check a graph, which goes to the model; so many images of noise. */
static inline void checks_open(checks *c, nn_graph *g, size_t images, const nn_plan_options *o)
{
    size_t size = 0;
    uint8_t *bytes = fits_bytes(&size, g);
    *c = (checks){.images = fits_images(images, 9)};
    checks_ok(c, nn_model_read(&c->model, bytes, size, c->why, CHECKS_WHY));
    free(bytes);
    checks_ok(c, nn_plan_create(&c->plan, c->model, o, c->why, CHECKS_WHY));
    checks_ok(c, nn_check_create(&c->check, c->plan, c->why, CHECKS_WHY));
}

static inline void checks_image(checks *c, size_t image, const nn_check_keys *keys)
{
    checks_ok(c,
              nn_check_image(c->check, c->images + image * FITS_PIXELS, keys, c->why, CHECKS_WHY));
}

static inline void checks_close(checks *c)
{
    nn_check_free(c->check);
    nn_plan_free(c->plan);
    nn_model_free(c->model);
    free(c->images);
}

/* ---- encrypted */

typedef struct checks_secret {
    nn_client *client;
    ckks_context *ctx;
    nn_program *program;
    ckks_worker *server, *owner;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
} checks_secret;

static double checks_now;

/** A clock that goes on by a second whenever it is looked at. */
static inline double checks_seconds(void)
{
    return checks_now++;
}

/** Keys and program of a plan. */
static inline nn_check_keys checks_keys(checks_secret *s, checks *c)
{
    *s = (checks_secret){.client = NULL};
    assert_int_equal(nn_client_of_plan(&s->client, c->plan), NN_OK);
    checks_ok(c, ckks_context_create(&s->ctx, nn_plan_params(c->plan), c->why, CHECKS_WHY));
    checks_ok(c, nn_program_create(&s->program, c->plan, s->ctx, NULL, c->why, CHECKS_WHY));
    assert_int_equal(
        ckks_worker_create_team(&s->server, s->ctx, nn_program_scratch_bytes(s->program, 1), 1),
        CKKS_OK);
    assert_int_equal(ckks_worker_create_team(&s->owner, s->ctx, 0, 1), CKKS_OK);
    assert_int_equal(ckks_secret_key_create(s->owner, &s->sk), CKKS_OK);
    assert_int_equal(ckks_eval_keys_create(s->owner, &s->keys, s->sk, nn_client_keys(s->client),
                                           nn_client_key_count(s->client)),
                     CKKS_OK);
    assert_int_equal(ckks_worker_use_keys(s->server, s->keys), CKKS_OK);
    return (nn_check_keys){s->client, s->program, s->server, s->owner, s->sk, checks_seconds};
}

static inline void checks_forget(checks_secret *s)
{
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_worker_free(s->server);
    ckks_worker_free(s->owner);
    nn_program_free(s->program);
    ckks_context_free(s->ctx);
    nn_client_free(s->client);
}

#endif
