/* The plan file: what is written is read, and hostile bytes are refused with a sentence. */
#include "nn/base/digest.h"
#include "nn/run/client.h"

#include "tests/models.h"
#include "tests/testing.h"

static void plan_bytes(uint8_t **bytes, size_t *size)
{
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    nn_plan_options o = {.images = 2};
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    nn_client *c = NULL;
    size_t used = 0;
    assert_int_equal(nn_client_of_plan(&c, p), NN_OK);
    *size = nn_client_wire_bytes(c);
    *bytes = malloc(*size);
    assert_int_equal(nn_client_write(*bytes, *size - 1, &used, c), CKKS_ERR_SPACE);
    assert_int_equal(used, 0);
    assert_int_equal(nn_client_write(*bytes, *size, &used, c), NN_OK);
    assert_int_equal(used, *size);
    nn_client_free(c);
    nn_plan_free(p);
    nn_model_free(m);
}

/* Make altered bytes consistent again, so that what is behind the checksum is tried too. */
static void repair(uint8_t *bytes, size_t size)
{
    uint64_t h = nn_digest(bytes, size - 8);
    for (int k = 0; k < 8; k++)
        bytes[size - 8 + (size_t)k] = (uint8_t)(h >> (8 * k));
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t *bytes = NULL, *again = NULL;
    size_t size = 0, used = 0;
    nn_client *c = NULL;
    plan_bytes(&bytes, &size);
    assert_int_equal(nn_client_read(&c, bytes, size, NULL, 0), NN_OK);
    assert_int_equal(nn_shape_count(nn_client_input(c)), MODELS_INPUTS);
    assert_int_equal(nn_client_outputs(c), MODELS_OUTPUTS);
    assert_true(nn_client_key_count(c) > 0);
    assert_int_equal(nn_client_keys(c)[0].special >= 1, 1);
    assert_int_equal(nn_client_images(c), 2);
    again = malloc(size);
    assert_int_equal(nn_client_write(again, size, &used, c), NN_OK);
    assert_memory_equal(bytes, again, size);
    nn_client_free(c);
    free(again);
    free(bytes);
}

/* Several ciphertexts for a request and for a response. */
static void test_parts(void **state)
{
    (void)state;
    uint8_t *bytes = NULL, *more = NULL;
    size_t size = 0, used = 0;
    nn_client *c = NULL, *again = NULL;
    plan_bytes(&bytes, &size);
    assert_int_equal(nn_client_read(&c, bytes, size, NULL, 0), NN_OK);
    c->requests = 3;
    c->responses = 2;
    c->in = realloc(c->in, 3 * c->slots * sizeof *c->in);
    assert_non_null(c->in);
    for (size_t j = 0; j < 3 * c->slots; j++)
        c->in[j] = (uint32_t)(j % (MODELS_INPUTS + 1));
    c->out[1] = (uint32_t)(2 * c->slots - 1);
    assert_int_equal(nn_client_wire_bytes(c), size + 2 * 4 * c->slots);
    more = malloc(nn_client_wire_bytes(c));
    assert_non_null(more);
    assert_int_equal(nn_client_write(more, nn_client_wire_bytes(c), &used, c), NN_OK);
    assert_int_equal(nn_client_read(&again, more, used, NULL, 0), NN_OK);
    assert_int_equal(nn_client_requests(again), 3);
    assert_int_equal(nn_client_responses(again), 2);
    assert_memory_equal(again->in, c->in, 3 * c->slots * sizeof *c->in);
    assert_memory_equal(again->out, c->out, MODELS_OUTPUTS * sizeof *c->out);
    nn_client_free(again);
    nn_client_free(c);
    free(more);
    free(bytes);
}

static void refuse(const uint8_t *bytes, size_t size)
{
    nn_client *c = NULL;
    char why[300] = "";
    assert_true(nn_client_read(&c, bytes, size, why, sizeof why) != NN_OK);
    assert_null(c);
    assert_true(strlen(why) > 10);
}

static void test_truncated(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    plan_bytes(&bytes, &size);
    for (size_t cut = 0; cut < size; cut += cut < 512 || cut + 1024 > size ? 1 : 17) {
        uint8_t *part = malloc(cut + 1); /* its own block, so that reading beyond is seen */
        memcpy(part, bytes, cut);
        refuse(part, cut);
        free(part);
    }
    free(bytes);
}

/* Every byte altered: without repair the checksum refuses; with repair it is read as a valid plan
 * or refused, but never crashes. */
