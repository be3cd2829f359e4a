/* unseen fit: polynomials in place of a network's activations, fitted on sample images. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "nn/fitting.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/dataset.h"
#include "tools/file.h"
#include "tools/fit_report.h"
#include "tools/image.h"
#include "tools/load.h"
#include "tools/neighbour.h"
#include "tools/parallel.h"
#include "tools/progress.h"

enum { MODEL_LIMIT = 1 << 30, USUAL = 500 };

typedef struct settings {
    nn_fitting_options fit;
    dataset_choice choice;
    const char *output;
    uint64_t threads;
    int json;
} settings;

static const cli_option options[] = {
    {0, "images", "FILE", "sample images: IDX or a CIFAR-10 batch, plain or .gz"},
    {0, "labels", "FILE", "IDX file of their labels, for --loss and to report accuracy"},
    {'o', "output", "FILE", "the model with its polynomials, - for standard output"},
    {0, "first", "I", "begin with image I, counted from 0 (default 0)"},
    {0, "count", "N", "take N images (default 500, or all when there are fewer)"},
    {0, "method", "M", "ls (least squares), chebyshev, minimax or auto (default)"},
    {0, "degree", "D",
     "2 to 31 for every activation, or 'auto' (default): the\n"
     "smallest that keeps the accuracy"},
    {0, "relu", "HOW",
     "ReLU and max pools by one polynomial, 'poly' (default), or\n"
     "by a composite 'sign', more precise and deeper"},
    {0, "levels", "L", "most levels that one activation may take (default: any)"},
    {0, "margin", "M", "widen each range by M times its width (default 0.1)"},
    {0, "range", "R",
     "fit on [-R, R] everywhere instead of what was measured; a\n"
     "wider range needs a higher degree"},
    {0, "agreement", "P", "labels that must stay the same, in percent (default 99.9)"},
    {0, "logit-error", "E",
     "error of the logits to allow, root mean square, as a share\n"
     "of their size (default 0.1)"},
    {0, "loss", "P",
     "percentage points of accuracy that may be lost, in place of\n"
     "the two before; needs labels"},
    {'t', "threads", "T", "threads (default: one for every processor granted)"},
    {0, "json", NULL, "print the result as JSON"},
    {0, NULL, NULL, NULL},
};

static int take_method(int *method, const char *value)
{
    static const char *const names[] = {"auto", "ls", "chebyshev", "minimax"};

    for (int k = 0; k < 4; k++) {
        if (strcmp(value, names[k]) == 0) {
            *method = k;
            return CLI_OK;
        }
    }
    return cli_usage("--method takes auto, ls, chebyshev or minimax, not '%s'", value);
}

static int take_whole(int *out, const char *name, const char *value, uint64_t low, uint64_t high)
{
    uint64_t number = 0;
    int st = cli_number(&number, name, value, low, high);

    if (st == CLI_OK)
        *out = (int)number;
    return st;
}

static int take_percent(double *out, const char *name, const char *value, double low)
{
    int st = cli_real(out, name, value, low, 100.0);
    *out /= 100;
    return st;
}

static int take_fit(nn_fitting_options *f, const char *name, const char *value)
{
    if (strcmp(name, "method") == 0)
        return take_method(&f->method, value);
    if (strcmp(name, "degree") == 0)
        return strcmp(value, "auto") == 0 ? CLI_OK : take_whole(&f->degree, name, value, 2, 31);
    if (strcmp(name, "levels") == 0)
        return take_whole(&f->levels, name, value, 1, 64);
    if (strcmp(name, "margin") == 0)
        return cli_real(&f->margin, name, value, 0.0, 10.0);
    if (strcmp(name, "range") == 0)
        return cli_real(&f->range, name, value, 1e-6, 1e6);
    if (strcmp(name, "agreement") == 0)
        return take_percent(&f->agreement, name, value, 0.001);
    if (strcmp(name, "logit-error") == 0)
        return cli_real(&f->logit_error, name, value, 1e-9, 1e9);
    if (strcmp(name, "loss") == 0)
        return take_percent(&f->loss, name, value, 0.0);
    f->sign = strcmp(value, "sign") == 0;
    return f->sign || strcmp(value, "poly") == 0
               ? CLI_OK
               : cli_usage("--relu takes poly or sign, not '%s'", value);
}

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = dataset_take(&s->choice, name, value);

    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, PARALLEL_MOST);
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        return take_fit(&s->fit, name, value);
    return CLI_OK;
}

static const cli_command command = {
    "fit",
    "MODEL.onnx --images FILE -o OUT.onnx [OPTION]...",
    "Fit polynomials to the activations of a network",
    "Runs the float network on sample images, notes the range of every value, and replaces what "
    "is\n"
    "no polynomial (ReLU, Swish, GELU, Sigmoid, Tanh, HardSwish, Clip, max pools) by polynomials\n"
    "on these ranges. The output is the same model with the polynomials and ranges in its "
    "metadata;\n"
    "the images should not be those that it is judged by later. Leaves with status 1 when no\n"
    "degree keeps the accuracy; the model is written all the same.",
    options,
    1,
    1,
    take,
};

/* ---- images */

