/* Making plans: exact scales, keys within the security table, options, refusals, determinism. */
#include "nn/plan/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

/* Keys are secure by themselves, used at a level that they have, and none is there twice. Scales:
 * test_plan_steps. */
static void check_plan(const nn_plan *p, int security_bits)
{
    for (size_t k = 0; k < p->key_count; k++) {
        const ckks_key_spec *key = &p->key[k];
        double qp = ckks_params_log2_qp(&p->params, key->limbs, key->special);
        assert_true(qp <= ckks_security_max_log2_qp(p->params.log_n, security_bits));
        assert_true(key->limbs <= p->params.q_count);
        for (size_t i = 0; i < k; i++)
            assert_true(memcmp(key, &p->key[i], sizeof *key) != 0);
    }
}

static void test_create(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    for (int bits = 128; bits <= 256; bits += 64) {
        nn_plan *p = NULL;
        nn_plan_options o = {.security_bits = bits};
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        check_plan(p, bits);
        assert_true(nn_plan_forecast(p)->security_bits >= bits);
        nn_plan_free(p);
    }
    nn_model_free(m);
}

static void test_every_degree(void **state)
{
    (void)state;
    for (int degree = 3; degree <= 8; degree += degree < 5 ? 1 : 3) {
        nn_model *m = models_small(degree, 1);
        nn_plan *p = models_plan(m);
        check_plan(p, 128);
        nn_plan_free(p);
        nn_model_free(m);
    }
}

static void test_deterministic(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *a = models_plan(m), *b = models_plan(m);
    assert_memory_equal(&a->forecast, &b->forecast, sizeof a->forecast);
    assert_int_equal(a->key_count, b->key_count);
    assert_memory_equal(a->key, b->key, a->key_count * sizeof *a->key);
    nn_plan_free(a);
    nn_plan_free(b);
    nn_model_free(m);
}

static void test_options(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char why[300] = "";
    nn_plan_options o = {.security_bits = 100};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    assert_null(p);
    assert_non_null(strstr(why, "100"));
    o = (nn_plan_options){.passes_off = 64};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    o = (nn_plan_options){.log_n = 40};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    o = (nn_plan_options){.log_n = 11}; /* 53 bits: nothing fits */
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "53"));
    o = (nn_plan_options){.log_n = 14};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_OK);
    assert_int_equal(nn_plan_params(p)->log_n, 14);
    nn_plan_free(p);
    nn_model_free(m);
}

/* ---- refusals, before any key exists: the layer and a way out */

static nn_model *model_of(nn_graph *g)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    char why[400] = "";
    nn_model *m = NULL;
    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(nn_onnx_write(g, &bytes, &size, why, sizeof why), NN_OK);
    if (nn_model_read(&m, bytes, size, why, sizeof why) != NN_OK)
        print_error("%s\n", why);
    assert_non_null(m);
    free(bytes);
    nn_graph_free(g);
    return m;
}

/* 8 numbers through so many times x -> A x and its square; weights of this size. */
static nn_model *deep(int layers, float weight, const char *range)
{
    nn_graph *g = NULL;
    char value[32] = "image", next[32], node[32];
    float w[64];
    for (int k = 0; k < 64; k++)
        w[k] = k % 9 == 0 ? weight : weight / 16.0f;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){8, 1, 1});
    nn_graph_initializer(g, "w", 2, (const size_t[]){8, 8}, w);
    nn_graph_node(g, "Flatten", "flat", (const char *const[]){"image"}, 1, "f");
    (void)snprintf(value, sizeof value, "f");
    for (int k = 0; k < layers; k++) {
        (void)snprintf(next, sizeof next, "m%d", k);
        (void)snprintf(node, sizeof node, "matrix%d", k);
        nn_graph_node(g, "MatMul", node, (const char *const[]){value, "w"}, 2, next);
        (void)snprintf(value, sizeof value, "s%d", k);
        (void)snprintf(node, sizeof node, "square%d", k);
        nn_graph_node(g, "Mul", node, (const char *const[]){next, next}, 2, value);
        if (range != NULL) {
            char key[64];
            (void)snprintf(key, sizeof key, "unseen.range.%s", value);
            nn_graph_meta(g, key, range);
        }
    }
    nn_graph_output(g, value);
    return model_of(g);
}

