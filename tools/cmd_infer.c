/* unseen infer: a request to a response, without any secret. */
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"

typedef struct settings {
    nn_plan_options plan;
    const char *output;
} settings;

static const cli_option options[] = {
    {'o', "output", "RESPONSE", "write the response here (default: standard output)"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st != CLI_DONE)
        return st;
    s->output = value;
    return CLI_OK;
}

static const cli_command command = {
    "infer",
    "MODEL.onnx EVALKEYS REQUEST [-o RESPONSE] [OPTION]...",
    "Run a network on an encrypted picture",
    "This is the server's step. It has the weights and the evaluation keys, and refuses a secret\n"
    "key. The planning options must be those that 'unseen plan' was given.",
    options,
    3,
    3,
    take,
};

typedef struct server_side {
    nn_model *model;
    nn_plan *plan;
    ckks_context *ctx;
    nn_program *program;
    ckks_worker *worker;
    ckks_eval_keys *keys;
    message request, response;
    uint64_t key_id;
} server_side;

static void release(server_side *s)
{
    message_free(&s->request);
    message_free(&s->response);
    ckks_worker_free(s->worker);
    ckks_eval_keys_free(s->keys);
    nn_program_free(s->program);
    ckks_context_free(s->ctx);
    nn_plan_free(s->plan);
    nn_model_free(s->model);
}

/* Room for both messages, of as many ciphertexts as the plan says. */
static int make_messages(server_side *s)
{
    nn_client *client = NULL;
    int st = nn_client_of_plan(&client, s->plan);

    if (st != NN_OK)
        return cli_fail_status(st, NULL, "");
    st = message_make(&s->request, s->ctx, nn_client_requests(client));
    if (st == CLI_OK)
        st = message_make(&s->response, s->ctx, nn_client_responses(client));
    nn_client_free(client);
    return st;
}

/* Files are there before the plan is made, and good before the weights are encoded: both take
 * long. */
static int load_all(server_side *s, char **paths, const nn_plan_options *planning)
{
    ckks_worker *reader = NULL;
    uint64_t model_id;
    int st = load_model(&s->model, paths[0]);

    for (int k = 1; k <= 2 && st == CLI_OK; k++)
        st = file_there(paths[k]);
    if (st == CLI_OK)
        st = planning_make(&s->plan, s->model, planning, file_input_name(paths[0]));
    if (st == CLI_OK)
        st = load_context(&s->ctx, nn_plan_params(s->plan), file_input_name(paths[0]));
    if (st == CLI_OK)
        st = load_worker(&reader, s->ctx, 0, 1);
    if (st != CLI_OK)
        return st;
    model_id = nn_model_id(s->model);
    st = make_messages(s);
    if (st == CLI_OK)
        st = load_eval_keys(reader, &s->keys, &s->key_id, model_id, paths[1]);
    if (st == CLI_OK)
        st = load_message(reader, &s->request, ENVELOPE_REQUEST, model_id, s->key_id, paths[2]);
    ckks_worker_free(reader);
    return st;
}

static int prepare(server_side *s, const char *model_path)
{
    char why[WHY_BYTES] = "";
    int threads = parallel_default_threads();
    const nn_program_options o = {.threads = threads, .release = 1};
    int st = nn_program_create(&s->program, s->plan, s->ctx, &o, why, sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, file_input_name(model_path), why);
    st = load_worker(&s->worker, s->ctx, nn_program_scratch_bytes(s->program, threads), threads);
    if (st != CLI_OK)
        return st;
    st = ckks_worker_use_keys(s->worker, s->keys);
    return st == CKKS_OK ? CLI_OK : cli_fail_status(st, NULL, ckks_worker_error(s->worker));
}

static int show_step(void *user, size_t step, size_t steps, const char *name)
{
    progress *p = user;
    p->total = steps;
    progress_show(p, step, name);
    return 0;
}

static int infer(server_side *s, const char *output, const char *request)
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    progress p;
    const nn_watch watch = {.progress = show_step, .user = &p};
    int st;

    progress_begin(&p, "inferring", nn_plan_steps(s->plan));
    st = nn_program_run(s->program, s->worker, s->response.part, message_parts(&s->request), &watch,
                        why, sizeof why);
    progress_end(&p);
    if (st != NN_OK)
        return cli_fail_status(st, request, *why != '\0' ? why : ckks_worker_error(s->worker));
    st = load_pack(&file, &s->response, ENVELOPE_RESPONSE, nn_model_id(s->model), s->key_id);
    if (st == CLI_OK)
        st = output_whole(output, OUTPUT_BINARY, file.data, file.size);
    file_free(&file);
    return st;
}

int cmd_infer(int argc, char **argv)
{
    settings s = {.output = "-"};
    server_side server = {.model = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, 3);
    if (st != CLI_OK)
        return st;
    st = load_all(&server, rest, &s.plan);
    if (st == CLI_OK)
        st = prepare(&server, rest[0]);
    if (st == CLI_OK)
        st = infer(&server, s.output, file_input_name(rest[2]));
    release(&server);
    return st;
}
