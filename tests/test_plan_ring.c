/* The choice of the ring: forced and free, slots for the images, rotations at the real limbs. */
#include "nn/plan/plan_ring.h"

#include "tests/models.h"
#include "tests/testing.h"

static size_t slots_of(const nn_plan *p)
{
    int log_n = p->params.log_n;
    return (size_t)1 << (p->params.ring == CKKS_RING_REAL ? log_n : log_n - 1);
}

static void check_ring(const nn_plan *p, size_t images)
{
    assert_int_equal(p->arrangement.slots, slots_of(p));
    assert_int_equal(p->arrangement.images, images);
    assert_int_equal(p->schedule.ring, p->params.ring);
    for (size_t k = 0; k <= p->stages->count; k++)
        assert_int_equal(p->arrangement.layout[k].slots, slots_of(p) / images);
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_route *r = nn_arrangement_route(&p->arrangement, k, 0);
        for (int d = 0; d < r->count; d++) {
            assert_int_equal((size_t)(r->baby[d] + r->giant[d]) % slots_of(p), r->step[d]);
            assert_int_equal((size_t)r->step[d] % images, 0);
        }
    }
}

/* Free choice is as cheap as the cheaper of the two. */
static void test_cheaper(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    double cost[3];
    int degree[3];
    for (int ring = NN_RING_ANY; ring <= NN_RING_REAL; ring++) {
        nn_plan *p = NULL;
        nn_plan_options o = {.ring = ring};
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        check_ring(p, 1);
        if (ring != NN_RING_ANY)
            assert_int_equal(p->params.ring,
                             ring == NN_RING_REAL ? CKKS_RING_REAL : CKKS_RING_COMPLEX);
        cost[ring] = p->schedule.cost;
        degree[ring] = p->params.log_n;
        nn_plan_free(p);
    }
    assert_int_equal(degree[0], degree[1] < degree[2] ? degree[1] : degree[2]);
    if (degree[1] == degree[2])
        assert_true(cost[0] == fmin(cost[1], cost[2]));
    nn_model_free(m);
}

/* More images take a larger ring where they do not fit. */
static void test_images(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    int before = 0;
    for (size_t images = 1; images <= 256; images *= 16) {
        nn_plan *p = NULL;
        nn_plan_options o = {.images = images};
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        check_ring(p, images);
        assert_true(p->params.log_n >= before);
        before = p->params.log_n;
        nn_plan_free(p);
    }
    nn_model_free(m);
}

static void test_refusals(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char why[400] = "";
    nn_plan_options o = {.images = 3};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "3 images"));
    o = (nn_plan_options){.ring = 7};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "ring 7"));
    o = (nn_plan_options){.images = 1 << 16}; /* 36 numbers each */
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "65536 images"));
    assert_null(p);
    nn_model_free(m);
}

/* Other stages in the ring of a plan. */
static void test_arrange(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    const nn_rewrite_options none = {0, 0};
    nn_stages raw = {0};
    nn_arrangement a;
    assert_int_equal(nn_model_stages(m, &none, &raw, NULL, NULL, 0), NN_OK);
    assert_int_equal(nn_plan_arrange(&a, p, &raw, NULL), NN_OK);
    assert_int_equal(a.slots, p->arrangement.slots);
    assert_int_equal(a.count, raw.count);
    nn_stages_clear(&raw);
    assert_true(nn_arrangement_rotations(&a) > 0);
    nn_arrangement_clear(&a);
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheaper),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_arrange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
