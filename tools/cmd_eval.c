/* unseen eval: many images encrypted and compared with the plain network.
 *
 * Every image has a result of its own, and the results are added up in order afterwards, so counts
 * and errors do not depend on the number of threads (the noise of encryption, which is drawn afresh
 * each time, aside).
 */
#define _XOPEN_SOURCE 700

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/dataset.h"
#include "tools/eval_run.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/result.h"

/* Wrong images that may be shown: some MB of JSON at most. */
enum { PICTURES_MOST = 100 };

typedef struct settings {
    nn_plan_options plan;
    dataset_choice choice;
    uint64_t threads;
    uint64_t set;                           /* images of a set; 0: chosen */
    double least_accuracy, least_agreement; /* percent */
    uint64_t pictures;                      /* wrong images shown in the JSON */
    int json;
} settings;

static const cli_option options[] = {
    {0, "images", "FILE", "IDX file of images, or a CIFAR-10 batch, plain or .gz"},
    {0, "labels", "FILE", "IDX file of their labels; a batch has its own"},
    {0, "first", "I", "begin with image I, counted from 0 (default 0)"},
    {0, "count", "N", "take N images (default: all that follow)"},
    {0, "batch", "B",
     "images in a set of ciphertexts, or 'auto': what is fastest for\n"
     "all of them (default 1)"},
    {'t', "threads", "T", "threads (default: one for every processor granted)"},
    {0, "json", NULL, "print the result as JSON"},
    {0, "pictures", "N", "put the pixels of the first N wrong images into the JSON"},
    {0, "min-accuracy", "P", "leave with status 1 below P percent right, encrypted"},
    {0, "min-agreement", "P", "leave with status 1 below P percent agreement"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st == CLI_DONE)
        st = dataset_take(&s->choice, name, value);
    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "batch") == 0) {
        s->set = 0;
        return strcmp(value, "auto") == 0
                   ? CLI_OK
                   : cli_number(&s->set, name, value, 1, 1 << CKKS_MAX_LOG_N);
    } else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, PARALLEL_MOST);
    else if (strcmp(name, "pictures") == 0)
        return cli_number(&s->pictures, name, value, 0, PICTURES_MOST);
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
    "MODEL.onnx --images FILE [--labels FILE] [OPTION]...",
    "Run many images encrypted and compare with the plain network",
    "Client and server are played in one process. Images share ciphertexts as --batch says: few\n"
    "side by side, thousands in batches of one ciphertext for each pixel. To share the work "
    "between\n"
    "machines, give each its own --first and --count and add up the counts of their JSON.",
    options,
    1,
    1,
    take,
};

static int check_data(settings *s, const dataset *data, const nn_model *model)
{
    if (data->labels == NULL)
        return cli_usage("--labels is needed with images that do not hold their own");
    return dataset_choose(data, &s->choice, nn_model_input(model), 0);
}

/* The most memory this process ever had. Linux counts in KiB. */
static size_t peak_rss(void)
{
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024u;
}

static int report(const settings *s, const eval_job *j, const packing_list *plans,
                  const char *model_path)
{
    packing chosen = plans->item[plans->chosen];
    const eval_images images = {.result = j->results,
                                .count = j->count,
                                .labels = nn_model_outputs(j->session->model),
                                .data = j->data,
                                .first = j->first,
                                .pictures = (size_t)s->pictures};
    eval_summary sum;
    int st = CLI_OK;

    eval_summarise(&sum, j->results, j->count, j->sets, eval_sets(j), eval_lanes(j));
    sum.first = j->first;
    sum.threads = (size_t)j->threads;
    sum.marked = j->data->lossy != NULL;
    sum.peak_rss_bytes = peak_rss();
    chosen.peak_memory = eval_memory(j, &chosen);
    if (s->json)
        st = eval_print_json(&sum, &images, j->session, &chosen, plans->why, model_path);
    else
        eval_print_text(&sum, j->session, &chosen, plans->why, model_path);
    if (st != CLI_OK)
        return st;
    if (100.0 * (double)sum.encrypted_right < s->least_accuracy * (double)sum.images ||
        100.0 * (double)sum.agree < s->least_agreement * (double)sum.images)
        return CLI_NEGATIVE;
    return CLI_OK;
}

static int evaluate(const session *run, const settings *s, const dataset *data,
                    const packing_list *plans, const char *model_path)
{
    eval_job j = {.session = run,
                  .data = data,
                  .first = (size_t)s->choice.first,
                  .count = (size_t)s->choice.count,
                  .threads = (int)s->threads};
    int st;

    j.results = calloc(j.count, sizeof *j.results);
    j.sets = calloc(eval_sets(&j), sizeof *j.sets);
    if (j.results == NULL || j.sets == NULL)
        st = cli_fail(CLI_MEMORY, NULL, "no memory for %zu results", j.count);
    else
        st = eval_run(&j);
    if (st == CLI_OK)
        st = report(s, &j, plans, model_path);
    free(j.results);
    free(j.sets);
    return st;
}

/* All ways to pack the images, or the one that was asked for. */
static int make_plans(packing_list *plans, const settings *s, const nn_model *model,
                      const char *name)
{
    size_t images = (size_t)s->choice.count;
    return s->set == 0 ? packing_find(plans, model, &s->plan, images, name)
                       : packing_fixed(plans, model, &s->plan, (size_t)s->set, images, name);
}

/* The images come first: a wrong file name is told at once, and not after the keys are made. */
static int run_all(settings *s, const char *model_path)
{
    session run = {.model = NULL};
    packing_list plans = {.count = 0};
    dataset data;
    nn_model *model = NULL;
    double start;
    int st = dataset_read(&data, s->choice.images, s->choice.labels);

    if (st == CLI_OK)
        st = load_model(&model, model_path);
    if (st == CLI_OK)
        st = check_data(s, &data, model);
    start = cli_seconds();
    if (st == CLI_OK)
        st = make_plans(&plans, s, model, model_path);
    if (st == CLI_OK) {
        double plan_ms = 1e3 * (cli_seconds() - start);
        st = session_open_packed(&run, model, &plans, model_path);
        run.plan_ms = plan_ms;
        model = NULL;
    }
    if (st == CLI_OK)
        st = evaluate(&run, s, &data, &plans, model_path);
    packing_free(&plans);
    session_close(&run);
    nn_model_free(model);
    dataset_free(&data);
    return st;
}

int cmd_eval(int argc, char **argv)
{
    settings s = {.threads = (uint64_t)parallel_default_threads(), .set = 1};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.choice.images == NULL)
        return cli_usage("--images is needed");
    if (s.pictures > 0 && !s.json)
        return cli_usage("--pictures adds to the JSON: --json is needed with it");
    st = cli_one_dash((const char *const[]){rest[0], s.choice.images, s.choice.labels}, 3);
    return st == CLI_OK ? run_all(&s, rest[0]) : st;
}
