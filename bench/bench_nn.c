/* The shipped networks, step by step of the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/cli.h"
#include "tools/message.h"
#include "tools/session.h"

typedef struct network {
    session run;
    ckks_worker *worker;
    message request, response;
    float *image, *logits;
} network;

static int run_plan(void *p)
{
    network *n = p;
    const nn_plan_options options = {0};
    nn_plan *plan = NULL;
    int st = nn_plan_create(&plan, n->run.model, &options, NULL, 0);

    nn_plan_free(plan);
    return st;
}

static int run_plain(void *p)
{
    network *n = p;
    return nn_model_run(n->run.model, n->logits, n->image, NULL, 0);
}

static int run_keys(void *p)
{
    network *n = p;
    ckks_eval_keys *keys = NULL;
    int st = ckks_eval_keys_create(n->worker, &keys, n->run.sk, nn_client_keys(n->run.client),
                                   nn_client_key_count(n->run.client));

    ckks_eval_keys_free(keys);
    return st;
}

static int run_program(void *p)
{
    network *n = p;
    nn_program *program = NULL;
    int st = nn_program_create(&program, n->run.plan, n->run.ctx, NULL, NULL, 0);

    nn_program_free(program);
    return st;
}

static int run_encrypt(void *p)
{
    network *n = p;
    return nn_client_encrypt(n->worker, n->request.part, n->run.client, n->run.sk, n->image, NULL,
                             0);
}

static int run_infer(void *p)
{
    network *n = p;
    return nn_program_run(n->run.program, n->worker, n->response.part, message_parts(&n->request),
                          NULL, NULL, 0);
}

static int run_decrypt(void *p)
{
    network *n = p;
    return nn_client_decrypt(n->worker, n->logits, n->run.client, n->run.sk,
                             message_parts(&n->response), NULL, 0);
}

static size_t bytes_keys(const void *p)
{
    return ckks_eval_keys_wire_bytes(((const network *)p)->run.keys);
}

static size_t bytes_program(const void *p)
{
    return nn_program_bytes(((const network *)p)->run.program);
}

static size_t bytes_request(const void *p)
{
    return message_wire_bytes(&((const network *)p)->request);
}

static size_t bytes_response(const void *p)
{
    return message_wire_bytes(&((const network *)p)->response);
}

static const bench_case cases[] = {
    {.name = "plain", .run = run_plain},
    {.name = "plan", .run = run_plan},
    {.name = "keygen", .run = run_keys, .bytes = bytes_keys},
    {.name = "program", .run = run_program, .bytes = bytes_program},
    {.name = "encrypt", .run = run_encrypt, .bytes = bytes_request},
    {.name = "infer", .run = run_infer, .bytes = bytes_response},
    {.name = "decrypt", .run = run_decrypt},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* A worker for inference with the session's keys on loan. */
static int make_worker(network *n, int threads)
{
    const size_t scratch = nn_program_scratch_bytes(n->run.program, threads);
    int st = ckks_worker_create_team(&n->worker, n->run.ctx, scratch, threads);

    return st == CKKS_OK ? ckks_worker_use_keys(n->worker, n->run.keys) : st;
}

static int make(network *n, const char *path, int threads)
{
    nn_plan_options options = {0};
    size_t in;
    int st = session_open(&n->run, path, &options);

    if (st == CLI_OK)
        st = make_worker(n, threads);
    if (st != CLI_OK)
        return st;
    in = nn_shape_count(nn_client_input(n->run.client));
    n->image = malloc(in * sizeof *n->image);
    n->logits = malloc(nn_client_outputs(n->run.client) * sizeof *n->logits);
    if (n->image == NULL || n->logits == NULL ||
        message_make(&n->request, n->run.ctx, nn_client_requests(n->run.client)) != CLI_OK ||
        message_make(&n->response, n->run.ctx, nn_client_responses(n->run.client)) != CLI_OK)
        return CLI_MEMORY;
    for (size_t i = 0; i < in; i++)
        n->image[i] = (float)(i * 37 % 256) / 255.0f;
    st = run_encrypt(n);
    return st == 0 ? run_infer(n) : st;
}

static void clear(network *n)
{
    message_free(&n->request);
    message_free(&n->response);
    ckks_worker_free(n->worker);
    free(n->image);
    free(n->logits);
    session_close(&n->run);
}

/* The first folder of data that has the network: the one given, the installed one, the source
 * tree's. */
static int find(char *path, size_t size, const char *data, const char *name)
{
    const char *const places[] = {data, UNSEEN_DATADIR "/data", UNSEEN_SOURCE_DATADIR};

    for (size_t i = data != NULL ? 0 : 1; i < (data != NULL ? 1 : 3); i++) {
        FILE *f;
        snprintf(path, size, "%s/mnist/%s.onnx", places[i], name);
        f = fopen(path, "rb");
        if (f != NULL) {
            fclose(f);
            return 1;
        }
    }
    return 0;
}

void bench_nn(bench *b, const char *data)
{
    static const char *const names[] = {"cryptonets", "cnn2"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char group[64], path[4096];
        bench_place place = {group, 0, 0, 0, "auto"};
        network n;
        int st;

        snprintf(group, sizeof group, "nn/%s", names[i]);
        if (!bench_wanted(b, &place, cases, CASES))
            continue;
        memset(&n, 0, sizeof n);
        if (!find(path, sizeof path, data, names[i])) {
            bench_fail(b, &place, 0, "the network was not found; --data says where");
        } else if ((st = make(&n, path, b->threads)) != 0) {
            bench_fail(b, &place, st, "");
        } else {
            const nn_forecast *f = nn_plan_forecast(n.run.plan);
            place = (bench_place){group, f->log_n, f->limbs, f->special,
                                  ckks_context_kernel(n.run.ctx)};
            bench_run(b, &place, cases, CASES, &n);
        }
        clear(&n);
    }
}
