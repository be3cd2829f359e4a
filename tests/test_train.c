/* The trainer: its matrix product and convolution against their definitions, gradients against
 * differences of the loss, the same bits for every number of threads and after a resume, and the
 * subcommand on a small data set made here.
 */
#define _POSIX_C_SOURCE 200809L

#include "tests/testing.h"

#include <unistd.h>

#include "nn/nn.h"
#include "tools/result.h"
#include "tools/train.h"
#include "tools/train_checkpoint.h"
#include "tools/train_gemm.h"
#include "tools/train_run.h"

enum { SIDE = 12, TRAIN = 300, TEST = 40, AREA = SIDE * SIDE };

static char why[512];
static char folder[] = "test_train_XXXXXX";
static train_data data;

/* ---- a data set of two classes: a bar that stands or lies, somewhere, on a little noise
 * ---------- */

static void write_file(const char *name, const uint8_t *bytes, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void write_half(const char *prefix, size_t count, uint64_t seed)
{
    char name[64];
    uint8_t *images = calloc(16 + count * AREA, 1);
    uint8_t *labels = calloc(8 + count, 1);
    testing_rng rng;
    assert_non_null(images);
    assert_non_null(labels);
    testing_rng_init(&rng, seed);
    const uint8_t image_head[16] = {
        0, 0, 8, 3, 0, 0, (uint8_t)(count >> 8), (uint8_t)count, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    const uint8_t label_head[8] = {0, 0, 8, 1, 0, 0, (uint8_t)(count >> 8), (uint8_t)count};
    memcpy(images, image_head, sizeof image_head);
    memcpy(labels, label_head, sizeof label_head);
    for (size_t i = 0; i < count; i++) {
        uint8_t *image = images + 16 + i * AREA;
        size_t lies = testing_below(&rng, 2), where = 3 + testing_below(&rng, 6);
        labels[8 + i] = (uint8_t)lies;
        for (size_t k = 0; k < AREA; k++)
            image[k] = (uint8_t)testing_below(&rng, 40);
        for (size_t k = 2; k < 10; k++)
            image[lies ? where * SIDE + k : k * SIDE + where] = 255;
    }
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    write_file(name, images, 16 + count * AREA);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    write_file(name, labels, 8 + count);
    free(images);
    free(labels);
}

static int make_data(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_half("train", TRAIN, 1);
    write_half("t10k", TEST, 2);
    assert_int_equal(train_data_read(&data, folder, why, sizeof why), TOOL_OK);
    return 0;
}

static void drop(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    remove(path);
}

static int drop_data(void **state)
{
    (void)state;
    train_data_free(&data);
    drop("train-images-idx3-ubyte");
    drop("train-labels-idx1-ubyte");
    drop("t10k-images-idx3-ubyte");
    drop("t10k-labels-idx1-ubyte");
    return rmdir(folder);
}

/* ---- parts
 * ---------------------------------------------------------------------------------------- */

static void gemm_is_the_definition(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 1},   {4, 8, 16},   {5, 9, 3},
                                      {3, 257, 2}, {7, 15, 300}, {13, 270, 513}};
    float *scratch = malloc(TRAIN_GEMM_SCRATCH * sizeof *scratch);
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (int turned = 0; turned < 4; turned++) {
            size_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2], step = n + 3;
            float *a = malloc(m * k * sizeof *a), *b = malloc(k * n * sizeof *b);
            float *c = malloc(m * step * sizeof *c);
            for (size_t i = 0; i < m * k; i++)
                a[i] = (float)testing_uniform(&rng, -1.0, 1.0);
            for (size_t i = 0; i < k * n; i++)
                b[i] = (float)testing_uniform(&rng, -1.0, 1.0);
            for (size_t i = 0; i < m * step; i++)
                c[i] = 1.0f;
            train_matrix left = turned & 1 ? (train_matrix){a, 1, m} : (train_matrix){a, k, 1};
            train_matrix right = turned & 2 ? (train_matrix){b, 1, k} : (train_matrix){b, n, 1};
            train_gemm(c, step, left, right, m, n, k, turned & 1, scratch);
            for (size_t i = 0; i < m; i++) {
                for (size_t j = 0; j < n; j++) {
                    double want = turned & 1 ? 1.0 : 0.0;
                    for (size_t t = 0; t < k; t++)
                        want += (double)left.at[i * left.row_step + t * left.col_step] *
                                (double)right.at[t * right.row_step + j * right.col_step];
                    /* k + 1 additions of terms of at most 1, each off by 2^-24 of at most k + 1 */
                    testing_assert_near(c[i * step + j], want,
                                        (double)((k + 2) * (k + 2)) / 16777216.0);
                }
                for (size_t j = n; j < step; j++)
                    assert_true(c[i * step + j] == 1.0f);
            }
            free(a);
            free(b);
            free(c);
        }
    }
    free(scratch);
}