typedef struct samples {
    float *images;
    const uint8_t *labels; /* NULL when there are none */
    size_t count;
} samples;

static int make_samples(samples *out, settings *s, const dataset *d, nn_shape shape)
{
    size_t pixels = nn_shape_count(shape);
    int st = dataset_choose(d, &s->choice, shape, USUAL);

    if (st != CLI_OK)
        return st;
    out->count = (size_t)s->choice.count;
    out->images = calloc(out->count * pixels, sizeof *out->images);
    if (out->images == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu images", out->count);
    image_of_pixels(out->images, d->pixels + (size_t)s->choice.first * pixels, out->count * pixels);
    out->labels = d->labels != NULL ? d->labels + s->choice.first : NULL;
    return CLI_OK;
}

/* ---- the work */

/* A loop of nn/ over tasks on the threads of this program. */
typedef struct loop {
    void (*body)(void *arg, size_t task);
    void *arg;
    progress *bar;
    atomic_size_t done;
    size_t count;
} loop;

/* What loops need. */
typedef struct crew {
    int threads;
    progress bar;
} crew;

static void one_task(void *arg, size_t task, int thread)
{
    loop *l = arg;
    (void)thread;
    l->body(l->arg, task);
    progress_show_of(l->bar, atomic_fetch_add(&l->done, 1) + 1, l->count, NULL);
}

static void on_threads(void *user, size_t count, void (*body)(void *arg, size_t task), void *arg)
{
    crew *c = user;
    loop l = {.body = body, .arg = arg, .bar = &c->bar, .count = count};
    atomic_init(&l.done, 0);
    progress_show_of(l.bar, 0, count, NULL);
    parallel_for(c->threads, count, one_task, &l);
}

static int write_model(const nn_fitting *f, const settings *s, const file_bytes *model)
{
    uint8_t *bytes;
    size_t size;
    int st = nn_fitting_write(f, model->data, model->size, &bytes, &size);

    if (st != NN_OK)
        return cli_fail_status(st, s->output, "");
    st = output_whole(s->output, OUTPUT_BINARY, bytes, size);
    free(bytes);
    return st;
}

static int fit(nn_fitting *f, settings *s, const samples *in, const file_bytes *model,
               const char *path)
{
    char why[WHY_BYTES] = "";
    crew c = {.threads = (int)s->threads};
    int st;

    progress_begin(&c.bar, "fitting", 0);
    st = nn_fitting_calibrate(f, in->images, in->count, on_threads, &c, why, sizeof why);
    if (st == NN_OK)
        st = nn_fitting_choose(f, &s->fit, in->labels, why, sizeof why);
    progress_end(&c.bar);
    if (st != NN_OK)
        return cli_fail_status(st, file_input_name(path), why);
    st = write_model(f, s, model);
    if (st != CLI_OK)
        return st;
    fit_report(f, path, in->labels != NULL, s->json, strcmp(s->output, "-") == 0 ? stderr : stdout);
    if (nn_fitting_outcome(f)->reached)
        return CLI_OK;
    cli_note(
        "the demands on accuracy are not met; %sallow more levels or a higher degree, or train "
        "the network with polynomials",
        s->fit.range > 0 ? "leave the range to be measured, " : "");
    return CLI_NEGATIVE;
}

/* The images come first: a wrong file name is told before any work. */
static int run_all(settings *s, const char *path)
{
    char why[WHY_BYTES] = "";
    nn_fitting *f = NULL;
    file_bytes model = {NULL, 0};
    dataset d;
    samples in = {NULL, NULL, 0};
    int st = dataset_read(&d, s->choice.images, s->choice.labels);

    if (st == CLI_OK && s->fit.loss >= 0 && d.labels == NULL)
        st = cli_usage("--loss needs the images' labels");
    if (st == CLI_OK)
        st = file_read(&model, path, MODEL_LIMIT);
    if (st == CLI_OK)
        st = neighbour_join(&model, path);
    if (st == CLI_OK) {
        st = nn_fitting_create(&f, model.data, model.size, why, sizeof why);
        if (st != NN_OK)
            st = cli_fail_status(st, file_input_name(path), why);
    }
    if (st == CLI_OK && nn_fitting_sites(f) == 0)
        cli_note("%s has no activation that needs a polynomial; its ranges are measured",
                 file_input_name(path));
    if (st == CLI_OK)
        st = make_samples(&in, s, &d, nn_fitting_input(f));
    if (st == CLI_OK)
        st = fit(f, s, &in, &model, path);
    nn_fitting_free(f);
    free(in.images);
    file_free(&model);
    dataset_free(&d);
    return st;
}

int cmd_fit(int argc, char **argv)
{
    settings s = {.threads = (uint64_t)parallel_default_threads(),
                  .fit = {.margin = 0.1, .loss = -1}};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.choice.images == NULL || s.output == NULL)
        return cli_usage("--images and --output are both needed");
    st = cli_one_dash((const char *const[]){rest[0], s.choice.images, s.choice.labels}, 3);
    return st == CLI_OK ? run_all(&s, rest[0]) : st;
}
