/* Sets of images through client and server.
 *
 * Alone or side by side, a set is one ciphertext and a task of its own that writes to its own
 * results. In batches a set is hundreds of ciphertexts, on which all threads work together: one
 * request or response each while the client works, tiles and rows while the server does.
 */
#include "tools/eval_run.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/envelope.h"
#include "tools/image.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/progress.h"

/* One thread's own things. */
typedef struct lane {
    ckks_worker *worker; /* the client's, and the server's where a lane has its own */
    ckks_ciphertext *ct; /* not in batches */
    float *image;        /* a set of images; in batches one */
    float *plain;        /* logits of one image */
    float *logits;       /* of a set; not in batches */
} lane;

typedef struct state {
    const eval_job *job;
    size_t set, pixels, outputs;
    lane *lanes;
    size_t lane_count;
    progress progress;
    atomic_size_t done;
    atomic_int failed; /* exit code of a task that failed; later tasks do nothing */
    /* A batch on its way. */
    ckks_worker *server;
    ckks_ciphertext **request, **response;
    float *logits;      /* [output][image of the set] */
    size_t begin, here; /* the set's first image, counted from job->first, and its images */
} state;

size_t eval_sets(const eval_job *j)
{
    return (j->count + j->session->images - 1) / j->session->images;
}

size_t eval_lanes(const eval_job *j)
{
    size_t sets = eval_sets(j);
    if (j->session->batch != NULL)
        return 1;
    return sets < (size_t)j->threads ? sets : (size_t)j->threads;
}

/* ---- what both ways share */

/* The first to fail speaks for all. */
static void fail_once(state *s, size_t image, int st, const char *why, const ckks_worker *w)
{
    int expected = 0;
    if (atomic_compare_exchange_strong(&s->failed, &expected, cli_exit_of(st)))
        cli_fail(cli_exit_of(st), NULL, "image %zu: %s", s->job->first + image,
                 *why != '\0' ? why : ckks_worker_error(w));
}

static const uint8_t *pixels_of(const state *s, size_t image)
{
    return s->job->images->data + (s->job->first + image) * s->pixels;
}

/* The plain network on an image, and its result beside the encrypted logits. */
static int compare(const state *s, lane *l, const float *image, const float *logits, size_t at,
                   char *why)
{
    eval_result *r = &s->job->results[at];
    size_t label = s->job->labels->data[s->job->first + at];
    int st = nn_model_run(s->job->session->model, l->plain, image, why, WHY_BYTES);

    if (st != NN_OK)
        return st;
    size_t plain = answer_label(l->plain, s->outputs), cipher = answer_label(logits, s->outputs);
    r->plain_right = plain == label;
    r->encrypted_right = cipher == label;
    r->agree = plain == cipher;
    for (size_t i = 0; i < s->outputs; i++) {
        double error = fabs((double)l->plain[i] - (double)logits[i]);
        /* Written so that a NaN is taken as well. */
        if (!(error <= r->logit_error))
            r->logit_error = error;
    }
    return NN_OK;
}

static void free_lanes(state *s)
{
    for (size_t i = 0; s->lanes != NULL && i < s->lane_count; i++) {
        lane *l = &s->lanes[i];
        ckks_ciphertext_free(l->ct);
        ckks_worker_free(l->worker);
        free(l->image);
        free(l->plain);
        free(l->logits);
    }
    free(s->lanes);
    s->lanes = NULL;
}

/* Lanes with room for so many images each; a worker with scratch and a ciphertext when they serve.
 */
