/* unseen train: a network from a description file, trained and written as ONNX. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/dataset.h"
#include "tools/file.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/progress.h"
#include "train/calibrate.h"
#include "train/checkpoint.h"
#include "train/export.h"
#include "train/session.h"
#include "train/status.h"

enum { DESCRIPTION_LIMIT = 1 << 20, CHECKPOINT_LIMIT = 1 << 30, TRIED_ON = 4000 };

typedef struct settings {
    const char *data, *net, *output;
    const char *checkpoint; /* NULL for the output with .ckpt */
    const char *teacher, *start, *log;
    uint64_t seed, epochs, threads, held, report;
    int resume, json;
} settings;

/* A training with all that it stands on. */
typedef struct job {
    const settings *s;
    char *checkpoint;
    char *text; /* the description in canonical form */
    train_recipe recipe, teacher;
    dataset images, tests;
    train_data data;
    train_session session;
    FILE *log;
    progress bar;
    size_t first;   /* batches that an earlier process did */
    double begun;   /* when this process began to train */
    char tried[48]; /* what the held-back or test images said last */
} job;

static const cli_option options[] = {
    {0, "data", "DIR",
     "a folder with MNIST's or Fashion-MNIST's four IDX files, or with\n"
     "CIFAR-10's six binary batches, plain or .gz"},
    {0, "net", "FILE", "the description of the network and its training"},
    {'o', "output", "FILE", "the ONNX model to write, - for standard output"},
    {0, "epochs", "N", "passes over the training images (default: the description's)"},
    {0, "seed", "S", "a number that fixes the result (default 1)"},
    {0, "threads", "T", "threads to use; the result does not depend on it"},
    {0, "valid", "N", "hold back the last N training images and report on them"},
    {0, "teacher", "FILE", "checkpoint of a network to learn from, as `distil` says"},
    {0, "from", "FILE",
     "checkpoint of a network to begin with: the same layers, though other\n"
     "activations are allowed"},
    {0, "checkpoint", "FILE", "written after every epoch (default: the output's name and .ckpt)"},
    {0, "resume", NULL, "go on from the checkpoint"},
    {0, "log", "FILE", "add a line for every epoch to this file"},
    {0, "report", "N", "measure the accuracy every N epochs for the log (default 5)"},
    {0, "json", NULL, "report as JSON"},
    {0, NULL, NULL, NULL},
};

static int take(void *into, const char *name, const char *value)
{
    settings *s = into;
    if (strcmp(name, "data") == 0)
        s->data = value;
    else if (strcmp(name, "net") == 0)
        s->net = value;
    else if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "teacher") == 0)
        s->teacher = value;
    else if (strcmp(name, "from") == 0)
        s->start = value;
    else if (strcmp(name, "checkpoint") == 0)
        s->checkpoint = value;
    else if (strcmp(name, "log") == 0)
        s->log = value;
    else if (strcmp(name, "resume") == 0)
        s->resume = 1;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else if (strcmp(name, "epochs") == 0)
        return cli_number(&s->epochs, name, value, 1, 100000);
    else if (strcmp(name, "seed") == 0)
        return cli_number(&s->seed, name, value, 0, UINT64_MAX);
    else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, TRAIN_MAX_THREADS);
    else if (strcmp(name, "report") == 0)
        return cli_number(&s->report, name, value, 1, 100000);
    else if (strcmp(name, "valid") == 0)
        return cli_number(&s->held, name, value, 0, UINT32_MAX);
    return CLI_OK;
}

