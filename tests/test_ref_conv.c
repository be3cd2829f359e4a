/* The reference's convolution in tiles against the naive loop nest, bit for bit. */

#include "nn/graph.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/window.h"
#include "nn/ref/ref.h"

#include "tests/testing.h"

typedef struct example {
    size_t batch, groups, ins, outs; /* ins and outs: of one group */
    size_t side[2], kernel[2];
    int64_t strides[2], dilations[2], pads[4];
    int bias;
} example;

/* Tiles hold 64 output channels, 64 terms and 32 spots; four terms and two channels go together. */
static const example examples[] = {
    {1, 1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0}, 0},
    {1, 1, 8, 67, {7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1},  /* more than one of each */
    {1, 1, 16, 64, {4, 8}, {2, 2}, {1, 1}, {1, 1}, {1, 0, 0, 1}, 1}, /* exactly one */
    {1, 1, 65, 65, {3, 11}, {1, 1}, {1, 1}, {1, 1}, {0}, 0},         /* one more */
    {2, 3, 1, 1, {6, 5}, {3, 2}, {1, 1}, {1, 1}, {1, 1, 1, 0}, 1},   /* depthwise */
    {3, 2, 3, 5, {9, 8}, {3, 3}, {2, 3}, {2, 1}, {2, 0, 1, 3}, 1},
    {1, 1, 2, 3, {4, 4}, {2, 2}, {2, 2}, {3, 3}, {5, 5, 6, 4}, 1}, /* windows that see nothing */
    {1, 1, 5, 4, {1, 1}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0},
};

static void fill(nn_tensor *t, size_t rank, const size_t *dims, testing_rng *rng)
{
    nn_dims d = nn_dims_make(rank, dims);

    assert_int_equal(nn_tensor_init(t, NN_TYPE_FLOAT, &d), NN_OK);
    for (size_t i = 0; i < t->count; i++)
        t->value[i] = (float)testing_uniform(rng, -1, 1);
}

/* One output, term by term in the order that nn/ref/ref_conv.c promises. */
static float naive(const example *e, const nn_window *w, const nn_tensor *x,
                   const nn_tensor *weight, const nn_tensor *bias, size_t n, size_t o, size_t spot)
{
    size_t y = spot / w->out[1], xx = spot % w->out[1];
    double sum = e->bias ? (double)bias->value[o] : 0.0;

    for (size_t c = 0; c < e->ins; c++) {
        const float *image =
            x->value + ((n * e->groups + o / e->outs) * e->ins + c) * w->in[0] * w->in[1];
        for (size_t i = nn_window_first(w, 0, y); i < nn_window_end(w, 0, y); i++)
            for (size_t k = nn_window_first(w, 1, xx); k < nn_window_end(w, 1, xx); k++)
                sum +=
                    (double)
                        weight->value[((o * e->ins + c) * w->kernel[0] + i) * w->kernel[1] + k] *
                    (double)image[nn_window_at(w, 0, y, i) * w->in[1] + nn_window_at(w, 1, xx, k)];
    }
    return (float)sum;
}

static void check(const example *e, const nn_node *node, const nn_tensor *in)
{
    const nn_tensor *operand[3] = {&in[0], &in[1], e->bias ? &in[2] : NULL};
    nn_window w;
    nn_tensor out;
    size_t at = 0;

    assert_int_equal(nn_window_of_node(&w, node, &in[0].dims, e->kernel, NULL, 0), NN_OK);
    assert_int_equal(nn_ref_node(node, operand, &out, NULL, 0), NN_OK);
    assert_int_equal(out.count, e->batch * e->groups * e->outs * w.out[0] * w.out[1]);
    for (size_t n = 0; n < e->batch; n++)
        for (size_t o = 0; o < e->groups * e->outs; o++)
            for (size_t spot = 0; spot < w.out[0] * w.out[1]; spot++, at++)
                if (out.value[at] != naive(e, &w, &in[0], &in[1], &in[2], n, o, spot))
                    fail_msg("example %td: image %zu, channel %zu, spot %zu", e - examples, n, o,
                             spot);
    nn_tensor_clear(&out);
}

static void test_against_naive(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < sizeof examples / sizeof examples[0]; k++) {
        const example *e = &examples[k];
        size_t outs = e->groups * e->outs;
        nn_tensor in[3];
        nn_graph *g = NULL;

        fill(&in[0], 4, (const size_t[]){e->batch, e->groups * e->ins, e->side[0], e->side[1]},
             &rng);
        fill(&in[1], 4, (const size_t[]){outs, e->ins, e->kernel[0], e->kernel[1]}, &rng);
        fill(&in[2], 1, &outs, &rng);
        assert_int_equal(nn_graph_create(&g), NN_OK);
        nn_graph_input_dims(g, "x", &in[0].dims);
        nn_graph_initializer(g, "w", 4, in[1].dims.dim, in[1].value);
        nn_graph_initializer(g, "b", 1, &outs, in[2].value);
        nn_graph_node(g, "Conv", "n", (const char *const[]){"x", "w", "b"}, e->bias ? 3 : 2, "y");
        nn_graph_attr_int(g, "group", (int64_t)e->groups);
        nn_graph_attr_ints(g, "strides", e->strides, 2);
        nn_graph_attr_ints(g, "dilations", e->dilations, 2);
        nn_graph_attr_ints(g, "pads", e->pads, 4);
        assert_int_equal(nn_graph_status(g), NN_OK);
        check(e, &g->node[0], in);
        nn_graph_free(g);
        for (int i = 0; i < 3; i++)
            nn_tensor_clear(&in[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_naive)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
