/* `unseen train`: options, the order of things, and what the person sees. */
#include "tools/train.h"

#include <stdlib.h>
#include <string.h>

#include "tools/json.h"
#include "tools/parallel.h"
#include "tools/progress.h"
#include "tools/result.h"
#include "tools/train_checkpoint.h"
#include "tools/train_export.h"
#include "tools/train_run.h"

typedef struct {
    const char *data;
    const char *output;
    const char *checkpoint; /* NULL for the output with .ckpt */
    const train_recipe *recipe;
    uint64_t seed, epochs, threads, held;
    int resume, json;
} settings;

typedef struct {
    progress bar;
    size_t first;  /* batches that an earlier process did */
    char held[48]; /* what the held-back images said last */
} watch;

static const cli_option options[] = {
    {0, "data", "DIR",
     "where train-images-idx3-ubyte, train-labels-idx1-ubyte,\n"
     "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte are, plain or .gz"},
    {0, "net", "NAME", "cryptonets or cnn2, see above"},
    {'o', "output", "FILE", "the ONNX model to write, - for standard output"},
    {0, "epochs", "N", "passes over the training images (default: the network's own)"},
    {0, "seed", "S", "a number that fixes the result (default 1)"},
    {0, "threads", "T", "threads to use; the result does not depend on it"},
    {0, "valid", "N", "hold back the last N training images and report on them"},
    {0, "checkpoint", "FILE", "written after every epoch (default: the output's name and .ckpt)"},
    {0, "resume", NULL, "go on from the checkpoint"},
    {0, "json", NULL, "report as JSON"},
    {0, NULL, NULL, NULL},
};

static int take(void *into, const char *name, const char *value)
{
    settings *s = into;
    if (strcmp(name, "data") == 0)
        s->data = value;
    else if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "checkpoint") == 0)
        s->checkpoint = value;
    else if (strcmp(name, "resume") == 0)
        s->resume = 1;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else if (strcmp(name, "net") == 0) {
        s->recipe = train_recipe_find(value);
        if (s->recipe == NULL)
            return cli_usage("--net: there is no network '%s'", value);
    } else if (strcmp(name, "epochs") == 0)
        return cli_number(&s->epochs, name, value, 1, 100000);
    else if (strcmp(name, "seed") == 0)
        return cli_number(&s->seed, name, value, 0, UINT64_MAX);
    else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, TRAIN_MAX_THREADS);
    else if (strcmp(name, "valid") == 0)
        return cli_number(&s->held, name, value, 0, UINT32_MAX);
    return CLI_OK;
}

const cli_command unseen_train_command = {
    .name = "train",
    .synopsis = "--data DIR --net NAME -o MODEL.onnx [OPTION]...",
    .summary = "train a network on IDX files and write it as ONNX",
    .about =
        "The networks:\n"
        "  cryptonets  conv 5 maps 5x5/2, square, dense 100, square, dense 10\n"
        "  cnn2        conv 8 maps 5x5/2, quadratic, conv 32 maps 5x5/2, quadratic, dense 128,\n"
        "              quadratic, dense 10\n\n"
        "The same seed and number of epochs give the same model, whatever the number of threads\n"
        "and however often the training was stopped and resumed.",
    .options = options,
    .take = take,
};

static int check(settings *s)
{
    if (s->data == NULL || s->recipe == NULL || s->output == NULL)
        return cli_usage("--data, --net and --output are needed");
    int to_stdout = strcmp(s->output, "-") == 0;
    if (to_stdout && s->checkpoint == NULL)
        return cli_usage("--output - needs a --checkpoint FILE");
    if (to_stdout && s->json)
        return cli_usage("--output - and --json would both write to standard output");
    if (s->epochs == 0)
        s->epochs = (uint64_t)s->recipe->epochs;
    return CLI_OK;
}

static void tick(void *arg, const train_run *run, size_t done, size_t total)
{
    watch *w = arg;
    char detail[128];
    (void)total;
    snprintf(detail, sizeof detail, "epoch %u of %u, loss %.4f%s", (unsigned int)(run->done + 1),
             (unsigned int)run->epochs, run->loss, w->held);
    progress_show(&w->bar, done - w->first, detail);
}

/* For the person who watches; what the training does next does not depend on it. */
static void try_held_back(train_run *run, watch *w)
{
    size_t held = run->data->images.count - run->train_count;
    if (held == 0 || !cli_progress())
        return;
    train_run_calibrate(run, run->train_count < 10000 ? run->train_count : 10000);
    size_t right = train_run_correct(run, &run->data->images, &run->data->labels, run->train_count,
                                     held, NULL);
    snprintf(w->held, sizeof w->held, ", held back %.2f %%", 100.0 * (double)right / (double)held);
}

