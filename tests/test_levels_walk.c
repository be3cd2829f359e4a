/* Ways through the levels: what is visited holds all that is asked, the cheapest first, and where
 * no states were thinned out the cheapest of all ways that there are. */
#include "nn/levels/levels_graph.h"

#include "tests/levels_world.h"

/* ---- every way, without a graph */

typedef struct every {
    const world *w;
    nn_level_live live[WORLD_STAGES + 1];
    int limbs;
    double best;
    long left; /* states that may still be looked at */
} every;

static void walk_all(every *e, size_t k, const nn_level_state *from, double bits, double cost,
                     double need)
{
    nn_level_choice list[NN_LEVEL_CHOICES];
    const world *w = e->w;
    if (e->left-- <= 0 || cost >= e->best)
        return;
    for (int i = 0; i < from->live; i++)
        if (from->dropped[i] == from->top)
            need = fmax(need, bits + from->scale[i] + w->magnitude[e->live[k].value[i]]);
    if (k == w->stages.count) {
        /* The primes that are left have 46.7 bits at most. */
        double left = fmax(need - bits, w->job.prime_bits_min);
        if (left <= (e->limbs - from->top) * NN_LIMB_BITS_MAX && bits + left + 30.0 <= w->job.bound)
            e->best = cost;
        return;
    }
    int count = nn_level_choices(list, &w->job, &e->live[k], k, from);
    for (int c = 0; c < count; c++) {
        nn_level_state to;
        nn_step step;
        double more = 0.0;
        if (!nn_level_apply(&to, &step, &more, &w->job, &e->live[k], k, from, list[c], e->limbs) ||
            to.top >= e->limbs)
            continue;
        int wide = 0;
        for (int i = 0; i < to.live; i++)
            wide |= e->live[k + 1].value[i] == k + 1 && to.scale[i] > w->word[k + 1];
        if (!wide)
            walk_all(e, k + 1, &to, bits + more,
                     cost + w->own[k * (NN_LIMBS_MAX + 1) + (size_t)step.limbs], need);
    }
}

/* The least cost with so many limbs; below 0 when there are too many ways to look at all. */
static double least_of_all(const world *w, int limbs)
{
    static every e;
    e = (every){.w = w, .limbs = limbs, .best = HUGE_VAL, .left = 200000};
    for (size_t k = 0; k <= w->stages.count; k++)
        assert_int_equal(nn_level_alive(&e.live[k], &w->stages, k), 1);
    for (int more = 0; more <= NN_INPUT_MORE; more++) {
        nn_level_state s = {.live = 1};
        s.scale[0] = w->job.input_bits + more;
        walk_all(&e, 0, &s, 0.0, 0.0, 0.0);
    }
    return e.left > 0 ? e.best : -1.0;
}

/* ---- what is visited */

typedef struct visits {
    const world *w;
    int count;
    double first, last;
} visits;

static double cost_of(const world *w, const nn_schedule *s)
{
    double cost = 0.0;
    for (size_t k = 0; k < s->count; k++)
        cost += w->own[k * (NN_LIMBS_MAX + 1) + (size_t)s->step[k].limbs];
    return cost;
}

/* Replay: limbs fall along every way, summands meet, drops are sums of the primes' sizes, scales
 * stay at or above the floor behind a drop. */
static void check(const world *w, const nn_schedule *s)
{
    double scale[WORLD_STAGES + 1] = {s->input_bits};
    int limbs[WORLD_STAGES + 1] = {s->limbs};
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &w->stage[k];
        const nn_step *step = &s->step[k];
        double before = 0.0, dropped = 0.0;
        for (size_t i = 0; i < stage->input_count; i++) {
            size_t v = stage->input[i];
            assert_in_range(step->limbs, 1, limbs[v]);
            assert_true(fabs(step->scale_in[i] - scale[v]) < 1e-9);
            double meets = scale[v] + step->weight_bits[i];
            if (w->work[k].affine) {
                assert_true(i == 0 || fabs(meets - before) < 1e-9);
                assert_true(step->weight_bits[i] >= w->floor[k].weight[i] - 1e-9 ||
                            (w->work[k].same[i] && fabs(step->weight_bits[i]) < 1e-9));
                before = meets;
            } else {
                before += scale[v];
            }
        }
        if (w->work[k].square && stage->kind == NN_STAGE_POLY)
            before *= 2.0;
        for (int l = step->limbs_out; l < step->limbs; l++) {
            dropped += s->q_bits[l];
            assert_true(s->q_bits[l] >= w->job.prime_bits_min - 1e-9);
            assert_true(s->q_bits[l] <= NN_LIMB_BITS_MAX + 1e-9);
        }
        assert_int_equal(step->limbs_out, step->limbs - step->rescale);
        assert_true(step->limbs_out >= 1);
        assert_true(fabs(dropped - step->drop_bits) < 1e-9);
        if (w->work[k].affine || w->work[k].square)
            assert_true(fabs(before - dropped - step->scale_bits) < 1e-9);
        double slack = w->work[k].affine || w->work[k].square ? 1e-9 : 1.2;
        assert_true(step->rescale == 0 || step->scale_bits >= w->floor[k].out - slack);
        scale[k + 1] = step->scale_bits;
        limbs[k + 1] = step->limbs_out;
    }
}