static const cli_command command = {
    .name = "train",
    .synopsis = "--data DIR --net FILE -o MODEL.onnx [OPTION]...",
    .summary = "Train a network and write it as ONNX",
    .about =
        "A description has a statement a line; # begins a comment. The network, layer by layer:\n"
        "  input C H W    conv N KxK [stride S] [pad P | pad T L B R | pad same | pad valid]\n"
        "  [groups G]    dense N    norm    avgpool K [stride S]    globalpool\n"
        "  mark NAME, from NAME, add NAME (residual sums)\n"
        "  square    quadratic A B [learn]    poly C0 C1 C2 [C3 [C4]]    swish4 R    swish    "
        "relu\n"
        "and its training:\n"
        "  epochs N    batch N    rate R    optimizer adam [B1 B2] | sgd [MOMENTUM] [nesterov]\n"
        "  schedule cosine [WARM] | onecycle [PEAK] | constant    decay D    smoothing S    clip "
        "N\n"
        "  average D    whiten    range-penalty W [R]    distil W [T]    shift PIXELS    scale S\n"
        "  rotation DEGREES    shear S    flip    cutout SIDE    border zero | edge\n\n"
        "The same description, seed and number of epochs give the same model, whatever the number\n"
        "of threads and however often the training was stopped and resumed.",
    .options = options,
    .take = take,
};

static int check(const settings *s)
{
    if (s->data == NULL || s->net == NULL || s->output == NULL)
        return cli_usage("--data, --net and --output are needed");
    int to_stdout = strcmp(s->output, "-") == 0;
    if (to_stdout && s->checkpoint == NULL)
        return cli_usage("--output - needs a --checkpoint FILE");
    if (to_stdout && s->json)
        return cli_usage("--output - and --json would both write to standard output");
    return CLI_OK;
}

static int fail_training(int status, const char *subject, const char *why)
{
    int code = status == TRAIN_ERR_MEMORY     ? CLI_MEMORY
               : status == TRAIN_ERR_MISMATCH ? CLI_MISMATCH
               : status == TRAIN_ERR_DIVERGED ? CLI_NEGATIVE
                                              : CLI_DAMAGED;
    return cli_fail(code, subject, "%s", why);
}

/* ---- what a training stands on ----------------------------------------------------------------
 */

static int read_description(job *j)
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    int line, code = file_read(&file, j->s->net, DESCRIPTION_LIMIT);
    if (code != CLI_OK)
        return code;
    int st =
        train_recipe_parse(&j->recipe, (const char *)file.data, file.size, &line, why, sizeof why);
    j->text = malloc(file.size + 1);
    if (j->text == NULL)
        code = cli_fail(CLI_MEMORY, NULL, "no memory for the description");
    else if (st != TRAIN_OK && line > 0)
        code = cli_fail(CLI_DAMAGED, NULL, "%s:%d: %s", file_input_name(j->s->net), line, why);
    else if (st != TRAIN_OK)
        code = cli_fail(CLI_DAMAGED, file_input_name(j->s->net), "%s", why);
    else
        train_recipe_canonical(j->text, (const char *)file.data, file.size);
    file_free(&file);
    if (code == CLI_OK && (j->recipe.distil > 0.0f) != (j->s->teacher != NULL))
        code = cli_usage(j->s->teacher != NULL
                             ? "--teacher is given and the description has no `distil`"
                             : "the description has `distil`: --teacher FILE is needed");
    return code;
}

static train_images lend(const dataset *d)
{
    return (train_images){d->count, d->c, d->h, d->w, d->pixels, d->labels};
}

static int be_taught(job *j, const file_bytes *file, char *why, size_t size)
{
    return train_checkpoint_teach(&j->session, &j->teacher, file->data, file->size, why, size);
}

static int start_from(job *j, const file_bytes *file, char *why, size_t size)
{
    return train_checkpoint_start(&j->session, file->data, file->size, why, size);
}

static int go_on(job *j, const file_bytes *file, char *why, size_t size)
{
    return train_checkpoint_read(&j->session, file->data, file->size, j->text, why, size);
}

/* Use a checkpoint, if there is one to use. */
static int use(job *j, const char *path,
               int (*as)(job *j, const file_bytes *file, char *why, size_t size))
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    if (path == NULL)
        return CLI_OK;
    int code = file_read(&file, path, CHECKPOINT_LIMIT);
    if (code != CLI_OK)
        return code;
    int st = as(j, &file, why, sizeof why);
    file_free(&file);
    return st == TRAIN_OK ? CLI_OK : fail_training(st, path, why);
}

