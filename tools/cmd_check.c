/* unseen check: a network layer by layer, in float, fitted, on clear slots and encrypted. */
#define _XOPEN_SOURCE 700

#include <stdlib.h>
#include <string.h>

#include "tools/check_report.h"
#include "tools/check_svg.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/dataset.h"
#include "tools/image.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"
#include "tools/session.h"

typedef struct settings {
    nn_plan_options plan;
    dataset_choice choice;
    const char *markdown, *svg;
    uint64_t encrypted, threads;
    int json;
} settings;

static const cli_option options[] = {
    {0, "images", "FILE", "IDX file of images, or a CIFAR-10 batch, plain or .gz"},
    {0, "labels", "FILE", "IDX file of their labels, to count right answers"},
    {0, "first", "I", "begin with image I, counted from 0 (default 0)"},
    {0, "count", "N", "take N images (default 10)"},
    {0, "encrypted", "N", "encrypt the first N of these (default 1)"},
    {0, "markdown", "FILE", "write the tables as Markdown"},
    {0, "svg", "FILE", "write a plot of bits and ranges"},
    {'t', "threads", "T", "threads (default: one for every processor granted)"},
    {0, "json", NULL, "print the result as JSON"},
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
    if (strcmp(name, "encrypted") == 0)
        return cli_number(&s->encrypted, name, value, 0, UINT32_MAX);
    else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, PARALLEL_MOST);
    else if (strcmp(name, "markdown") == 0)
        s->markdown = value;
    else if (strcmp(name, "svg") == 0)
        s->svg = value;
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "check",
    "MODEL.onnx --images FILE [--labels FILE] [OPTION]...",
    "Compare float, fitted and encrypted network layer by layer",
    "For every layer: the error of the polynomials that stand in for activations, and the noise "
    "of\n"
    "encryption, in bits below the layer's largest number; how far the ranges are used; limbs and\n"
    "time. Where labels differ one sentence says which layer is at fault. Leaves with status 1\n"
    "when labels differ.",
    options,
    1,
    1,
    take,
};

static int check_data(settings *s, const dataset *d, nn_shape shape)
{
    int st = dataset_choose(d, &s->choice, shape, 10);

    if (st == CLI_OK && s->encrypted > s->choice.count)
        s->encrypted = s->choice.count;
    return st;
}

/* ---- the images */

static void count_right(check_report *r, const dataset *d, size_t image, int encrypted)
{
    for (int k = 0; r->labelled && k < (encrypted ? 4 : 3); k++)
        r->right[k] += nn_check_label(r->check, k) == d->labels[image];
}

static int run_images(nn_check *c, check_report *r, const settings *s, const dataset *d,
                      const nn_check_keys *keys)
{
    size_t pixels = d->c * d->h * d->w;
    char why[WHY_BYTES] = "";
    float *image = malloc(pixels * sizeof *image);
    progress p;
    int st = NN_OK;

    if (image == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for an image");
    progress_begin(&p, "images", (size_t)s->choice.count);
    for (size_t i = 0; i < s->choice.count && st == NN_OK; i++) {
        size_t at = (size_t)s->choice.first + i;
        int encrypted = i < s->encrypted;
        progress_show(&p, i, encrypted ? "encrypted" : NULL);
        image_of_pixels(image, d->pixels + at * pixels, pixels);
        st = nn_check_image(c, image, encrypted ? keys : NULL, why, sizeof why);
        if (st == NN_OK)
            count_right(r, d, at, encrypted);
    }
    if (st == NN_OK)
        progress_show(&p, (size_t)s->choice.count, NULL);
    progress_end(&p);
    free(image);
    if (st == NN_OK)
        return CLI_OK;
    return cli_fail_status(st, NULL,
                           *why == '\0' && keys != NULL ? ckks_worker_error(keys->server) : why);
}

/* ---- the reports */

static int write_report(const check_report *r, const char *path,
                        void (*print)(const check_report *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    int st;

    if (path == NULL)
        return CLI_OK;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return cli_fail(CLI_MEMORY, path, "no memory for the report");
    print(r, f);
    st = fclose(f) == 0 ? output_whole(path, 0, text, size)
                        : cli_fail(CLI_MEMORY, path, "no memory for the report");
    free(text);
    return st;
}

static int write_reports(const check_report *r, const settings *s)
{
    nn_check_summary sum;
    int st = write_report(r, s->markdown, check_report_markdown);

    if (st == CLI_OK)
        st = write_report(r, s->svg, check_svg);
    if (st != CLI_OK)
        return st;
    if (s->json)
        check_report_json(r, stdout);
    else
        check_report_text(r, stdout);
    nn_check_summarise(r->check, &sum);
    return sum.cause < 0 ? CLI_OK : CLI_NEGATIVE;
}

static int check_all(const session *run, const settings *s, const dataset *d, const char *path)
{
    nn_check_keys keys = {
        .client = run->client, .program = run->program, .sk = run->sk, .seconds = cli_seconds};
    check_report r = {.plan = run->plan,
                      .model = path,
                      .first = (size_t)s->choice.first,
                      .labelled = d->labels != NULL};
    char why[WHY_BYTES] = "";
    nn_check *c = NULL;
    int st = nn_check_create(&c, run->plan, why, sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, file_input_name(path), why);
    r.check = c;
    st = CLI_OK;
    if (s->encrypted > 0) {
        st = session_worker(&keys.server, run, (int)s->threads);
        if (st == CLI_OK)
            st = load_worker(&keys.owner, run->ctx, 0, 1);
    }
    if (st == CLI_OK)
        st = run_images(c, &r, s, d, &keys);
    if (st == CLI_OK)
        st = write_reports(&r, s);
    ckks_worker_free(keys.server);
    ckks_worker_free(keys.owner);
    nn_check_free(c);
    return st;
}

/* Without encrypted images there are no keys to make. */
static int open_session(session *run, const settings *s, const char *path)
{
    if (s->encrypted > 0)
        return session_open(run, path, &s->plan);
    int st = load_model(&run->model, path);
    return st == CLI_OK ? planning_make(&run->plan, run->model, &s->plan, path) : st;
}

/* The images come first: a wrong file name is told at once, and not after the keys are made. */
static int run_all(settings *s, const char *path)
{
    session run = {.model = NULL};
    nn_model *model = NULL;
    dataset d;
    int st = dataset_read(&d, s->choice.images, s->choice.labels);

    if (st == CLI_OK)
        st = load_model(&model, path);
    if (st == CLI_OK)
        st = check_data(s, &d, nn_model_input(model));
    nn_model_free(model);
    if (st == CLI_OK)
        st = open_session(&run, s, path);
    if (st == CLI_OK)
        st = check_all(&run, s, &d, path);
    session_close(&run);
    dataset_free(&d);
    return st;
}

int cmd_check(int argc, char **argv)
{
    settings s = {.threads = (uint64_t)parallel_default_threads(), .encrypted = 1};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.choice.images == NULL)
        return cli_usage("--images is needed");
    if (strcmp(rest[0], "-") == 0)
        return cli_usage("the model is read twice and cannot come from standard input");
    st = cli_one_dash((const char *const[]){s.choice.images, s.choice.labels}, 2);
    return st == CLI_OK ? run_all(&s, rest[0]) : st;
}
