/* The server's side of infer. */
#include "tools/inference.h"

#include "tools/cli.h"
#include "tools/progress.h"

void inference_close(inference *s)
{
    network_bench_free(&s->bench);
    ckks_eval_keys_free(s->keys);
    network_close(&s->net);
}

/* Files are there before the plan is made: that takes long. */
int inference_open(inference *s, const char *model_path, const char *keys_path, const char *request,
                   const nn_plan_options *planning)
{
    int st = file_there(model_path);

    if (st == CLI_OK)
        st = file_there(keys_path);
    if (st == CLI_OK && request != NULL)
        st = file_there(request);
    if (st == CLI_OK)
        st = network_plan(&s->net, model_path, planning);
    if (st == CLI_OK)
        st = network_bench_make(&s->bench, &s->net, 1);
    s->ids = s->net.ids;
    if (st == CLI_OK)
        st = load_eval_keys(s->bench.worker, &s->keys, &s->ids, keys_path);
    return st;
}

int inference_take(inference *s, const file_bytes *request, const char *name)
{
    return load_unpack(s->bench.worker, &s->bench.request, request, ENVELOPE_REQUEST, &s->ids,
                       name);
}

int inference_prepare(inference *s, int threads)
{
    progress p;
    const nn_watch watch = {.progress = progress_of_step, .user = &p};
    int st = CLI_OK;

    if (s->net.program == NULL) {
        progress_begin(&p, "encoding weights", nn_plan_steps(s->net.plan));
        st = network_encode(&s->net, threads, &watch);
        progress_end(&p);
    }
    if (st == CLI_OK && !s->ready) {
        st = network_bench_equip(&s->bench, &s->net, threads);
        s->ready = st == CLI_OK;
    }
    return st;
}

int inference_run(inference *s, file_bytes *response, const file_bytes *request,
                  const nn_watch *watch, const char *name)
{
    uint8_t digest[ENVELOPE_DIGEST];

    envelope_digest(digest, request);
    return network_run(response, &s->net, &s->bench, s->keys, &s->ids, digest, watch, name);
}
