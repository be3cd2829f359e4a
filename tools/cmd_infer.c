/* unseen infer: a request to a response, without any secret. */
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/infer_many.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"

typedef struct settings {
    const char *output;
    int json;
    infer_many_options many; /* its plan and threads hold for one request too */
} settings;

static const cli_option options[] = {
    {'o', "output", "RESPONSE", "write the response here (default: standard output)"},
    {0, "manifest", "FILE",
     "run many requests: a line for each, its path, a tab, and the\n"
     "path of its response; responses that are done are skipped"},
    {0, "output-dir", "DIR", "where the responses go that the manifest does not name"},
    {0, "shard", "I/N",
     "run the I-th of N equal shares of the manifest; slurm/N and\n"
     "kubernetes/N take I from the environment"},
    {0, "log", "FILE",
     "write a line of JSON for each request, and one for the share\n"
     "(default: standard output)"},
    {0, "json", NULL, "say as JSON what was made; the log of a manifest is JSON anyway"},
    {0, "threads", "T", "threads of a request (default: all processors)"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    uint64_t number = 0;
    int st = planning_take(&s->many.plan, name, value);

    if (st != CLI_DONE)
        return st;
    st = CLI_OK;
    if (strcmp(name, "output") == 0) {
        s->output = value;
    } else if (strcmp(name, "manifest") == 0) {
        s->many.manifest = value;
    } else if (strcmp(name, "output-dir") == 0) {
        s->many.folder = value;
    } else if (strcmp(name, "shard") == 0) {
        st = shard_take(&s->many.share, name, value);
    } else if (strcmp(name, "json") == 0) {
        s->json = 1;
    } else if (strcmp(name, "log") == 0) {
        s->many.log = value;
    } else {
        st = cli_number(&number, name, value, 1, PARALLEL_MOST);
        s->many.threads = (int)number;
    }
    return st;
}

static const cli_command command = {
    "infer",
    "MODEL.onnx EVALKEYS {REQUEST [-o RESPONSE] | --manifest FILE} [OPTION]...",
    "Run a network on encrypted pictures",
    "This is the server's step. It has the weights and the evaluation keys, and refuses a secret\n"
    "key. The planning options must be those that 'unseen plan' was given.\n"
    "With --manifest the model and the keys are loaded once. Where some requests fail, the others\n"
    "are run all the same, and the exit status is that of a failure that may pass (64 or more), "
    "if\n"
    "there was one. Run the same command again until it leaves with 0; 'unseen collect' verifies.",
    options,
    2,
    3,
    take,
};

static void print_json(const inference *s, const char *output, const char *request, size_t bytes,
                       int threads, double ms)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    envelope_ids_json(&j, &s->ids);
    json_string(&j, "request", request);
    json_string(&j, "response", output);
    json_integer(&j, "bytes", bytes);
    json_real(&j, "infer_ms", ms);
    json_integer(&j, "threads", (uint64_t)threads);
    json_string(&j, "kernel", ckks_context_kernel(s->net.ctx));
    json_close_object(&j);
    json_end(&j);
}

static int infer_one(inference *s, const char *output, const char *request, int threads,
                     int as_json)
{
    double start = 0.0, ms = 0.0;
    const char *name = file_input_name(request);
    file_bytes sent, answer = {NULL, 0};
    progress p;
    const nn_watch watch = {.progress = progress_of_step, .user = &p};
    int st = load_file(&sent, request);

    if (st == CLI_OK)
        st = inference_take(s, &sent, name);
    if (st == CLI_OK)
        st = inference_prepare(s, threads);
    if (st == CLI_OK) {
        progress_begin(&p, "inferring", nn_plan_steps(s->net.plan));
        start = cli_seconds();
        st = inference_run(s, &answer, &sent, &watch, name);
        ms = 1e3 * (cli_seconds() - start);
        progress_end(&p);
    }
    if (st == CLI_OK)
        st = output_whole(output, OUTPUT_BINARY, answer.data, answer.size);
    if (st == CLI_OK && as_json)
        print_json(s, output, name, answer.size, threads, ms);
    file_free(&answer);
    file_free(&sent);
    return st;
}

static int run_one(const settings *s, char **paths)
{
    inference server = {.keys = NULL};
    int st = inference_open(&server, paths[0], paths[1], paths[2], &s->many.plan);

    if (st == CLI_OK)
        st = infer_one(&server, s->output != NULL ? s->output : "-", paths[2], s->many.threads,
                       s->json);
    inference_close(&server);
    return st;
}

/* One request, or many; what belongs to the other is refused. */
static int check_kind(const settings *s, int count)
{
    const infer_many_options *many = &s->many;

    if (count == 3 && many->manifest != NULL)
        return cli_usage("a request is given, and a manifest of requests; give one of them");
    if (count == 2 && many->manifest == NULL)
        return cli_usage("a request is needed, or --manifest with a list of them");
    if (count == 3 && (many->folder != NULL || many->share.of != 0 || many->log != NULL))
        return cli_usage("--output-dir, --shard and --log go with --manifest");
    if (count == 3 && s->json && (s->output == NULL || strcmp(s->output, "-") == 0))
        return cli_usage(
            "the response and --json would both go to standard output: give -o RESPONSE");
    if (count == 2 && s->output != NULL)
        return cli_usage("-o is for one request; with --manifest give --output-dir, or name the "
                         "responses in the manifest");
    return CLI_OK;
}

int cmd_infer(int argc, char **argv)
{
    settings s = {.output = NULL};
    infer_many_options *many = &s.many;
    const char *paths[3];
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = check_kind(&s, count);
    if (st != CLI_OK)
        return st;
    paths[0] = rest[0];
    paths[1] = rest[1];
    paths[2] = count == 3 ? rest[2] : many->manifest;
    st = cli_one_dash(paths, 3);
    if (st != CLI_OK)
        return st;
    if (many->threads == 0)
        many->threads = parallel_default_threads();
    if (count == 3)
        return run_one(&s, rest);
    if (many->share.of == 0)
        many->share = (shard){1, 1};
    if (many->log == NULL)
        many->log = "-";
    return infer_many(many, rest[0], rest[1]);
}
