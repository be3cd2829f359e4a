/* Sets of images through client and server.
 *
 * Alone or side by side, a set is one ciphertext and a task of its own that writes to its own
 * results. In batches a set is hundreds or thousands of ciphertexts, on which all threads work
 * together; the server asks for a request when it needs it, so that few are there at a time.
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

/* Lanes that take more share the threads of one: sets one after the other, each by all threads, are
 * about as fast where ciphertexts are large, and no larger than was foretold for one thread. */
enum { LANE_BYTES = 96 << 20 };

/* One thread's own things. */
typedef struct lane {
    ckks_worker *worker;       /* the client's, and the server's where a lane has its own */
    message request, response; /* not in batches */
    float *image;              /* a set of images; in batches one */
    float *plain;              /* logits of one image */
    float *logits;             /* of a set; not in batches */
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
    float *logits; /* [output][image of the set] */
    atomic_size_t encrypt_ns, decrypt_ns, request_bytes;
    size_t response_bytes;
    size_t begin, here; /* the set's first image, counted from job->first, and its images */
} state;

size_t eval_sets(const eval_job *j)
{
    return (j->count + j->session->images - 1) / j->session->images;
}

/* What a lane takes for itself. */
static size_t lane_bytes(const eval_job *j)
{
    const nn_forecast *f = nn_plan_forecast(j->session->plan);
    return f->value_memory + nn_program_scratch_bytes(j->session->program, 1);
}

size_t eval_lanes(const eval_job *j)
{
    size_t sets = eval_sets(j);
    if (j->session->batch != NULL || lane_bytes(j) > LANE_BYTES)
        return 1;
    return sets < (size_t)j->threads ? sets : (size_t)j->threads;
}

size_t eval_memory(const eval_job *j, const packing *p)
{
    const dataset *d = j->data;
    size_t lanes = eval_lanes(j), threads = (size_t)j->threads;
    size_t more = lanes > 1 ? (lanes - 1) * p->lane_memory : (threads - 1) * p->thread_memory;
    return p->peak_memory + more + d->count * d->c * d->h * d->w;
}

/* ---- what both ways share */

/* The first to fail speaks for all. */
static void fail_once(state *s, size_t image, int st, const char *why, const ckks_worker *w)
{
    int expected = 0;
    if (atomic_compare_exchange_strong(&s->failed, &expected, cli_exit_of(st))) {
        char name[40];
        snprintf(name, sizeof name, "image %zu", s->job->first + image);
        cli_fail_status(st, name, *why != '\0' ? why : ckks_worker_error(w));
    }
}

static const uint8_t *pixels_of(const state *s, size_t image)
{
    return s->job->data->pixels + (s->job->first + image) * s->pixels;
}

/* The plain network on an image, and its result beside the encrypted logits. */
static int compare(const state *s, lane *l, const float *image, const float *logits, size_t at,
                   char *why)
{
    eval_result *r = &s->job->results[at];
    size_t label = s->job->data->labels[s->job->first + at];
    int st = nn_model_run(s->job->session->model, l->plain, image, why, WHY_BYTES);

    if (st != NN_OK)
        return st;
    size_t plain = answer_label(l->plain, s->outputs), cipher = answer_label(logits, s->outputs);
    r->label = label;
    r->plain = plain;
    r->encrypted = cipher;
    r->plain_right = plain == label;
    r->encrypted_right = cipher == label;
    r->agree = plain == cipher;
    r->lossy = s->job->data->lossy != NULL && s->job->data->lossy[s->job->first + at];
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
        message_free(&l->request);
        message_free(&l->response);
        ckks_worker_free(l->worker);
        free(l->image);
        free(l->plain);
        free(l->logits);
    }
    free(s->lanes);
    s->lanes = NULL;
}

/* Lanes with room for so many images each; a worker with scratch and ciphertexts when they serve.
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
        if (l->image == NULL || l->plain == NULL || l->logits == NULL)
            return cli_fail(CLI_MEMORY, NULL, "no memory for thread %zu of %zu", i + 1,
                            s->lane_count);
        if (serve)
            st = message_make(&l->request, run->ctx, nn_client_requests(run->client));
        if (serve && st == CLI_OK)
            st = message_make(&l->response, run->ctx, nn_client_responses(run->client));
        if (st != CLI_OK)
            return st;
    }
    return CLI_OK;
}

/* ---- alone and side by side */

/* One set through the client, the server, and the client again. Returns a status. */
static int through(const state *s, lane *l, eval_set *set, size_t here, char *why)
{
    const session *run = s->job->session;
    double start = cli_seconds();
    int st = nn_client_encrypt_many(l->worker, l->request.part, run->client, run->sk, l->image,
                                    here, why, WHY_BYTES);

    set->encrypt_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK)
        return st;
    set->request_bytes = ENVELOPE_BYTES + message_wire_bytes(&l->request);
    start = cli_seconds();
    st = nn_program_run(run->program, l->worker, l->response.part, message_parts(&l->request), NULL,
                        why, WHY_BYTES);
    set->infer_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK)
        return st;
    set->response_bytes = ENVELOPE_BYTES + message_wire_bytes(&l->response);
    start = cli_seconds();
    st = nn_client_decrypt_many(l->worker, l->logits, here, run->client, run->sk,
                                message_parts(&l->response), why, WHY_BYTES);
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

