/* unseen train on a small data set made here: the model, its metadata, the log, resuming, teachers,
 * and what is refused.
 */
#define _POSIX_C_SOURCE 200809L

#include "tests/testing.h"

#include <unistd.h>

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/commands.h"

enum { SIDE = 12, TRAIN = 300, TEST = 40, AREA = SIDE * SIDE };

static const char small[] = "input 1 12 12\nconv 5 5x5 stride 2 pad 1 1 0 0\nnorm\nsquare\n"
                            "dense 40\nnorm\nsquare\ndense 10\n"
                            "epochs 12\nbatch 32\nrate 0.004\nsmoothing 0.05\nshift 1\n";
static char why[512];
static char folder[] = "test_cmd_train_XXXXXX";
static char net[64];

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
    write_file("small.net", (const uint8_t *)small, strlen(small));
    snprintf(net, sizeof net, "%s/small.net", folder);
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
    drop("small.net");
    drop("train-images-idx3-ubyte");
    drop("train-labels-idx1-ubyte");
    drop("t10k-images-idx3-ubyte");
    drop("t10k-labels-idx1-ubyte");
    return rmdir(folder);
}

/* ---- the subcommand
 * --------------------------------------------------------------------------------- */

static int command(const char *const *words)
{
    static char one_thread[2][16] = {"--threads", "1"};
    char text[24][64];
    char *argv[27];
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        snprintf(text[argc], sizeof text[argc], "%s", words[argc]);
        argv[argc] = text[argc];
    }
    argv[argc++] = one_thread[0];
    argv[argc++] = one_thread[1];
    argv[argc] = NULL;
    return cmd_train(argc, argv);
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
    const char *const once[] = {"train",  "--data", folder,  "--net",    net, "--seed", "3", "-o",
                                "a.onnx", "--log",  "a.log", "--report", "4", "-q",     NULL};
    const char *const again[] = {"train",        "--data",      folder, "--net",  net,
                                 "--seed",       "3",           "-o",   "b.onnx", "--resume",
                                 "--checkpoint", "a.onnx.ckpt", "-q",   "--json", "--log",
                                 "a.log",        NULL};
    assert_int_equal(command(once), CLI_OK);
    assert_int_equal(command(again), CLI_OK); /* nothing left to train: the same model */
    size_t n = slurp(first, ROOM, "a.onnx");
    assert_int_equal(slurp(second, ROOM, "b.onnx"), n);
    assert_true(n > 1000 && n < ROOM);
    assert_memory_equal(first, second, n);
    size_t log = slurp(first, ROOM - 1, "a.log");
    first[log] = 0;
    assert_non_null(strstr((const char *)first, "# resumed behind epoch 12\n"));
    assert_null(strstr(strstr((const char *)first, "# epoch") + 1, "# epoch")); /* one header */
    assert_int_equal(slurp(first, ROOM, "a.onnx"), n);

    nn_graph *graph;
    assert_int_equal(nn_onnx_read(&graph, first, n, why, sizeof why), NN_OK);
    assert_string_equal(nn_graph_meta_get(graph, "unseen.input_range"), "0 1");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.command"),
                        "unseen train --data DIR --net small.net --epochs 12 --seed 3 "
                        "-o small.onnx");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.description"), small);
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

    /* the log: two comments, twelve epochs of six columns, measured every fourth, and the end */
    n = slurp(first, ROOM - 1, "a.log");
    first[n] = '\0';
    char *line = strtok((char *)first, "\n");
    for (int i = 0; i < 2; i++, line = strtok(NULL, "\n"))
        assert_true(line != NULL && line[0] == '#');
    for (unsigned int e = 1; e <= 12; e++, line = strtok(NULL, "\n")) {
        unsigned int epoch;
        double rate, loss, train, seconds;
        char test[16];
        assert_non_null(line);
        assert_int_equal(
            sscanf(line, "%u %lf %lf %lf %15s %lf", &epoch, &rate, &loss, &train, test, &seconds),
            6);
        assert_int_equal(epoch, e);
        assert_int_equal(test[0] == '-', e % 4 != 0);
    }
    assert_true(line != NULL && line[0] == '#' && strstr(line, "of 40 test images") != NULL);
    remove("a.onnx");
    remove("a.log");
    remove("b.onnx");
}