static int train_all(train_run *run, const char *checkpoint)
{
    watch w = {.held = ""};
    size_t each = run->train_count / run->net.batch;
    int code = CLI_OK;
    w.first = each * run->done;
    progress_begin(&w.bar, "training", each * run->epochs - w.first);
    while (code == CLI_OK && run->done < run->epochs) {
        train_run_epoch(run, tick, &w);
        try_held_back(run, &w);
        code = train_checkpoint_write(run, checkpoint);
    }
    progress_end(&w.bar);
    return code;
}

static void report(const settings *s, const train_run *run, size_t right, const char *accuracy)
{
    json j;
    size_t tests = run->data->test_images.count;
    if (strcmp(s->output, "-") == 0) {
        cli_note("%s", accuracy);
        return;
    }
    if (!s->json) {
        printf("%s: %s\n", s->output, accuracy);
        return;
    }
    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_string(&j, "model", s->output);
    json_string(&j, "net", s->recipe->name);
    json_integer(&j, "seed", s->seed);
    json_integer(&j, "epochs", run->epochs);
    json_integer(&j, "parameters", run->net.param_count);
    json_integer(&j, "train_images", run->train_count);
    json_integer(&j, "images", tests);
    json_integer(&j, "correct_plain", right);
    json_real(&j, "accuracy", (double)right / (double)tests);
    json_close_object(&j);
    json_end(&j);
}

/* Measure, write the model, say. The command that goes into it names no folder of this machine. */
static int finish(train_run *run, const settings *s)
{
    const train_data *d = run->data;
    float range[TRAIN_MAX_LAYERS] = {0};
    char command[256], held[32] = "", accuracy[96];
    size_t tests = d->test_images.count;
    train_run_calibrate(run, run->train_count);
    train_run_correct(run, &d->images, &d->labels, 0, d->images.count, range);
    size_t right = train_run_correct(run, &d->test_images, &d->test_labels, 0, tests, NULL);
    snprintf(accuracy, sizeof accuracy, "%.2f %% (%zu of %zu test images)",
             100.0 * (double)right / (double)tests, right, tests);
    if (s->held > 0)
        snprintf(held, sizeof held, " --valid %llu", (unsigned long long)s->held);
    snprintf(command, sizeof command,
             "unseen train --data DIR --net %s --epochs %u --seed %llu%s -o %s.onnx",
             s->recipe->name, (unsigned int)run->epochs, (unsigned long long)s->seed, held,
             s->recipe->name);
    int code = train_export_write(run, s->output, range, command, accuracy);
    if (code == CLI_OK)
        report(s, run, right, accuracy);
    return code;
}

static int train(const settings *s, const char *checkpoint)
{
    char why[512] = "";
    train_data data;
    train_run run = {.seed = 0};
    int st = train_data_read(&data, s->data, why, sizeof why);
    if (st != TOOL_OK)
        return cli_fail_status(st, NULL, why);
    st = train_run_create(&run, s->recipe, &data, s->seed, (uint32_t)s->epochs, (size_t)s->held,
                          (int)s->threads, why, sizeof why);
    int code = st == TOOL_OK ? CLI_OK : cli_fail_status(st, NULL, why);
    if (code == CLI_OK && s->resume)
        code = train_checkpoint_read(&run, checkpoint);
    if (code == CLI_OK)
        code = train_all(&run, checkpoint);
    if (code == CLI_OK)
        code = finish(&run, s);
    train_run_free(&run);
    train_data_free(&data);
    return code;
}

int unseen_train_main(int argc, char **argv)
{
    settings s = {.seed = 1, .threads = (uint64_t)parallel_default_threads()};
    char **rest;
    int rest_count;
    if (s.threads > TRAIN_MAX_THREADS)
        s.threads = TRAIN_MAX_THREADS;
    int code = cli_parse(&unseen_train_command, argc, argv, &s, &rest, &rest_count);
    if (code != CLI_OK)
        return code == CLI_DONE ? CLI_OK : code;
    code = check(&s);
    if (code != CLI_OK)
        return code;
    size_t length = strlen(s.output);
    char *named = malloc(length + 6);
    if (named == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a name");
    memcpy(named, s.output, length);
    memcpy(named + length, ".ckpt", 6);
    code = train(&s, s.checkpoint != NULL ? s.checkpoint : named);
    free(named);
    return code;
}