/* The client's time within a run goes by the wall, summed up over threads. */
static void add_time(atomic_size_t *nanoseconds, double start)
{
    atomic_fetch_add(nanoseconds, (size_t)(1e9 * (cli_seconds() - start)));
}

/* A request: one pixel of all images of the set. */
static nn_status pull_request(void *user, ckks_worker *w, size_t request, ckks_ciphertext *out)
{
    state *s = user;
    const session *run = s->job->session;
    size_t pixel = nn_batch_client_pixel(run->batch_client, request);
    double start = cli_seconds();
    char why[WHY_BYTES] = "";
    float *value = malloc(s->here * sizeof *value);
    int st = value != NULL ? NN_OK : NN_ERR_MEMORY;

    for (size_t i = 0; i < s->here && st == NN_OK; i++)
        image_of_pixels(&value[i], pixels_of(s, s->begin + i) + pixel, 1);
    if (st == NN_OK)
        st = nn_batch_client_encrypt(w, out, run->batch_client, run->sk, value, s->here, why,
                                     sizeof why);
    free(value);
    if (st != NN_OK)
        fail_once(s, s->begin, st, why, w);
    else
        atomic_fetch_add(&s->request_bytes, ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(out));
    add_time(&s->encrypt_ns, start);
    return st;
}

/* A response: one logit of all images of the set. */
static nn_status push_response(void *user, ckks_worker *w, size_t response,
                               const ckks_ciphertext *in)
{
    state *s = user;
    const session *run = s->job->session;
    double start = cli_seconds();
    char why[WHY_BYTES] = "";
    int st = nn_batch_client_decrypt(w, s->logits + response * s->here, s->here, run->batch_client,
                                     run->sk, in, why, sizeof why);

    if (st != NN_OK)
        fail_once(s, s->begin, st, why, w);
    s->response_bytes += ENVELOPE_BYTES + ckks_ciphertext_wire_bytes(in);
    add_time(&s->decrypt_ns, start);
    return st;
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
    nn_batch_link link = {s, pull_request, push_response, show_step};
    char why[WHY_BYTES] = "";
    double start = cli_seconds();

    atomic_store(&s->encrypt_ns, 0);
    atomic_store(&s->decrypt_ns, 0);
    atomic_store(&s->request_bytes, 0);
    s->response_bytes = 0;
    int st = nn_batch_run(run->batch_program, s->server, &link, why, sizeof why);
    if (st != NN_OK) {
        fail_once(s, s->begin, st, why, s->server);
        return atomic_load(&s->failed);
    }
    /* Requests are made by all threads, responses read by one while the others wait. */
    set->encrypt_ms = 1e-6 * (double)atomic_load(&s->encrypt_ns) / (double)s->lane_count;
    set->decrypt_ms = 1e-6 * (double)atomic_load(&s->decrypt_ns);
    set->infer_ms = 1e3 * (cli_seconds() - start) - set->encrypt_ms - set->decrypt_ms;
    set->request_bytes = atomic_load(&s->request_bytes);
    set->response_bytes = s->response_bytes;
    parallel_for((int)s->lane_count, s->here, one_check, s);
    return atomic_load(&s->failed);
}

static int run_batches(state *s)
{
    const session *run = s->job->session;

    s->lane_count = (size_t)s->job->threads;
    s->logits = calloc(s->set * s->outputs, sizeof *s->logits);
    int st = s->logits == NULL
                 ? cli_fail(CLI_MEMORY, NULL, "no memory for %zu images at a time", s->set)
                 : make_lanes(s, 1, 0);
    if (st == CLI_OK)
        st = session_worker(&s->server, run, s->job->threads);
    for (size_t k = 0; k < eval_sets(s->job) && st == CLI_OK; k++) {
        s->begin = k * s->set;
        s->here = s->job->count - s->begin < s->set ? s->job->count - s->begin : s->set;
        progress_show(&s->progress, s->begin, "encrypting");
        st = one_batch(s, &s->job->sets[k]);
    }
    ckks_worker_free(s->server);
    free(s->logits);
    return st;
}

int eval_run(const eval_job *j)
{
    const session *run = j->session;
    state s = {.job = j, .set = run->images, .pixels = j->data->c * j->data->h * j->data->w};
    int st;

    s.outputs = nn_model_outputs(run->model);
    progress_begin(&s.progress, "images", j->count);
    st = run->batch != NULL ? run_batches(&s) : run_sets(&s);
    progress_end(&s.progress);
    free_lanes(&s);
    return st;
}