static double visit(void *user, nn_schedule *s)
{
    visits *v = user;
    double cost = cost_of(v->w, s);
    check(v->w, s);
    if (v->count++ == 0)
        v->first = cost;
    assert_true(cost >= v->last - 1e-9);
    v->last = cost;
    return HUGE_VAL;
}

static visits visit_all(const world *w, const nn_levels *l, int limbs)
{
    visits v = {.w = w, .first = HUGE_VAL};
    nn_step step[WORLD_STAGES];
    nn_schedule s = {.limbs = limbs, .count = w->stages.count, .step = step};
    assert_int_equal(nn_levels_walk(l, &s, 100000, HUGE_VAL, visit, &v), NN_OK);
    return v;
}

/* ---- tests */

static int thinned(const nn_levels *l)
{
    int cut = 0;
    for (size_t k = 0; k <= l->count; k++)
        for (size_t n = 0; n < l->layer[k].nodes; n++)
            cut |= l->layer[k].node[n].cut;
    return cut;
}

static void compare(world *w, int *compared)
{
    nn_levels *l = NULL;
    size_t furthest = 0;
    double bits = 0.0;
    if (nn_levels_create(&l, &w->job, &furthest, &bits) != NN_OK) {
        assert_true(furthest < w->stages.count);
        return;
    }
    for (int limbs = 1; limbs <= 12; limbs++) {
        visits v = visit_all(w, l, limbs);
        double all = least_of_all(w, limbs);
        if (all < 0.0)
            continue;
        if (thinned(l)) {
            assert_true(v.count == 0 || v.first > all - 1e-6 * all);
            continue;
        }
        assert_true(all == HUGE_VAL ? v.count == 0 : fabs(v.first - all) < 1e-6 * all);
        *compared += all < HUGE_VAL;
    }
    nn_levels_free(l);
}

/* Random graphs with residual sums and products of 5 to 9 stages. */
static void test_graphs(void **state)
{
    (void)state;
    testing_rng rng;
    static world w;
    int compared = 0;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < 12; round++) {
        world_random(&w, &rng, 5 + testing_below(&rng, 5), 0);
        world_end(&w, &rng, NULL, testing_uniform(&rng, 150.0, 500.0));
        compare(&w, &compared);
    }
    assert_true(compared > 8);
}

/* A chain of 12 stages. */
static void test_chain(void **state)
{
    (void)state;
    testing_rng rng;
    static world w;
    int compared = 0;
    size_t v = 0;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    for (int k = 0; k < 6; k++)
        v = world_square(&w, world_affine(&w, v));
    world_end(&w, &rng, NULL, 340.0);
    compare(&w, &compared);
    assert_true(compared > 0);
}

/* Quartics: every way holds what is asked. */
static void quartics(uint64_t seed)
{
    testing_rng rng;
    static world w;
    nn_powers *powers = NULL;
    int visited = 0;
    testing_rng_init(&rng, seed);
    assert_int_equal(nn_powers_create(&powers), NN_OK);
    for (int round = 0; round < 4; round++) {
        nn_levels *l = NULL;
        size_t furthest = 0;
        double bits = 0.0;
        world_random(&w, &rng, 10, 1);
        world_end(&w, &rng, powers, 860.0);
        if (nn_levels_create(&l, &w.job, &furthest, &bits) != NN_OK)
            continue;
        for (int limbs = 3; limbs <= 18; limbs += 3)
            visited += visit_all(&w, l, limbs).count;
        nn_levels_free(l);
    }
    assert_true(visited > 100);
    nn_powers_free(powers);
}

static void test_quartics(void **state)
{
    (void)state;
    quartics(testing_seed());
}

/* With these seeds a quartic reached from scales a little off drops another number of primes. */
static void test_other_drops(void **state)
{
    (void)state;
    quartics(0x233a5a48a2);
    quartics(0xbaa571bf07);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_quartics),
        cmocka_unit_test(test_other_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
