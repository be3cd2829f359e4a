/* Batches end to end: small networks of every kind of step against the plain network, in both
 * rings; threads, aliases of memory, every refusal. */
#include "tests/batches.h"
#include "tests/failing.h"

#include "ckks/object.h"

/* Which kinds of steps the tests have seen. */
static int seen[NN_BATCH_POLY + 1], seen_three;

static void note_steps(const nn_batch *b)
{
    for (size_t k = 0; k < b->schedule.count; k++) {
        seen[b->schedule.step[k].kind] = 1;
        seen_three |= b->schedule.step[k].stages == 3;
    }
}

/* All images of a set against the plain network. */
static void check_network(nn_model *m, const nn_plan_options *o, testing_rng *rng)
{
    double largest = 0.0;
    batch_world t;

    batches_open(&t, m, o, 24, 1);
    note_steps(t.batch);
    batches_send(&t, rng);
    batches_infer(&t);
    batches_receive(&t);
    (void)batches_error(&t, &largest);
    /* The estimate is a deviation at typical values; Laplace tails reach 16 of them. */
    if (!(largest < 16.0 * nn_batch_forecast(t.batch)->logit_error + 1e-5)) {
        print_error("a logit is off by %g, foretold %g\n", largest,
                    nn_batch_forecast(t.batch)->logit_error);
        fail();
    }
    batches_close(&t);
}

/* Squares before and behind the sums in both rings, and a cube; in long tests fourth powers too. */
static void small_networks_give_the_plain_answer(void **state)
{
    nn_costs costs = *nn_costs_builtin("avx2");
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= 4; degree++) {
        nn_model *m = models_small(degree, 7);
        for (int ring = NN_RING_COMPLEX; ring <= NN_RING_REAL; ring++) {
            for (int dear = 0; dear < (degree == 2 ? 2 : 1); dear++) {
                nn_plan_options o = {.ring = ring, .costs = &costs};
                costs.scalar_ns = dear ? 1000.0 : 0.1;
                if (degree == 2 || (degree == 3 && ring == NN_RING_REAL) || testing_long())
                    check_network(m, &o, &rng);
            }
        }
        nn_model_free(m);
    }
    for (int kind = 0; kind <= NN_BATCH_POLY; kind++)
        assert_true(seen[kind]);
    assert_true(seen_three);
}

/* Take stages from the front and the back of a model, as if the network began and ended with an
 * activation. */
static void cut(nn_model *m, size_t front, size_t back)
{
    nn_stages *s = &m->merged;

    for (size_t k = 0; k < front; k++) {
        s->input = s->stage[k].out;
        nn_stage_clear(&s->stage[k]);
    }
    for (size_t k = 0; k < back; k++)
        nn_stage_clear(&s->stage[--s->count]);
    s->count -= front;
    memmove(s->stage, s->stage + front, s->count * sizeof *s->stage);
    s->input_lo = -1.0;
    assert_int_equal(nn_stages_bound(s, NULL, 0), NN_OK);
}

/* Networks that begin with an activation, end with one, and are nothing else: against the stages in
 * plain numbers. */
static void a_network_may_begin_and_end_with_an_activation(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t front = 0; front < 2; front++) {
        for (size_t back = 0; back < 2; back++) {
            enum { IMAGES = 3, MOST = 36 };
            nn_model *m = models_small(2, 7);
            double in[MOST], out[MOST];
            batch_world t;

            cut(m, front, back);
            nn_plan_options o = {.log_n = 13};
            batches_open(&t, m, &o, IMAGES, 1);
            assert_int_equal(t.requests, nn_shape_count(m->merged.input));
            t.pixels = t.requests;
            batches_send(&t, &rng);
            batches_infer(&t);
            batches_receive(&t);
            for (size_t i = 0; i < IMAGES; i++) {
                for (size_t p = 0; p < t.pixels; p++)
                    in[p] = (double)t.image[i * t.pixels + p];
                assert_int_equal(nn_stages_apply(&m->merged, out, NULL, in), NN_OK);
                for (size_t r = 0; r < t.responses; r++)
                    testing_assert_near(t.logits[r * IMAGES + i], out[r],
                                        16.0 * nn_batch_forecast(t.batch)->logit_error + 1e-5);
            }
            batches_close(&t);
            nn_model_free(m);
        }
    }
}

/* The same requests give the same bits for any number of threads, and a second time in the same
 * objects. */