static int make_lanes(state *s, size_t images, int serve)
{
    const session *run = s->job->session;
    /* A single lane has all threads to itself. */
    int threads = s->lane_count == 1 ? s->job->threads : 1;

    s->lanes = calloc(s->lane_count, sizeof *s->lanes);
    if (s->lanes == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu threads", s->lane_count);
    for (size_t i = 0; i < s->lane_count; i++) {
        lane *l = &s->lanes[i];
        int st = serve ? session_worker(&l->worker, run, threads)
                       : load_worker(&l->worker, run->ctx, 0, 1);
        if (st != CLI_OK)
            return st;
        l->image = calloc(images * s->pixels, sizeof *l->image);
        l->plain = calloc(s->outputs, sizeof *l->plain);
        l->logits = calloc(images * s->outputs, sizeof *l->logits);
        if (l->image == NULL || l->plain == NULL || l->logits == NULL ||
            (serve && ckks_ciphertext_create(&l->ct, run->ctx) != CKKS_OK))
            return cli_fail(CLI_MEMORY, NULL, "no memory for thread %zu of %zu", i + 1,
                            s->lane_count);
    }
    return CLI_OK;
}

/* ---- alone and side by side */

/* One set through the client, the server, and the client again. Returns a status. */
static int through(const state *s, lane *l, eval_set *set, size_t here, char *why)
{
    const session *run = s->job->session;
    double start = cli_seconds();
    int st = nn_client_encrypt_many(l->worker, l->ct, run->client, run->sk, l->image, here, why,
                                    WHY_BYTES);

    set->encrypt_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK)
        return st;
    set->request_bytes = ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(l->ct);
    start = cli_seconds();
    st = nn_program_run(run->program, l->worker, l->ct, l->ct, NULL, NULL, why, WHY_BYTES);
    set->infer_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK)
        return st;
    set->response_bytes = ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(l->ct);
    start = cli_seconds();
    st = nn_client_decrypt_many(l->worker, l->logits, here, run->client, run->sk, l->ct, why,
                                WHY_BYTES);
    set->decrypt_ms = 1e3 * (cli_seconds() - start);
    return st;
}

static void one_set(void *arg, size_t task, int thread)
{
    state *s = arg;
    lane *l = &s->lanes[thread];
    size_t begin = task * s->set, left = s->job->count - begin;
    size_t here = left < s->set ? left : s->set;
    char why[WHY_BYTES] = "";

    if (atomic_load(&s->failed) != 0)
        return;
    for (size_t i = 0; i < here; i++)
        image_of_pixels(l->image + i * s->pixels, pixels_of(s, begin + i), s->pixels);
    int st = through(s, l, &s->job->sets[task], here, why);
    for (size_t i = 0; i < here && st == NN_OK; i++)
        st = compare(s, l, l->image + i * s->pixels, l->logits + i * s->outputs, begin + i, why);
    if (st != NN_OK) {
        fail_once(s, begin, st, why, l->worker);
        return;
    }
    size_t done = atomic_fetch_add(&s->done, here) + here;
    if (thread == 0)
        progress_show(&s->progress, done, NULL);
}

static int run_sets(state *s)
{
    s->lane_count = eval_lanes(s->job);
    int st = make_lanes(s, s->set, 1);

    if (st == CLI_OK)
        parallel_for((int)s->lane_count, eval_sets(s->job), one_set, s);
    return st != CLI_OK ? st : atomic_load(&s->failed);
}

/* ---- batches */

/* Request `task`: one pixel of all images. */
static void one_request(void *arg, size_t task, int thread)
{
    state *s = arg;
    lane *l = &s->lanes[thread];
    const session *run = s->job->session;
    size_t pixel = nn_batch_client_pixel(run->batch_client, task);
    char why[WHY_BYTES] = "";

    if (atomic_load(&s->failed) != 0)
        return;
    for (size_t i = 0; i < s->here; i++)
        image_of_pixels(&l->image[i], pixels_of(s, s->begin + i) + pixel, 1);
    int st = nn_batch_client_encrypt(l->worker, s->request[task], run->batch_client, run->sk,
                                     l->image, s->here, why, sizeof why);
    if (st != CKKS_OK)
        fail_once(s, s->begin, st, why, l->worker);
}

/* Response `task`: one logit of all images. */
static void one_response(void *arg, size_t task, int thread)
{
    state *s = arg;
    lane *l = &s->lanes[thread];
    const session *run = s->job->session;
    char why[WHY_BYTES] = "";
    int st =
        nn_batch_client_decrypt(l->worker, s->logits + task * s->here, s->here, run->batch_client,
                                run->sk, s->response[task], why, sizeof why);

    if (st != CKKS_OK)
        fail_once(s, s->begin, st, why, l->worker);
}