static int write_checkpoint(job *j)
{
    uint8_t *bytes;
    size_t size;
    if (train_checkpoint_write(&bytes, &size, &j->session, j->text) != TRAIN_OK)
        return cli_fail(CLI_MEMORY, j->checkpoint, "no memory for a checkpoint");
    int code = output_whole(j->checkpoint, OUTPUT_BINARY, bytes, size);
    free(bytes);
    return code;
}

static int prepare(job *j)
{
    char why[WHY_BYTES] = "";
    const settings *s = j->s;
    int code = read_description(j);
    if (code == CLI_OK)
        code = dataset_read_folder(&j->images, &j->tests, s->data);
    if (code != CLI_OK)
        return code;
    j->data = (train_data){.train = lend(&j->images), .test = lend(&j->tests)};
    train_data_digest(&j->data);
    uint32_t epochs = (uint32_t)(s->epochs > 0 ? s->epochs : j->recipe.epochs);
    int st = train_session_create(&j->session, &j->recipe, &j->data, s->seed, epochs,
                                  (size_t)s->held, (int)s->threads, why, sizeof why);
    if (st != TRAIN_OK)
        return fail_training(st, s->net, why);
    code = use(j, s->teacher, be_taught);
    if (code == CLI_OK)
        code = use(j, s->start, start_from);
    if (code == CLI_OK)
        code = use(j, s->resume ? j->checkpoint : NULL, go_on);
    return code;
}

/* ---- training ---------------------------------------------------------------------------------
 */

/* The images that tell how the training goes: those held back, or else the test images. */
static size_t try_images(job *j, train_images *images, size_t *first)
{
    *first = j->s->held > 0 ? j->session.train_count : 0;
    *images = j->s->held > 0 ? j->data.train : j->data.test;
    return images->count - *first;
}

static double try_model(job *j)
{
    train_session *t = &j->session;
    train_images images;
    size_t first, count = try_images(j, &images, &first);
    train_session_model(t, 1);
    train_calibrate(t, t->train_count < TRIED_ON ? t->train_count : TRIED_ON);
    size_t right = train_session_correct(t, &images, first, count, NULL, NULL);
    train_session_model(t, 0);
    return 100.0 * (double)right / (double)count;
}

static void tick(void *arg, const train_session *t, size_t done, size_t total)
{
    job *j = arg;
    char detail[128];
    double seconds = cli_seconds() - j->begun;
    (void)total;
    snprintf(detail, sizeof detail, "epoch %u of %u, loss %.4f, %.0f images/s%s",
             (unsigned int)(t->done + 1), (unsigned int)t->epochs, t->loss,
             (double)((done - j->first) * t->net.batch) / (seconds > 0.0 ? seconds : 1.0),
             j->tried);
    progress_show(&j->bar, done - j->first, detail);
}

static int log_head(job *j)
{
    if (j->s->log == NULL)
        return CLI_OK;
    j->log = fopen(j->s->log, j->s->resume ? "a" : "w");
    if (j->log == NULL)
        return cli_fail(cli_exit_of_errno(errno), j->s->log, "cannot be opened: %s",
                        strerror(errno));
    if (fseek(j->log, 0, SEEK_END) == 0 && ftell(j->log) > 0) {
        fprintf(j->log, "# resumed behind epoch %u\n", (unsigned int)j->session.done);
        fflush(j->log);
        return CLI_OK;
    }
    fprintf(j->log, "# %zu parameters, seed %llu, %zu training images, batches of %zu\n",
            j->session.net.param_count, (unsigned long long)j->s->seed, j->session.train_count,
            j->session.net.batch);
    fprintf(j->log, "# epoch rate loss train%% %s%% seconds\n",
            j->s->held > 0 ? "held-back" : "test");
    fflush(j->log);
    return CLI_OK;
}

static void log_epoch(job *j, double seconds, double tried)
{
    const train_session *t = &j->session;
    char text[16] = "-";
    if (j->log == NULL)
        return;
    if (tried >= 0.0)
        snprintf(text, sizeof text, "%.2f", tried);
    fprintf(j->log, "%u %.3g %.4f %.2f %s %.1f\n", (unsigned int)t->done, (double)t->rate, t->loss,
            100.0 * t->accuracy, text, seconds);
    fflush(j->log);
}

