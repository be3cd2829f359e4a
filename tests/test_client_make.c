/* What of a plan goes to its client: all that it needs, and its own copy of it. */
#include "nn/run/client.h"

#include "nn/plan/plan.h"

#include "tests/sessions.h"
#include "tests/testing.h"

/* Every number of the image has a slot, every slot a number or none, and no two outputs share one.
 */
static void test_places(void **state)
{
    (void)state;
    session s;
    size_t seen[MODELS_INPUTS] = {0};
    session_open(&s, 2);
    for (size_t j = 0; j < s.client->requests * s.client->slots; j++) {
        assert_true(s.client->in[j] <= MODELS_INPUTS);
        if (s.client->in[j] > 0)
            seen[s.client->in[j] - 1]++;
    }
    for (size_t e = 0; e < MODELS_INPUTS; e++)
        assert_true(seen[e] > 0);
    for (size_t e = 0; e < MODELS_OUTPUTS; e++) {
        assert_true(s.client->out[e] < s.client->responses * s.client->slots);
        for (size_t f = 0; f < e; f++)
            assert_int_not_equal(s.client->out[e], s.client->out[f]);
    }
    session_close(&s);
}

static void test_copy(void **state)
{
    (void)state;
    session s;
    nn_client *c;
    session_open(&s, 2);
    assert_int_equal(nn_client_of_plan(&c, s.plan), NN_OK);
    assert_int_equal(nn_client_model_id(c), nn_model_id(s.model));
    assert_int_equal(nn_client_outputs(c), MODELS_OUTPUTS);
    assert_int_equal(nn_client_key_count(c), s.plan->key_count);
    assert_memory_equal(nn_client_keys(c), s.plan->key, s.plan->key_count * sizeof *s.plan->key);
    assert_ptr_not_equal(nn_client_keys(c), s.plan->key);
    assert_int_equal(nn_client_params(c)->log_n, s.plan->params.log_n);
    assert_int_equal(nn_client_params(c)->q_count, s.plan->params.q_count);
    nn_client_free(c);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_copy)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