static void start(train_run *run, const char *net, uint32_t epochs, int threads)
{
    assert_int_equal(train_run_create(run, train_recipe_find(net), &data, 5, epochs, 20, threads,
                                      why, sizeof why),
                     TOOL_OK);
}

/* Every element of a convolution against its definition, padding and the odd last batch included.
 */
static void convolution_is_the_definition(void **state)
{
    (void)state;
    train_run run;
    start(&run, "cnn2", 1, 2);
    train_net *net = &run.net;
    train_data_fill(net, run.labels, &data, &data.images, &data.labels, NULL, 0, 11, 0, 0, 0);
    train_net_forward(net, 1);
    const train_layer *l = &net->layers[3], *before = &net->layers[2];
    size_t n = net->used, places = l->out_h * l->out_w, area = l->in_h * l->in_w;
    for (size_t at = 0; at < l->out_c * n * places; at++) {
        size_t o = at / (n * places), b = at / places % n, p = at % places;
        double want = 0.0;
        for (size_t c = 0; c < l->in_c; c++) {
            for (size_t t = 0; t < 25; t++) {
                size_t y = p / l->out_w * 2 + t / 5 - 2, x = p % l->out_w * 2 + t % 5 - 2;
                if (y < l->in_h && x < l->in_w)
                    want += (double)net->params[l->weight + (o * l->in_c + c) * 25 + t] *
                            (double)before->value[(c * n + b) * area + y * l->in_w + x];
            }
        }
        testing_assert_near(l->value[at], want, 1e-4);
    }
    train_run_free(&run);
}