static void threads_change_nothing(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    ckks_ciphertext *keep[MODELS_INPUTS] = {NULL}, *first[MODELS_OUTPUTS] = {NULL};
    ckks_worker *team = NULL;
    testing_rng rng;
    char why[400] = "";
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    batches_send(&t, &rng);
    batches_ok(
        ckks_worker_create_team(&team, t.ctx, nn_batch_program_scratch_bytes(t.program, 3), 3));
    batches_ok(ckks_worker_use_keys(team, t.keys));
    for (size_t r = 0; r < t.requests; r++) {
        batches_ok(ckks_ciphertext_create(&keep[r], t.ctx));
        batches_ok(ckks_ciphertext_copy(keep[r], t.in[r]));
    }
    batches_infer(&t);
    for (size_t r = 0; r < t.requests; r++)
        batches_ok(ckks_ciphertext_copy(t.in[r], keep[r]));
    for (size_t r = 0; r < t.responses; r++)
        batches_ok(ckks_ciphertext_create(&first[r], t.ctx));
    batches_ok(nn_batch_run(t.program, team, first, t.in, NULL, NULL, why, sizeof why));
    for (size_t r = 0; r < t.responses; r++) {
        assert_int_equal(first[r]->limbs, t.out[r]->limbs);
        for (int part = 0; part < 2; part++)
            assert_memory_equal(ckks_ciphertext_row(first[r], part, 0),
                                ckks_ciphertext_row(t.out[r], part, 0),
                                (size_t)first[r]->limbs * first[r]->n * sizeof(uint64_t));
    }
    for (size_t r = 0; r < t.requests; r++)
        ckks_ciphertext_free(keep[r]);
    for (size_t r = 0; r < t.responses; r++)
        ckks_ciphertext_free(first[r]);
    ckks_worker_free(team);
    batches_close(&t);
    nn_model_free(m);
}

static int stop_at(void *user, size_t step, size_t steps, const char *name)
{
    size_t *left = user;
    assert_true(step >= 1 && step <= steps && strlen(name) > 0);
    return --*left == 0;
}

static void what_cannot_run_is_told(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    testing_rng rng;
    char why[400] = "";
    size_t left = 1;
    ckks_ciphertext *kept;
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    /* Empty requests, a missing one, one of another scale. */
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, NULL, NULL, why, sizeof why),
                     NN_ERR_MISMATCH);
    batches_send(&t, &rng);
    kept = t.in[3];
    t.in[3] = NULL;
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, NULL, NULL, why, sizeof why),
                     NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "request 3"));
    t.in[3] = kept;
    kept->scale.hi *= 2.0;
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, NULL, NULL, why, sizeof why),
                     NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "scale"));
    kept->scale.hi *= 0.5;
    /* Nothing has changed so far: it still runs. Then it is stopped, and then it has no keys. */
    batches_infer(&t);
    batches_send(&t, &rng);
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, stop_at, &left, why, sizeof why),
                     NN_ERR_STOPPED);
    batches_send(&t, &rng);
    assert_int_equal(ckks_worker_use_keys(t.w, NULL), CKKS_OK);
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, NULL, NULL, why, sizeof why),
                     CKKS_ERR_NO_KEY);
    assert_non_null(strstr(why, "key"));
    batches_close(&t);
    nn_model_free(m);
}

static void a_weight_too_large_is_told(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *b = NULL;
    nn_batch_program *p = NULL;
    ckks_context *ctx = NULL;
    char why[400] = "";

    (void)state;
    batches_ok(nn_batch_create(&b, m, NULL, 0, why, sizeof why));
    batches_ok(ckks_context_create(&ctx, nn_batch_params(b), why, sizeof why));
    m->merged.stage[0].affine.value[0] = 1e300;
    assert_int_equal(nn_batch_program_create(&p, b, ctx, why, sizeof why), CKKS_ERR_RANGE);
    assert_null(p);
    assert_non_null(strstr(why, "step 1"));
    nn_batch_program_free(NULL);
    ckks_context_free(ctx);
    nn_batch_free(b);
    nn_model_free(m);
}

static void every_allocation_may_fail(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    testing_rng rng;
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    for (long k = 1;; k++) {
        nn_batch_program *p = NULL;
        failing_from(k);
        nn_status st = nn_batch_program_create(&p, t.batch, t.ctx, NULL, 0);
        int hit = failing_stop();
        assert_true(hit ? st == NN_ERR_MEMORY || st == CKKS_ERR_MEMORY : st == NN_OK);
        assert_true((st == NN_OK) == (p != NULL));
        nn_batch_program_free(p);
        if (!hit)
            break;
    }
    batches_send(&t, &rng);
    failing_from(1);
    assert_int_equal(nn_batch_run(t.program, t.w, t.out, t.in, NULL, NULL, NULL, 0), NN_ERR_MEMORY);
    assert_true(failing_stop());
    batches_infer(&t);
    batches_close(&t);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_networks_give_the_plain_answer),
        cmocka_unit_test(a_network_may_begin_and_end_with_an_activation),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(what_cannot_run_is_told),
        cmocka_unit_test(a_weight_too_large_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("batch_run", tests, NULL, NULL);
}