static int train_all(job *j)
{
    train_session *t = &j->session;
    size_t each = train_session_steps(t);
    int code = CLI_OK;
    j->first = each * t->done;
    j->begun = cli_seconds();
    progress_begin(&j->bar, "training", each * t->epochs - j->first);
    while (code == CLI_OK && t->done < t->epochs) {
        double start = cli_seconds(), tried = -1.0;
        if (train_session_epoch(t, tick, j) != TRAIN_OK) {
            progress_end(&j->bar);
            return fail_training(TRAIN_ERR_DIVERGED, j->s->net,
                                 "the training diverged: the loss is not a number; lower the rate, "
                                 "or add `clip` or `range-penalty`");
        }
        double seconds = cli_seconds() - start;
        code = write_checkpoint(j);
        if ((j->log != NULL || cli_progress()) &&
            (t->done % j->s->report == 0 || t->done == t->epochs)) {
            tried = try_model(j);
            snprintf(j->tried, sizeof j->tried, ", %s %.2f %%",
                     j->s->held > 0 ? "held back" : "test", tried);
        }
        log_epoch(j, seconds, tried);
    }
    progress_end(&j->bar);
    return code;
}

/* ---- the model --------------------------------------------------------------------------------
 */

static void report(const job *j, size_t right, const char *accuracy)
{
    const train_session *t = &j->session;
    size_t tests = t->data->test.count;
    json out;
    if (strcmp(j->s->output, "-") == 0) {
        cli_note("%s", accuracy);
        return;
    }
    if (!j->s->json) {
        printf("%s: %s\n", j->s->output, accuracy);
        return;
    }
    json_begin(&out, stdout);
    json_open_object(&out, NULL);
    json_string(&out, "model", j->s->output);
    json_string(&out, "net", j->s->net);
    json_integer(&out, "seed", j->s->seed);
    json_integer(&out, "epochs", t->epochs);
    json_integer(&out, "parameters", t->net.param_count);
    json_integer(&out, "train_images", t->train_count);
    json_integer(&out, "images", tests);
    json_integer(&out, "correct_plain", right);
    json_real(&out, "accuracy", (double)right / (double)tests);
    json_integer(&out, "lossy_images", dataset_lossy(&j->tests, 0, tests));
    json_string(&out, "says", accuracy);
    json_close_object(&out);
    json_end(&out);
}