/* More levels than the largest ring has. */
static void test_levels(void **state)
{
    (void)state;
    nn_model *m = deep(40, 0.9f, "1.0");
    nn_plan *p = NULL;
    char why[600] = "";
    assert_int_equal(nn_plan_create(&p, m, NULL, why, sizeof why), NN_ERR_PLAN);
    assert_null(p);
    assert_non_null(strstr(why, "65536"));
    assert_non_null(strstr(why, "log2(QP)"));
    assert_non_null(strstr(why, "'"));
    assert_non_null(strstr(why, "fewer layers"));
    nn_model_free(m);
}

/* Squares of squares whose range nobody has measured. */
static void test_ranges(void **state)
{
    (void)state;
    nn_model *m = deep(4, 2.5f, NULL);
    nn_plan *p = NULL;
    char why[600] = "";
    assert_int_equal(nn_plan_create(&p, m, NULL, why, sizeof why), NN_ERR_RANGE);
    assert_null(p);
    assert_non_null(strstr(why, "range of '"));
    assert_non_null(strstr(why, "unseen fit"));
    nn_model_free(m);
    m = deep(2, 2.5f, NULL);
    assert_int_equal(nn_plan_create(&p, m, NULL, why, sizeof why), NN_OK);
    nn_plan_free(p);
    nn_model_free(m);
}

static void test_memory(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char why[600] = "";
    nn_plan_options o = {.memory = 1 << 20};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_PLAN);
    assert_null(p);
    assert_non_null(strstr(why, "1.0 MiB"));
    assert_non_null(strstr(why, "--memory"));
    nn_model_free(m);
}

/* A network whose output is constant is refused, not run. */
static void test_zeros(void **state)
{
    (void)state;
    nn_model *m = deep(1, 0.0f, "1.0");
    nn_plan *p = NULL;
    char why[300] = "";
    assert_int_equal(nn_plan_create(&p, m, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_null(p);
    assert_non_null(strstr(why, "zero"));
    nn_model_free(m);
}

/* Dearer keys are fewer: a bound between keeps within it. */
static void test_bound(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    nn_plan_options o = {.memory = nn_plan_forecast(p)->server_memory * 19 / 20};
    nn_plan_free(p);
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    assert_true(nn_plan_forecast(p)->server_memory <= o.memory);
    nn_plan_free(p);
    nn_model_free(m);
}

/* Passes that are off cost levels; the count is that of the plan's stages. */
static void test_passes(void **state)
{
    (void)state;
    nn_model *m = models_small(4, 1);
    size_t levels[2];
    for (int off = 0; off < 2; off++) {
        nn_plan *p = NULL;
        nn_plan_options o = {.passes_off = off ? NN_PASS_ALL : 0};
        nn_model_cost cost, before, after;
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        assert_int_equal(nn_model_count(m, o.passes_off, &cost, NULL, 0), NN_OK);
        nn_plan_costs(p, &before, &after);
        assert_int_equal(cost.levels, after.levels);
        assert_int_equal(nn_plan_forecast(p)->levels, after.levels);
        assert_true(before.levels >= after.levels);
        levels[off] = after.levels;
        nn_plan_free(p);
    }
    assert_true(levels[1] >= levels[0]);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),        cmocka_unit_test(test_every_degree),
        cmocka_unit_test(test_deterministic), cmocka_unit_test(test_options),
        cmocka_unit_test(test_levels),        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_memory),        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_bound),         cmocka_unit_test(test_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
