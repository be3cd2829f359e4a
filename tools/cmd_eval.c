/* unseen eval: many images encrypted and compared with the plain network.
 *
 * Every image is a task of its own that writes to its own result, and the results are added up in
 * order afterwards, so counts and errors do not depend on the number of threads (the noise of
 * encryption, which is drawn afresh each time, aside).
 */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/eval_report.h"
#include "tools/idx.h"
#include "tools/image.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"
#include "tools/result.h"
#include "tools/session.h"

enum { MAX_THREADS = 1024, FILE_LIMIT = 1 << 30 };

typedef struct settings {
    nn_plan_options plan;
    const char *images, *labels;
    uint64_t first, count, threads;
    double least_accuracy, least_agreement; /* percent */
    int json;
} settings;

static const cli_option options[] = {
    {0, "images", "FILE", "IDX file of images, plain or .gz"},
    {0, "labels", "FILE", "IDX file of their labels"},
    {0, "first", "I", "begin with image I, counted from 0 (default 0)"},
    {0, "count", "N", "take N images (default: all that follow)"},
    {'t', "threads", "T", "images at a time (default: one for every processor)"},
    {0, "json", NULL, "print the result as JSON"},
    {0, "min-accuracy", "P", "leave with status 1 below P percent right, encrypted"},
    {0, "min-agreement", "P", "leave with status 1 below P percent agreement"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "images") == 0)
        s->images = value;
    else if (strcmp(name, "labels") == 0)
        s->labels = value;
    else if (strcmp(name, "first") == 0)
        return cli_number(&s->first, name, value, 0, UINT32_MAX);
    else if (strcmp(name, "count") == 0)
        return cli_number(&s->count, name, value, 1, UINT32_MAX);
    else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, MAX_THREADS);
    else if (strcmp(name, "min-accuracy") == 0)
        return cli_real(&s->least_accuracy, name, value, 0.0, 100.0);
    else if (strcmp(name, "min-agreement") == 0)
        return cli_real(&s->least_agreement, name, value, 0.0, 100.0);
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "eval",
    "MODEL.onnx --images FILE --labels FILE [OPTION]...",
    "Run many images encrypted and compare with the plain network",
    "Client and server are played in one process. To share the work between machines, give each\n"
    "its own --first and --count and add up the counts of their JSON.",
    options,
    1,
    1,
    take,
};

/* One thread's own things. */
typedef struct lane {
    ckks_worker *worker;
    ckks_ciphertext *ct;
    float *image, *plain, *logits;
} lane;

typedef struct job {
    const session *session;
    const idx_array *images, *labels;
    size_t first;
    lane *lanes;
    eval_result *results;
    progress progress;
    atomic_size_t done;
    atomic_int failed; /* exit code of a task that failed; later tasks do nothing */
} job;

static int read_idx(idx_array *out, const char *path, int dimensions)
{
    char why[256] = "";
    file_bytes file;
    int st = file_read(&file, path, FILE_LIMIT);

    memset(out, 0, sizeof *out);
    if (st != CLI_OK)
        return st;
    st = idx_parse(out, file.data, file.size, dimensions, why, sizeof why);
    file_free(&file);
    return st == TOOL_OK ? CLI_OK : cli_fail_status(st, file_input_name(path), why);
}

static int check_data(settings *s, const idx_array *images, const idx_array *labels,
                      const session *run)
{
    nn_shape shape = nn_client_input(run->client);

    if (images->count != labels->count)
        return cli_fail(CLI_MISMATCH, s->labels, "there are %zu labels for %zu images in %s",
                        labels->count, images->count, s->images);
    if (shape.c != 1 || shape.h != images->rows || shape.w != images->cols)
        return cli_fail(CLI_MISMATCH, s->images,
                        "the images are %zu x %zu grey and the network takes %zu x %zu with %zu "
                        "channel%s",
                        images->cols, images->rows, shape.w, shape.h, shape.c,
                        shape.c == 1 ? "" : "s");
    if (s->first >= images->count)
        return cli_usage("--first %llu: there are %zu images", (unsigned long long)s->first,
                         images->count);
    if (s->count == 0)
        s->count = images->count - s->first;
    if (s->count > images->count - s->first)
        return cli_usage("--count %llu: %zu images follow number %llu",
                         (unsigned long long)s->count, images->count - (size_t)s->first,
                         (unsigned long long)s->first);
    return CLI_OK;
}

static void free_lanes(job *j, size_t count)
{
    for (size_t i = 0; j->lanes != NULL && i < count; i++) {
        lane *l = &j->lanes[i];
        ckks_ciphertext_free(l->ct);
        ckks_worker_free(l->worker);
        free(l->image);
        free(l->plain);
        free(l->logits);
    }
    free(j->lanes);
    j->lanes = NULL;
}

