/* Keys of a plan: every rotation of every transform has one of its shape, or, for folds, one that
 * serves. */
#include "nn/plan/plan_keys.h"

#include "tests/models.h"
#include "tests/testing.h"

static int has(const nn_plan *p, const ckks_key_spec *wanted, int exact)
{
    for (size_t k = 0; k < p->key_count; k++) {
        const ckks_key_spec *key = &p->key[k];
        if (key->kind == wanted->kind && key->steps == wanted->steps &&
            key->limbs >= wanted->limbs &&
            (!exact || (key->alpha == wanted->alpha && key->special == wanted->special)))
            return 1;
    }
    return 0;
}

static void test_complete(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    ckks_context *ctx = NULL;
    size_t before = p->key_count;
    assert_int_equal(ckks_context_create(&ctx, &p->params, NULL, 0), CKKS_OK);
    assert_int_equal(nn_plan_make_keys(p, ctx), NN_OK); /* again: the same */
    assert_int_equal(p->key_count, before);
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_step *step = &p->step[k].shape;
        ckks_key_spec spec[512],
            relin = {CKKS_KEY_RELINEARISE, 0, step->limbs, step->alpha, step->special};
        if (p->stages->stage[k].kind != NN_STAGE_AFFINE) {
            assert_int_equal(has(p, &relin, 1), 1);
            continue;
        }
        ckks_lintrans_shape shape = nn_plan_shape(p, k, 0);
        size_t all = ckks_lintrans_keys(ctx, spec, 512, &shape);
        shape.fold_count = 0;
        size_t turns = ckks_lintrans_keys(ctx, NULL, 0, &shape);
        for (size_t i = 0; i < all; i++)
            assert_int_equal(has(p, &spec[i], i < turns), 1);
    }
    ckks_context_free(ctx);
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