/* Along the gradient of one vector of parameters the loss grows at the gradient's own length. */
static void gradients_are_slopes(void **state)
{
    (void)state;
    static const char *const nets[] = {"cryptonets", "cnn2"};
    for (size_t k = 0; k < 2; k++) {
        train_run run;
        start(&run, nets[k], 1, 2);
        train_net *net = &run.net;
        float *kept = malloc(net->param_count * sizeof *kept);
        float *slope = malloc(net->param_count * sizeof *slope);
        train_data_fill(net, run.labels, &data, &data.images, &data.labels, NULL, 0, 43, 0, 0, 0);
        train_net_forward(net, 1);
        train_net_loss(net, run.labels, 0.05f);
        train_net_backward(net);
        memcpy(kept, net->params, net->param_count * sizeof *kept);
        memcpy(slope, net->grads, net->param_count * sizeof *slope);
        for (size_t i = 0; i < 2 * net->layer_count; i++) {
            const train_layer *l = &net->layers[i / 2];
            size_t from = i % 2 ? l->bias : l->weight;
            size_t to = from + (i % 2 ? l->bias_count : l->weight_count);
            double square = 0.0, loss[2];
            for (size_t p = from; p < to; p++)
                square += (double)slope[p] * (double)slope[p];
            if (square < 1e-8)
                continue;
            double length = sqrt(square);
            for (int side = 0; side < 2; side++) {
                for (size_t p = from; p < to; p++)
                    net->params[p] =
                        kept[p] + (float)((side ? 0.004 : -0.004) * (double)slope[p] / length);
                train_net_forward(net, 1);
                loss[side] = train_net_loss(net, run.labels, 0.05f);
                memcpy(net->params, kept, net->param_count * sizeof *kept);
            }
            /* the loss is near 3 and exact to some 1e-6, so the quotient is to some 2e-4 */
            testing_assert_near((loss[1] - loss[0]) / 0.008, length, 0.02 * length + 0.001);
        }
        free(kept);
        free(slope);
        train_run_free(&run);
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    train_run one, three;
    start(&one, "cnn2", 2, 1);
    start(&three, "cnn2", 2, 3);
    for (int e = 0; e < 2; e++) {
        train_run_epoch(&one, NULL, NULL);
        train_run_epoch(&three, NULL, NULL);
    }
    train_run_calibrate(&one, 100);
    train_run_calibrate(&three, 100);
    assert_true(one.loss == three.loss);
    assert_memory_equal(one.net.params, three.net.params, one.net.param_count * sizeof(float));
    assert_memory_equal(one.net.stats, three.net.stats, one.net.stat_count * sizeof(float));
    train_run_free(&one);
    train_run_free(&three);
}

static void calibration_is_exact(void **state)
{
    (void)state;
    train_run run;
    start(&run, "cryptonets", 1, 1);
    train_run_epoch(&run, NULL, NULL);
    train_run_calibrate(&run, 150);
    /* With statistics of the population, a normalisation's output has mean = shift and deviation =
     * |scale| over that population. */
    const train_layer *l = &run.net.layers[4];
    double sum = 0.0, squares = 0.0;
    for (size_t at = 0; at < 150; at += 50) {
        train_data_fill(&run.net, run.labels, &data, &data.images, &data.labels, NULL, at, 50, 0, 0,
                        0);
        train_net_forward(&run.net, 0);
        for (size_t b = 0; b < 50; b++) {
            double v = (double)l->value[b];
            sum += v;
            squares += v * v;
        }
    }
    double mean = sum / 150.0, scale = (double)run.net.params[l->weight];
    testing_assert_near(mean, run.net.params[l->bias], 1e-3);
    testing_assert_near(squares / 150.0 - mean * mean, scale * scale, 1e-2 * scale * scale);
    train_run_free(&run);
}

/* ---- checkpoints
 * ----------------------------------------------------------------------------------- */

static void resume_is_the_same(void **state)
{
    (void)state;
    const char *path = "test_train.ckpt";
    train_run whole, first, second;
    start(&whole, "cryptonets", 4, 1);
    start(&first, "cryptonets", 4, 2);
    start(&second, "cryptonets", 4, 1);
    for (int e = 0; e < 4; e++)
        train_run_epoch(&whole, NULL, NULL);
    train_run_epoch(&first, NULL, NULL);
    train_run_epoch(&first, NULL, NULL);
    assert_int_equal(train_checkpoint_write(&first, path), CLI_OK);
    assert_int_equal(train_checkpoint_read(&second, path), CLI_OK);
    assert_int_equal(second.done, 2);
    train_run_epoch(&second, NULL, NULL);
    train_run_epoch(&second, NULL, NULL);
    assert_memory_equal(whole.net.params, second.net.params, whole.net.param_count * sizeof(float));
    remove(path);
    train_run_free(&whole);
    train_run_free(&first);
    train_run_free(&second);
}

static void put_back(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static void bad_checkpoints(void **state)
{
    (void)state;
    const char *path = "test_train_bad.ckpt";
    train_run run, other;
    start(&run, "cryptonets", 2, 1);
    train_run_epoch(&run, NULL, NULL);
    assert_int_equal(train_checkpoint_write(&run, path), CLI_OK);
    size_t size = 80 + 12 * run.net.param_count + 4;
    uint8_t *bytes = malloc(size + 1);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, size + 1, f), size);
    fclose(f);
    bytes[size] = 0;
    float before = run.net.params[7];
    const float changed = before + 1.0f; /* rounded: s390x computes in double */
    run.net.params[7] = changed;
    static const size_t cuts[] = {0, 7, 79, 83, 84, 1000};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        put_back(path, bytes, cuts[i]);
        assert_int_equal(train_checkpoint_read(&run, path), CLI_DAMAGED);
    }
    put_back(path, bytes, size - 1);
    assert_int_equal(train_checkpoint_read(&run, path), CLI_DAMAGED);
    put_back(path, bytes, size + 1);
    assert_int_equal(train_checkpoint_read(&run, path), CLI_DAMAGED);
    /* magic, version, name, seed, epochs, done (beyond the end), images, data, parameters, a weight
     */
    static const struct {
        size_t at;
        int code;
    } flips[] = {{0, CLI_DAMAGED},   {8, CLI_DAMAGED},   {12, CLI_MISMATCH}, {44, CLI_MISMATCH},
                 {52, CLI_MISMATCH}, {59, CLI_MISMATCH}, {60, CLI_MISMATCH}, {68, CLI_MISMATCH},
                 {72, CLI_MISMATCH}, {200, CLI_DAMAGED}};
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        bytes[flips[i].at] ^= 0x40;
        put_back(path, bytes, size);
        bytes[flips[i].at] ^= 0x40;
        assert_int_equal(train_checkpoint_read(&run, path), flips[i].code);
    }
    assert_true(run.net.params[7] == changed); /* nothing was touched by any of them */
    put_back(path, bytes, size);
    assert_int_equal(train_checkpoint_read(&run, path), CLI_OK);
    assert_true(run.net.params[7] == before);
    start(&other, "cnn2", 2, 1);
    assert_int_equal(train_checkpoint_read(&other, path), CLI_MISMATCH);
    remove(path);
    assert_int_equal(train_checkpoint_read(&run, path), CLI_NO_FILE);
    free(bytes);
    train_run_free(&run);
    train_run_free(&other);
}

/* ---- the subcommand
 * --------------------------------------------------------------------------------- */