/* "99.36 % (9936 of 10000 test images)", and for CIFAR-10 without its lossy records as well. */
static int measure_accuracy(job *j, size_t *right, char *text, size_t size)
{
    size_t tests = j->tests.count, lossy = dataset_lossy(&j->tests, 0, tests), exact = 0;
    uint8_t *each = malloc(tests);
    if (each == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu results", tests);
    *right = train_session_correct(&j->session, &j->data.test, 0, tests, NULL, each);
    for (size_t i = 0; i < tests; i++)
        exact += each[i] && (j->tests.lossy == NULL || !j->tests.lossy[i]);
    free(each);
    int used = snprintf(text, size, "%.2f %% (%zu of %zu test images",
                        100.0 * (double)*right / (double)tests, *right, tests);
    if (lossy > 0)
        used += snprintf(text + used, size - (size_t)used,
                         "; %.2f %%, %zu of %zu, without the lossy ones",
                         100.0 * (double)exact / (double)(tests - lossy), exact, tests - lossy);
    snprintf(text + used, size - (size_t)used, ")");
    return CLI_OK;
}

/* A path's last part without its ending: the command in the model names no folder of this machine.
 */
static void stem(char *out, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(out, size, "%s", slash != NULL ? slash + 1 : path);
    char *dot = strrchr(out, '.');
    if (dot != NULL && dot != out)
        *dot = '\0';
}

static void name_checkpoint(char *text, size_t size, const char *option, const char *path)
{
    char name[64];
    if (path == NULL)
        return;
    stem(name, sizeof name, path);
    snprintf(text, size, " --%s %s.ckpt", option, name);
}

static void command_line(const job *j, char *text, size_t size)
{
    char net[64], held[32] = "", teacher[96] = "", start[96] = "";
    stem(net, sizeof net, j->s->net);
    if (j->s->held > 0)
        snprintf(held, sizeof held, " --valid %llu", (unsigned long long)j->s->held);
    name_checkpoint(teacher, sizeof teacher, "teacher", j->s->teacher);
    name_checkpoint(start, sizeof start, "from", j->s->start);
    snprintf(text, size,
             "unseen train --data DIR --net %s.net --epochs %u --seed %llu%s%s%s -o %s.onnx", net,
             (unsigned int)j->session.epochs, (unsigned long long)j->s->seed, held, teacher, start,
             net);
}

static int write_model(job *j, const train_reach *reach, const char *accuracy)
{
    char text[512], why[WHY_BYTES] = "";
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_graph *graph;
    command_line(j, text, sizeof text);
    int st = nn_graph_create(&graph);
    if (st == NN_OK) {
        st = train_export_graph(graph, &j->session, reach, text, accuracy, j->text);
        if (st != NN_OK)
            snprintf(why, sizeof why, "the model cannot be built: %s", nn_graph_error(graph));
        else
            st = nn_onnx_write(graph, &bytes, &size, why, sizeof why);
    }
    int code = st == NN_OK ? output_whole(j->s->output, OUTPUT_BINARY, bytes, size)
                           : cli_fail_status(st, j->s->output, why);
    nn_graph_free(graph);
    free(bytes);
    return code;
}

/* Measure, write the model, say. */
static int finish(job *j)
{
    train_session *t = &j->session;
    train_reach reach[TRAIN_MAX_LAYERS] = {{0}};
    char accuracy[160];
    size_t right = 0;
    train_session_model(t, 1);
    train_calibrate(t, t->train_count);
    train_session_correct(t, &j->data.train, 0, j->data.train.count, reach, NULL);
    int code = measure_accuracy(j, &right, accuracy, sizeof accuracy);
    if (code == CLI_OK)
        code = write_model(j, reach, accuracy);
    if (code == CLI_OK && j->log != NULL)
        fprintf(j->log, "# %s\n", accuracy);
    if (code == CLI_OK)
        report(j, right, accuracy);
    return code;
}

static int close_log(job *j, int code)
{
    int failed = j->log != NULL && ferror(j->log);
    if (j->log != NULL && fclose(j->log) != 0)
        failed = 1;
    return failed && code == CLI_OK ? cli_fail(CLI_IO, j->s->log, "writing failed") : code;
}

static int train(const settings *s, job *j)
{
    size_t length = strlen(s->output);
    j->s = s;
    j->checkpoint = malloc(length + 6 + (s->checkpoint != NULL ? strlen(s->checkpoint) : 0));
    if (j->checkpoint == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a name");
    if (s->checkpoint != NULL) {
        memcpy(j->checkpoint, s->checkpoint, strlen(s->checkpoint) + 1);
    } else {
        memcpy(j->checkpoint, s->output, length);
        memcpy(j->checkpoint + length, ".ckpt", 6);
    }
    int code = prepare(j);
    if (code == CLI_OK)
        code = log_head(j);
    if (code == CLI_OK)
        code = train_all(j);
    if (code == CLI_OK)
        code = finish(j);
    return close_log(j, code);
}

int cmd_train(int argc, char **argv)
{
    settings s = {.seed = 1, .threads = (uint64_t)parallel_default_threads(), .report = 5};
    char **rest;
    int rest_count;
    if (s.threads > TRAIN_MAX_THREADS)
        s.threads = TRAIN_MAX_THREADS;
    int code = cli_parse(&command, argc, argv, &s, &rest, &rest_count);
    if (code != CLI_OK)
        return code == CLI_DONE ? CLI_OK : code;
    code = check(&s);
    if (code != CLI_OK)
        return code;
    job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a training");
    code = train(&s, j);
    train_session_free(&j->session);
    dataset_free(&j->images);
    dataset_free(&j->tests);
    free(j->text);
    free(j->checkpoint);
    free(j);
    return code;
}