/* A pupil learns from the checkpoint that command_line left. */
static void teachers(void **state)
{
    (void)state;
    static const char pupil[] = "input 1 12 12\ndense 10\nbatch 32\ndistil 0.9\n";
    const char *const with[] = {"train",     "--data",      folder, "--net",  "pupil.net",
                                "--epochs",  "1",           "-o",   "p.onnx", "-q",
                                "--teacher", "a.onnx.ckpt", NULL};
    const char *const without[] = {"train",    "--data", folder, "--net",  "pupil.net",
                                   "--epochs", "1",      "-o",   "p.onnx", NULL};
    const char *const unasked[] = {"train", "--data", folder,      "--net",       net,
                                   "-o",    "p.onnx", "--teacher", "a.onnx.ckpt", NULL};
    const char *const none[] = {"train", "--data", folder,      "--net",     "pupil.net",
                                "-o",    "p.onnx", "--teacher", "pupil.net", NULL};
    FILE *f = fopen("pupil.net", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(pupil, 1, sizeof pupil - 1, f), sizeof pupil - 1);
    fclose(f);
    assert_int_equal(command(with), CLI_OK);
    assert_int_equal(command(without), CLI_USAGE);
    assert_int_equal(command(unasked), CLI_USAGE);
    assert_int_equal(command(none), CLI_DAMAGED);
    remove("p.onnx");
    remove("p.onnx.ckpt");
    remove("pupil.net");
    remove("a.onnx.ckpt");
}

static void bad_nets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } bad[] = {{"input 1 12 12\nconv 5\ndense 10\n", CLI_DAMAGED},
               {"", CLI_DAMAGED},
               {"input 1 28 28\ndense 10\n", CLI_MISMATCH},
               {"input 1 12 12\npoly 0 0 0 0 100\npoly 0 0 0 0 100\npoly 0 0 0 0 100\ndense 10\n",
                CLI_NEGATIVE}};
    const char *const words[] = {"train", "--data", folder,   "--net", "bad.net", "--epochs",
                                 "3",     "-o",     "p.onnx", "-q",    NULL};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FILE *f = fopen("bad.net", "wb");
        assert_non_null(f);
        fputs(bad[i].text, f);
        fclose(f);
        assert_int_equal(command(words), bad[i].code);
        remove("p.onnx.ckpt");
    }
    remove("bad.net");
}

static void refused_commands(void **state)
{
    (void)state;
    const char *const no_net[] = {"train", "--data", folder, "-o", "x", NULL};
    const char *const absent_net[] = {"train", "--data", folder, "-o", "x", "--net", "none", NULL};
    const char *const bad_epochs[] = {"train", "--data", folder,     "-o", "x",
                                      "--net", net,      "--epochs", "0",  NULL};
    const char *const no_data[] = {"train", "--data", "test_train_absent", "-o", "x", "--net",
                                   net,     NULL};
    const char *const all_held[] = {"train", "--data", folder,    "-o",  "x",
                                    "--net", net,      "--valid", "300", NULL};
    const char *const no_folder[] = {"train", "--data", folder,     "-o", "test_train_absent/x",
                                     "--net", net,      "--epochs", "1",  "-q",
                                     NULL};
    const char *const no_log[] = {
        "train", "--data", folder, "-o", "x", "--net", net, "--log", "test_train_absent/x", NULL};
    const char *const no_checkpoint[] = {"train", "--data", folder,     "-o", "test_train_none",
                                         "--net", net,      "--resume", NULL};
    const char *const dash[] = {"train", "--data", folder, "-o", "-", "--net", net, NULL};
    assert_int_equal(command(no_net), CLI_USAGE);
    assert_int_equal(command(absent_net), CLI_NO_FILE);
    assert_int_equal(command(bad_epochs), CLI_USAGE);
    assert_int_equal(command(dash), CLI_USAGE);
    assert_int_equal(command(no_data), CLI_NO_FILE);
    assert_int_equal(command(all_held), CLI_MISMATCH);
    assert_int_equal(command(no_folder), CLI_NO_FILE);
    assert_int_equal(command(no_log), CLI_NO_FILE);
    assert_int_equal(command(no_checkpoint), CLI_NO_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line),
        cmocka_unit_test(teachers),
        cmocka_unit_test(bad_nets),
        cmocka_unit_test(refused_commands),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