static int make_lanes(job *j, size_t count)
{
    size_t in = nn_shape_count(nn_client_input(j->session->client));
    size_t out = nn_client_outputs(j->session->client);

    j->lanes = calloc(count, sizeof *j->lanes);
    if (j->lanes == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu threads", count);
    for (size_t i = 0; i < count; i++) {
        lane *l = &j->lanes[i];
        int st = session_worker(&l->worker, j->session);
        if (st != CLI_OK)
            return st;
        l->image = calloc(in, sizeof *l->image);
        l->plain = calloc(out, sizeof *l->plain);
        l->logits = calloc(out, sizeof *l->logits);
        if (l->image == NULL || l->plain == NULL || l->logits == NULL ||
            ckks_ciphertext_create(&l->ct, j->session->ctx) != CKKS_OK)
            return cli_fail(CLI_MEMORY, NULL, "no memory for thread %zu of %zu", i + 1, count);
    }
    return CLI_OK;
}

/* One image through the client, the server, and the client again. Returns a status. */
static int encrypted(const job *j, lane *l, eval_result *r, char *why, size_t why_size)
{
    const session *s = j->session;
    double start = cli_seconds(), now;
    int st = nn_client_encrypt(l->worker, l->ct, s->client, s->sk, l->image, why, why_size);

    now = cli_seconds();
    r->encrypt_ms = 1e3 * (now - start);
    if (st != NN_OK)
        return st;
    r->request_bytes = ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(l->ct);
    start = cli_seconds();
    st = nn_program_run(s->program, l->worker, l->ct, l->ct, NULL, NULL, why, why_size);
    now = cli_seconds();
    r->infer_ms = 1e3 * (now - start);
    if (st != NN_OK)
        return st;
    r->response_bytes = ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(l->ct);
    start = cli_seconds();
    st = nn_client_decrypt(l->worker, l->logits, s->client, s->sk, l->ct, why, why_size);
    r->decrypt_ms = 1e3 * (cli_seconds() - start);
    return st;
}

static void compare(const job *j, const lane *l, eval_result *r, size_t label)
{
    size_t count = nn_client_outputs(j->session->client);
    size_t plain = answer_label(l->plain, count), cipher = answer_label(l->logits, count);

    r->plain_right = plain == label;
    r->encrypted_right = cipher == label;
    r->agree = plain == cipher;
    for (size_t i = 0; i < count; i++) {
        double error = fabs((double)l->plain[i] - (double)l->logits[i]);
        /* Written so that a NaN is taken as well. */
        if (!(error <= r->logit_error))
            r->logit_error = error;
    }
}

static void one_image(void *arg, size_t task, int thread)
{
    job *j = arg;
    lane *l = &j->lanes[thread];
    size_t pixels = j->images->rows * j->images->cols, at = j->first + task, done;
    char why[WHY_BYTES] = "";
    int st, expected = 0;

    if (atomic_load(&j->failed) != 0)
        return;
    image_of_pixels(l->image, j->images->data + at * pixels, pixels);
    st = nn_model_run(j->session->model, l->plain, l->image, why, sizeof why);
    if (st == NN_OK)
        st = encrypted(j, l, &j->results[task], why, sizeof why);
    if (st != NN_OK) {
        /* The first to fail speaks for all. */
        if (atomic_compare_exchange_strong(&j->failed, &expected, cli_exit_of(st)))
            cli_fail(cli_exit_of(st), NULL, "image %zu: %s", at,
                     *why != '\0' ? why : ckks_worker_error(l->worker));
        return;
    }
    compare(j, l, &j->results[task], j->labels->data[at]);
    done = atomic_fetch_add(&j->done, 1) + 1;
    if (thread == 0)
        progress_show(&j->progress, done, NULL);
}

static int run_images(job *j, const settings *s)
{
    size_t threads = (size_t)s->threads;
    int st;

    j->results = calloc((size_t)s->count, sizeof *j->results);
    if (j->results == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %llu results",
                        (unsigned long long)s->count);
    st = make_lanes(j, threads);
    if (st == CLI_OK) {
        progress_begin(&j->progress, "images", (size_t)s->count);
        parallel_for((int)threads, (size_t)s->count, one_image, j);
        progress_end(&j->progress);
        st = atomic_load(&j->failed);
    }
    free_lanes(j, threads);
    return st;
}

/* The most memory this process ever had. Linux counts in KiB. */
static size_t peak_rss(void)
{
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024u;
}

static int evaluate(const session *run, settings *s, const idx_array *images,
                    const idx_array *labels, const char *model_path)
{
    job j = {.session = run, .images = images, .labels = labels};
    eval_summary sum;
    int st = check_data(s, images, labels, run);

    j.first = (size_t)s->first;
    if (s->threads > s->count)
        s->threads = s->count;
    if (st == CLI_OK)
        st = run_images(&j, s);
    if (st == CLI_OK) {
        eval_summarise(&sum, j.results, (size_t)s->count);
        sum.first = (size_t)s->first;
        sum.threads = (size_t)s->threads;
        sum.peak_rss_bytes = peak_rss();
        if (s->json)
            eval_print_json(&sum, run, model_path);
        else
            eval_print_text(&sum, run, model_path);
        if (100.0 * (double)sum.encrypted_right < s->least_accuracy * (double)sum.images ||
            100.0 * (double)sum.agree < s->least_agreement * (double)sum.images)
            st = CLI_NEGATIVE;
    }
    free(j.results);
    return st;
}

/* The images come first: a wrong file name is told at once, and not after the keys are made. */
static int run_all(settings *s, const char *model_path)
{
    session run = {.model = NULL};
    idx_array images, labels = {0, 0, 0, NULL};
    int st = read_idx(&images, s->images, 3);

    if (st == CLI_OK)
        st = read_idx(&labels, s->labels, 1);
    if (st == CLI_OK)
        st = session_open(&run, model_path, &s->plan);
    if (st == CLI_OK)
        st = evaluate(&run, s, &images, &labels, model_path);
    session_close(&run);
    idx_free(&images);
    idx_free(&labels);
    return st;
}

int cmd_eval(int argc, char **argv)
{
    settings s = {.threads = (uint64_t)parallel_default_threads()};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.images == NULL || s.labels == NULL)
        return cli_usage("--images and --labels are both needed");
    st = cli_one_dash((const char *const[]){rest[0], s.images, s.labels}, 3);
    return st == CLI_OK ? run_all(&s, rest[0]) : st;
}