static void test_altered(void **state)
{
    (void)state;
    testing_rng rng;
    uint8_t *bytes = NULL;
    size_t size = 0;
    testing_rng_init(&rng, testing_seed());
    plan_bytes(&bytes, &size);
    uint8_t *copy = malloc(size);
    /* Nearly all of the file is the list of slots: a few of its bytes stand for all. */
    for (size_t k = 0; k < size; k += k < 512 || k + 1024 > size ? 1 : 17) {
        memcpy(copy, bytes, size);
        copy[k] ^= (uint8_t)(1 + testing_below(&rng, 255));
        if (k >= 12)
            refuse(copy, size);
        repair(copy, size);
        nn_client *c = NULL;
        char why[300] = "";
        nn_status st = nn_client_read(&c, copy, size, why, sizeof why);
        assert_true(st == NN_OK || strlen(why) > 10);
        nn_client_free(c);
    }
    free(copy);
    free(bytes);
}

static void put_u32(uint8_t *at, uint32_t x)
{
    for (int k = 0; k < 4; k++)
        at[k] = (uint8_t)(x >> (8 * k));
}

/* The last number that a field may hold, and the first beyond. */
static void test_bounds(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_client *c = NULL;
    plan_bytes(&bytes, &size);
    assert_int_equal(nn_client_read(&c, bytes, size, NULL, 0), NN_OK);
    const size_t key = 116, input = key + 20 * nn_client_key_count(c);
    const size_t output = input + 4 * c->slots;
    const struct {
        size_t at;
        uint32_t last;
    } field[] = {
        {112, NN_TAIL_COUNT - 1},
        {key + 16, CKKS_MAX_P},
        {input, MODELS_INPUTS}, /* 0 is an empty slot */
        {output, (uint32_t)c->slots - 1},
    };
    nn_client_free(c);
    uint8_t *copy = malloc(size);
    for (size_t k = 0; k < sizeof field / sizeof field[0]; k++) {
        memcpy(copy, bytes, size);
        put_u32(copy + field[k].at, field[k].last);
        repair(copy, size);
        assert_int_equal(nn_client_read(&c, copy, size, NULL, 0), NN_OK);
        nn_client_free(c);
        put_u32(copy + field[k].at, field[k].last + 1);
        repair(copy, size);
        refuse(copy, size);
    }
    free(copy);
    free(bytes);
}

/* Two outputs in one slot, a number of images or slots that is no power of two or too large, no
 * ciphertexts or too many, and more slots than follow. */
static void test_layouts(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_client *c = NULL;
    plan_bytes(&bytes, &size);
    assert_int_equal(nn_client_read(&c, bytes, size, NULL, 0), NN_OK);
    const size_t output = 116 + 20 * nn_client_key_count(c) + 4 * c->slots;
    const uint32_t slots = (uint32_t)c->slots, first = c->out[0];
    const struct {
        size_t at;
        uint32_t bad;
    } field[] = {
        {output + 4, first},
        {92, 0},
        {92, 3},
        {92, 4},
        {92, 1u << 31},
        {96, 0},
        {96, slots / 2},
        {96, slots - 1},
        {96, 2 * slots},
        {96, 1u << 31},
        {100, 1u << 20},
        {104, 0},
        {104, 2},
        {104, NN_PARTS_MAX + 1},
        {108, 0},
        {108, NN_PARTS_MAX + 1},
    };
    uint8_t *copy = malloc(size);
    for (size_t k = 0; k < sizeof field / sizeof field[0]; k++) {
        memcpy(copy, bytes, size);
        put_u32(copy + field[k].at, field[k].bad);
        repair(copy, size);
        refuse(copy, size);
    }
    nn_client_free(c);
    free(copy);
    free(bytes);
}

/* Every tail travels; a number that is none is refused with a sentence that says so. */
static void test_tails(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0, used = 0;
    nn_client *c = NULL, *again = NULL;
    char why[300] = "";
    plan_bytes(&bytes, &size);
    assert_int_equal(nn_client_read(&c, bytes, size, NULL, 0), NN_OK);
    assert_int_equal(nn_client_tail(c), NN_TAIL_NONE);
    for (int tail = 0; tail < NN_TAIL_COUNT; tail++) {
        c->tail = (nn_tail)tail;
        assert_int_equal(nn_client_write(bytes, size, &used, c), NN_OK);
        assert_int_equal(nn_client_read(&again, bytes, used, NULL, 0), NN_OK);
        assert_int_equal(nn_client_tail(again), tail);
        nn_client_free(again);
    }
    put_u32(bytes + 112, UINT32_MAX);
    repair(bytes, size);
    assert_int_equal(nn_client_read(&again, bytes, size, why, sizeof why), NN_ERR_FORMAT);
    assert_non_null(strstr(why, "operator of number 4294967295"));
    nn_client_free(c);
    free(bytes);
}

static void test_version(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_client *c = NULL;
    char why[300] = "";
    plan_bytes(&bytes, &size);
    bytes[8] = 3;
    repair(bytes, size);
    assert_int_equal(nn_client_read(&c, bytes, size, why, sizeof why), CKKS_ERR_VERSION);
    assert_non_null(strstr(why, "version 3"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_altered),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_layouts),    cmocka_unit_test(test_version),
        cmocka_unit_test(test_parts),      cmocka_unit_test(test_tails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