static int command(const char *const *words)
{
    char text[16][64];
    char *argv[17];
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        snprintf(text[argc], sizeof text[argc], "%s", words[argc]);
        argv[argc] = text[argc];
    }
    argv[argc] = NULL;
    return unseen_train_main(argc, argv);
}

static size_t slurp(uint8_t *to, size_t room, const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(to, 1, room, f);
    fclose(f);
    return n;
}

static void command_line(void **state)
{
    (void)state;
    enum { ROOM = 1 << 20 };
    static uint8_t first[ROOM], second[ROOM];
    const char *const once[] = {"train",  "--data",     folder,
                                "--net",  "cryptonets", "--epochs",
                                "12",     "-o",         "test_train_a.onnx",
                                "--seed", "3",          "-q",
                                NULL};
    const char *const again[] = {"train",
                                 "--data",
                                 folder,
                                 "--net",
                                 "cryptonets",
                                 "--epochs",
                                 "12",
                                 "-o",
                                 "test_train_b.onnx",
                                 "--seed",
                                 "3",
                                 "-q",
                                 "--resume",
                                 "--checkpoint",
                                 "test_train_a.onnx.ckpt",
                                 NULL};
    assert_int_equal(command(once), CLI_OK);
    assert_int_equal(command(again), CLI_OK); /* nothing left to train: the same model */
    size_t n = slurp(first, ROOM, "test_train_a.onnx");
    assert_int_equal(slurp(second, ROOM, "test_train_b.onnx"), n);
    assert_true(n > 1000 && n < ROOM);
    assert_memory_equal(first, second, n);

    nn_graph *graph;
    assert_int_equal(nn_onnx_read(&graph, first, n, why, sizeof why), NN_OK);
    assert_string_equal(nn_graph_meta_get(graph, "unseen.input_range"), "0 1");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.command"),
                        "unseen train --data DIR --net cryptonets --epochs 12 --seed 3 "
                        "-o cryptonets.onnx");
    static const char *const ranges[] = {"norm1", "norm2", "logits"};
    for (size_t i = 0; i < 3; i++) {
        char key[64];
        snprintf(key, sizeof key, "unseen.range.%s", ranges[i]);
        const char *text = nn_graph_meta_get(graph, key);
        assert_non_null(text);
        assert_true(atof(text) > 0.1 && atof(text) < 1000.0);
    }
    /* two classes that a child can tell apart: at least 36 of 40 */
    int right = 0;
    assert_int_equal(
        sscanf(nn_graph_meta_get(graph, "unseen.accuracy"), "%*f %% (%d of 40", &right), 1);
    assert_true(right >= 36);
    nn_graph_free(graph);
    remove("test_train_a.onnx");
    remove("test_train_a.onnx.ckpt");
    remove("test_train_b.onnx");
}

static void refused_commands(void **state)
{
    (void)state;
    const char *const no_net[] = {"train", "--data", folder, "-o", "x", NULL};
    const char *const bad_net[] = {"train", "--data", folder, "-o", "x", "--net", "none", NULL};
    const char *const bad_epochs[] = {"train", "--data", folder,     "-o", "x",
                                      "--net", "cnn2",   "--epochs", "0",  NULL};
    const char *const no_data[] = {"train", "--data", "test_train_absent", "-o", "x", "--net",
                                   "cnn2",  NULL};
    const char *const all_held[] = {"train", "--data", folder,    "-o",  "x",
                                    "--net", "cnn2",   "--valid", "300", NULL};
    const char *const no_folder[] = {"train", "--data",     folder,     "-o", "test_train_absent/x",
                                     "--net", "cryptonets", "--epochs", "1",  "-q",
                                     NULL};
    const char *const no_checkpoint[] = {"train", "--data", folder,     "-o", "test_train_none",
                                         "--net", "cnn2",   "--resume", NULL};
    const char *const dash[] = {"train", "--data", folder, "-o", "-", "--net", "cnn2", NULL};
    assert_int_equal(command(no_net), CLI_USAGE);
    assert_int_equal(command(bad_net), CLI_USAGE);
    assert_int_equal(command(bad_epochs), CLI_USAGE);
    assert_int_equal(command(dash), CLI_USAGE);
    assert_int_equal(command(no_data), CLI_NO_FILE);
    assert_true(command(all_held) != CLI_OK);
    assert_int_equal(command(no_folder), CLI_NO_FILE);
    assert_int_equal(command(no_checkpoint), CLI_NO_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_is_the_definition), cmocka_unit_test(convolution_is_the_definition),
        cmocka_unit_test(gradients_are_slopes),   cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(calibration_is_exact),   cmocka_unit_test(resume_is_the_same),
        cmocka_unit_test(bad_checkpoints),        cmocka_unit_test(command_line),
        cmocka_unit_test(refused_commands),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
