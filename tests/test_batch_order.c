/* The order of a batch: everything is there when it is read, once, and gone when it is not needed
 * any more; and few values are there at a time. */
#include "nn/batch/batch_order.h"

#include "tests/failing.h"
#include "tests/stages.h"

/* Two convolutions with squares on a picture of 16 by 16, a pool and a dense layer. */
static void make_stages(nn_stages *s, testing_rng *rng)
{
    nn_shape image = {1, 16, 16}, first = {8, 16, 16}, second = {8, 8, 8};

    *s = (nn_stages){.input = image, .input_lo = 0.0, .input_hi = 1.0};
    stages_convolution(s, image, first, 3, 1, 1, rng);
    stages_poly(s, first, 2, 0.0);
    stages_convolution(s, first, second, 3, 2, 1, rng);
    stages_poly(s, second, 2, 0.0);
    stages_sum(s, second, 4, NULL, 3, NULL);
    stages_dense(s, second, 4, rng);
}

static void find_schedule(nn_batch_schedule *s, const nn_stages *stages)
{
    nn_batch_job job = {stages, nn_costs_builtin("avx2"), CKKS_RING_REAL, 14, 128, 14.0};
    char why[400] = "";

    if (nn_batch_schedule_find(s, &job, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* Cells that are there and filled, and what a walk did. */
typedef struct watch {
    const nn_batch_order *o;
    const nn_batch_schedule *schedule;
    unsigned char *there; /* 0: no object, 1: an object, 2: filled */
    unsigned char *made;
    nn_batch_reads reads;
    size_t now[NN_BATCH_SIZES], most[NN_BATCH_SIZES], pushed, works;
    size_t *size;
    size_t stop_at; /* work that fails; 0: none */
} watch;

static nn_status take(void *user, size_t cell, int limbs, int parts)
{
    watch *w = user;
    size_t size = nn_batch_size_of(limbs, parts);

    assert_int_equal(w->there[cell], 0);
    w->there[cell] = 1;
    w->size[cell] = size;
    if (++w->now[size] > w->most[size])
        w->most[size] = w->now[size];
    return NN_OK;
}

static void give(void *user, size_t cell)
{
    watch *w = user;
    assert_true(w->there[cell] > 0);
    w->there[cell] = 0;
    w->now[w->size[cell]]--;
}

static nn_status pull(void *user, const uint32_t *cell, size_t count)
{
    watch *w = user;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(w->there[cell[i]], 1);
        assert_int_equal(w->made[cell[i]], 0);
        w->there[cell[i]] = 2;
        w->made[cell[i]] = 1;
    }
    return NN_OK;
}

/* All that a block reads must be there. */
static nn_status work(void *user, size_t run, const nn_batch_block *block)
{
    watch *w = user;
    const nn_batch_order *o = w->o;

    assert_int_equal(run, w->works++);
    assert_ptr_equal(block, &o->block[o->run[run]]);
    for (size_t i = 0; i < o->stages->stage[block->stage].input_count; i++) {
        nn_batch_read(&w->reads, o, block, i);
        for (size_t k = 0; k < w->reads.count; k++) {
            assert_int_equal(w->there[w->reads.cell[k]], 2);
            assert_int_equal(w->reads.place[w->reads.cell[k]], k);
            assert_true(k == 0 || w->reads.cell[k] > w->reads.cell[k - 1]);
        }
    }
    for (size_t m = 0; m < block->count; m++) {
        size_t cell = o->base[block->stage + 1] + o->member[block->first + m];
        assert_int_equal(w->there[cell], 1);
        assert_int_equal(w->made[cell], 0);
        w->there[cell] = 2;
        w->made[cell] = 1;
        if (nn_batch_is_wide(o, block->stage))
            assert_int_equal(w->there[nn_batch_wide_cell(o, 0, m)], 1);
    }
    return w->works == w->stop_at ? NN_ERR_STOPPED : NN_OK;
}

static nn_status push(void *user, size_t cell)
{
    watch *w = user;
    assert_int_equal(w->there[cell], 2);
    w->pushed++;
    return NN_OK;
}

static nn_status walk(watch *w, const nn_batch_order *o, size_t stop_at)
{
    nn_batch_hands hands = {w, take, give, pull, work, push};
    *w = (watch){.o = o, .stop_at = stop_at};
    w->there = calloc(nn_batch_cells(o), 1);
    w->made = calloc(nn_batch_cells(o), 1);
    w->size = calloc(nn_batch_cells(o), sizeof *w->size);
    assert_true(w->there != NULL && w->made != NULL && w->size != NULL);
    assert_int_equal(nn_batch_reads_make(&w->reads, o), NN_OK);
    return nn_batch_walk(o, &hands);
}

static void end_walk(watch *w)
{
    nn_batch_reads_clear(&w->reads);
    free(w->there);
    free(w->made);
    free(w->size);
}

static void everything_is_made_once_and_goes(void **state)
{
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule schedule;
    nn_batch_order o;
    nn_batch_peak peak;
    watch w;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    make_stages(&stages, &rng);
    find_schedule(&schedule, &stages);
    for (size_t side = 1; side <= 4; side *= 2) {
        assert_int_equal(nn_batch_order_find(&o, &stages, &schedule, side), NN_OK);
        assert_int_equal(nn_batch_order_peak(&o, &peak), NN_OK);
        assert_int_equal(walk(&w, &o, 0), NN_OK);
        assert_int_equal(w.pushed, 4);
        for (size_t c = 0; c < nn_batch_cells(&o); c++)
            assert_int_equal(w.there[c], 0);
        for (size_t c = 0; c < o.base[stages.count + 1]; c++)
            assert_int_equal(w.made[c], o.uses[c] > 0);
        assert_memory_equal(w.most, peak.most, sizeof w.most);
        end_walk(&w);
        nn_batch_order_clear(&o);
    }
    nn_batch_schedule_clear(&schedule);
    nn_stages_clear(&stages);
}

/* Of the picture and of the first convolution's 2048 numbers some lines are alive, not all. */
static void few_values_are_alive(void **state)
{
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule schedule;
    nn_batch_order o;
    nn_batch_peak peak;
    size_t sum = 0;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    make_stages(&stages, &rng);
    find_schedule(&schedule, &stages);
    assert_int_equal(nn_batch_order_find(&o, &stages, &schedule, 1), NN_OK);
    assert_int_equal(nn_batch_order_peak(&o, &peak), NN_OK);
    /* 4 lines of 16 pixels of the picture, 4 of 16 x 8 numbers of the first layer, some blocks of 8
     * on the way, 8 x 8 x 8 for the dense layer. */
    for (size_t size = 0; size < NN_BATCH_SIZES; size++)
        sum += peak.most[size];
    assert_true(sum <= 4 * 16 + 4 * 16 * 8 + 12 * 8 + 512 + 4);
    nn_batch_order_clear(&o);
    nn_batch_schedule_clear(&schedule);
    nn_stages_clear(&stages);
}

static void a_failure_ends_the_walk(void **state)
{
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule schedule;
    nn_batch_order o;
    watch w;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    make_stages(&stages, &rng);
    find_schedule(&schedule, &stages);
    assert_int_equal(nn_batch_order_find(&o, &stages, &schedule, 2), NN_OK);
    assert_int_equal(walk(&w, &o, 3), NN_ERR_STOPPED);
    assert_int_equal(w.works, 3);
    assert_int_equal(w.pushed, 0);
    end_walk(&w);
    nn_batch_order_clear(&o);
    for (long k = 1;; k++) {
        nn_batch_peak peak;
        failing_from(k);
        nn_status st = nn_batch_order_find(&o, &stages, &schedule, 2);
        if (st == NN_OK)
            st = nn_batch_order_peak(&o, &peak);
        int hit = failing_stop();
        nn_batch_order_clear(&o);
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        k += k / 4; /* of a thousand allocations every one would take long */
        if (!hit)
            break;
    }
    nn_batch_schedule_clear(&schedule);
    nn_stages_clear(&stages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_made_once_and_goes),
        cmocka_unit_test(few_values_are_alive),
        cmocka_unit_test(a_failure_ends_the_walk),
    };
    return cmocka_run_group_tests_name("batch_order", tests, NULL, NULL);
}
