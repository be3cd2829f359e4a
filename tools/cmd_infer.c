/* unseen infer: a request to a response, without any secret. */
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/inference.h"
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

static int show_step(void *user, size_t step, size_t steps, const char *name)
{
    progress *p = user;
    p->total = steps;
    progress_show(p, step, name);
    return 0;
}

static int infer_one(inference *s, const char *output, const char *request)
{
    const char *name = file_input_name(request);
    file_bytes sent, answer = {NULL, 0};
    progress p;
    const nn_watch watch = {.progress = show_step, .user = &p};
    int st = load_file(&sent, request);

    if (st == CLI_OK)
        st = inference_take(s, &sent, name);
    if (st == CLI_OK)
        st = inference_prepare(s, parallel_default_threads());
    if (st == CLI_OK) {
        progress_begin(&p, "inferring", nn_plan_steps(s->plan));
        st = inference_run(s, &answer, &sent, &watch, name);
        progress_end(&p);
    }
    if (st == CLI_OK)
        st = output_whole(output, OUTPUT_BINARY, answer.data, answer.size);
    file_free(&answer);
    file_free(&sent);
    return st;
}

int cmd_infer(int argc, char **argv)
{
    settings s = {.output = "-"};
    inference server = {.model = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, 3);
    if (st != CLI_OK)
        return st;
    st = inference_open(&server, rest[0], rest[1], rest[2], &s.plan);
    if (st == CLI_OK)
        st = infer_one(&server, s.output, rest[2]);
    inference_close(&server);
    return st;
}
