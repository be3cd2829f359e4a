/* The server's side of infer. */
#include "tools/inference.h"

#include "tools/cli.h"
#include "tools/planning.h"
#include "tools/progress.h"

void inference_close(inference *s)
{
    message_free(&s->request);
    message_free(&s->response);
    ckks_worker_free(s->worker);
    ckks_worker_free(s->reader);
    ckks_eval_keys_free(s->keys);
    nn_program_free(s->program);
    ckks_context_free(s->ctx);
    nn_plan_free(s->plan);
    nn_model_free(s->model);
}

/* Room for both messages, of as many ciphertexts as the plan says, and the plan's ids. */
static int make_messages(inference *s)
{
    nn_client *client = NULL;
    int st = nn_client_of_plan(&client, s->plan);

    if (st != NN_OK)
        return cli_fail_status(st, NULL, "");
    st = load_ids(&s->ids, client);
    if (st == CLI_OK)
        st = message_make(&s->request, s->ctx, nn_client_requests(client));
    if (st == CLI_OK)
        st = message_make(&s->response, s->ctx, nn_client_responses(client));
    nn_client_free(client);
    return st;
}

/* Files are there before the plan is made: that takes long. */
int inference_open(inference *s, const char *model_path, const char *keys_path, const char *request,
                   const nn_plan_options *planning)
{
    const char *name = file_input_name(model_path);
    int st = load_model(&s->model, model_path);

    s->model_name = name;
    if (st == CLI_OK)
        st = file_there(keys_path);
    if (st == CLI_OK && request != NULL)
        st = file_there(request);
    if (st == CLI_OK)
        st = planning_make(&s->plan, s->model, planning, name);
    if (st == CLI_OK)
        st = load_context(&s->ctx, nn_plan_params(s->plan), name);
    if (st == CLI_OK)
        st = load_worker(&s->reader, s->ctx, 0, 1);
    if (st == CLI_OK)
        st = make_messages(s);
    if (st == CLI_OK)
        st = load_eval_keys(s->reader, &s->keys, &s->ids, keys_path);
    return st;
}

int inference_take(inference *s, const file_bytes *request, const char *name)
{
    return load_unpack(s->reader, &s->request, request, ENVELOPE_REQUEST, &s->ids, name);
}

int inference_prepare(inference *s, int threads)
{
    char why[WHY_BYTES] = "";
    progress p;
    const nn_watch watch = {.progress = progress_of_step, .user = &p};
    const nn_program_options o = {.threads = threads, .release = 1, .watch = &watch};
    int st;

    if (s->worker != NULL)
        return CLI_OK;
    progress_begin(&p, "encoding weights", nn_plan_steps(s->plan));
    st = nn_program_create(&s->program, s->plan, s->ctx, &o, why, sizeof why);
    progress_end(&p);
    if (st != NN_OK)
        return cli_fail_status(st, s->model_name, why);
    st = load_worker(&s->worker, s->ctx, nn_program_scratch_bytes(s->program, threads), threads);
    if (st != CLI_OK)
        return st;
    st = ckks_worker_use_keys(s->worker, s->keys);
    return st == CKKS_OK ? CLI_OK : cli_fail_status(st, NULL, ckks_worker_error(s->worker));
}

int inference_run(inference *s, file_bytes *response, const file_bytes *request,
                  const nn_watch *watch, const char *name)
{
    char why[WHY_BYTES] = "";
    uint8_t digest[ENVELOPE_DIGEST];
    int st = nn_program_run(s->program, s->worker, s->response.part, message_parts(&s->request),
                            watch, why, sizeof why);

    *response = (file_bytes){NULL, 0};
    if (st != NN_OK)
        return cli_fail_status(st, name, *why != '\0' ? why : ckks_worker_error(s->worker));
    envelope_digest(digest, request);
    return load_pack(response, &s->response, ENVELOPE_RESPONSE, &s->ids, digest);
}