/* Image `task` of the set through the plain network. */
static void one_check(void *arg, size_t task, int thread)
{
    state *s = arg;
    lane *l = &s->lanes[thread];
    char why[WHY_BYTES] = "";

    image_of_pixels(l->image, pixels_of(s, s->begin + task), s->pixels);
    for (size_t i = 0; i < s->outputs; i++)
        l->logits[i] = s->logits[i * s->here + task];
    int st = compare(s, l, l->image, l->logits, s->begin + task, why);
    if (st != NN_OK)
        fail_once(s, s->begin + task, st, why, l->worker);
}

static size_t wire_bytes(ckks_ciphertext *const *c, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(c[i]);
    return bytes;
}

static int show_step(void *user, size_t step, size_t steps, const char *name)
{
    state *s = user;
    char text[96];

    snprintf(text, sizeof text, "step %zu of %zu, %.60s", step, steps, name);
    progress_show(&s->progress, s->begin, text);
    return 0;
}

static int one_batch(state *s, eval_set *set)
{
    const session *run = s->job->session;
    size_t requests = nn_batch_client_requests(run->batch_client);
    char why[WHY_BYTES] = "";
    double start = cli_seconds();

    parallel_for((int)s->lane_count, requests, one_request, s);
    set->encrypt_ms = 1e3 * (cli_seconds() - start);
    if (atomic_load(&s->failed) != 0)
        return atomic_load(&s->failed);
    set->request_bytes = wire_bytes(s->request, requests);
    start = cli_seconds();
    int st = nn_batch_run(run->batch_program, s->server, s->response, s->request, show_step, s, why,
                          sizeof why);
    set->infer_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK) {
        fail_once(s, s->begin, st, why, s->server);
        return atomic_load(&s->failed);
    }
    set->response_bytes = wire_bytes(s->response, s->outputs);
    start = cli_seconds();
    parallel_for((int)s->lane_count, s->outputs, one_response, s);
    set->decrypt_ms = 1e3 * (cli_seconds() - start);
    if (atomic_load(&s->failed) == 0)
        parallel_for((int)s->lane_count, s->here, one_check, s);
    return atomic_load(&s->failed);
}

static void free_list(ckks_ciphertext **c, size_t count)
{
    for (size_t i = 0; c != NULL && i < count; i++)
        ckks_ciphertext_free(c[i]);
    free(c);
}

/* count empty ciphertexts, which every set uses anew. NULL without memory. */
static ckks_ciphertext **make_list(const ckks_context *ctx, size_t count)
{
    ckks_ciphertext **c = calloc(count, sizeof(ckks_ciphertext *));

    for (size_t i = 0; c != NULL && i < count; i++) {
        if (ckks_ciphertext_create(&c[i], ctx) != CKKS_OK) {
            free_list(c, count);
            return NULL;
        }
    }
    return c;
}

static int run_batches(state *s)
{
    const session *run = s->job->session;
    size_t requests = nn_batch_client_requests(run->batch_client);
    size_t room = s->set / s->pixels + 1;

    s->lane_count = (size_t)s->job->threads;
    s->request = make_list(run->ctx, requests);
    s->response = make_list(run->ctx, s->outputs);
    s->logits = calloc(s->set * s->outputs, sizeof *s->logits);
    int st = s->request == NULL || s->response == NULL || s->logits == NULL
                 ? cli_fail(CLI_MEMORY, NULL, "no memory for %zu images at a time", s->set)
                 : make_lanes(s, room, 0);
    if (st == CLI_OK)
        st = session_worker(&s->server, run, s->job->threads);
    for (size_t k = 0; k < eval_sets(s->job) && st == CLI_OK; k++) {
        s->begin = k * s->set;
        s->here = s->job->count - s->begin < s->set ? s->job->count - s->begin : s->set;
        progress_show(&s->progress, s->begin, "encrypting");
        st = one_batch(s, &s->job->sets[k]);
    }
    ckks_worker_free(s->server);
    free_list(s->request, requests);
    free_list(s->response, s->outputs);
    free(s->logits);
    return st;
}

int eval_run(const eval_job *j)
{
    const session *run = j->session;
    state s = {.job = j, .set = run->images, .pixels = j->images->rows * j->images->cols};
    int st;

    s.outputs = nn_model_outputs(run->model);
    progress_begin(&s.progress, "images", j->count);
    st = run->batch != NULL ? run_batches(&s) : run_sets(&s);
    progress_end(&s.progress);
    free_lanes(&s);
    return st;
}
