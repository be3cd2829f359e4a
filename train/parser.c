/* The statements about the training, the table of all, and the walk over the lines. */
#include "train/parser.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "train/status.h"

int train_parser_fail(train_parser *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(p->why, p->why_size, format, list);
    va_end(list);
    return TRAIN_ERR_FORMAT;
}

/* ---- the training -----------------------------------------------------------------------------
 */

static int take_optimizer(train_parser *p)
{
    train_recipe *r = p->r;
    if (train_word_is(&p->w, 1, "adam")) {
        r->optimizer = TRAIN_ADAM;
        r->momentum = 0.9f;
        r->nesterov = 0;
        return p->w.count == 2 ||
                       (p->w.count == 4 && train_word_real(&p->w, 2, 0.0, 0.9999, &r->momentum) &&
                        train_word_real(&p->w, 3, 0.0, 0.999999, &r->beta2))
                   ? TRAIN_OK
                   : -1;
    }
    if (!train_word_is(&p->w, 1, "sgd"))
        return -1;
    r->optimizer = TRAIN_SGD;
    r->momentum = 0.9f;
    int at = 2;
    if (at < p->w.count && train_word_real(&p->w, at, 0.0, 0.9999, &r->momentum))
        at++;
    r->nesterov = train_word_is(&p->w, at, "nesterov");
    return p->w.count == at + r->nesterov ? TRAIN_OK : -1;
}

static int take_schedule(train_parser *p)
{
    train_recipe *r = p->r;
    if (p->w.count == 2 && train_word_is(&p->w, 1, "constant")) {
        r->schedule = TRAIN_CONSTANT;
        return TRAIN_OK;
    }
    if (!train_word_is(&p->w, 1, "cosine") && !train_word_is(&p->w, 1, "onecycle"))
        return -1;
    r->schedule = train_word_is(&p->w, 1, "cosine") ? TRAIN_COSINE : TRAIN_ONECYCLE;
    r->warm = train_word_is(&p->w, 1, "cosine") ? 0.05f : 0.3f;
    return p->w.count == 2 || (p->w.count == 3 && train_word_real(&p->w, 2, 0.0, 0.9, &r->warm))
               ? TRAIN_OK
               : -1;
}

static int take_penalty(train_parser *p)
{
    train_recipe *r = p->r;
    return (p->w.count == 2 ||
            (p->w.count == 3 && train_word_real(&p->w, 2, 0.1, 1000.0, &r->penalty_range))) &&
                   train_word_real(&p->w, 1, 0.0, 1e6, &r->penalty)
               ? TRAIN_OK
               : -1;
}

static int take_distil(train_parser *p)
{
    train_recipe *r = p->r;
    return (p->w.count == 2 ||
            (p->w.count == 3 && train_word_real(&p->w, 2, 0.1, 100.0, &r->temperature))) &&
                   train_word_real(&p->w, 1, 0.0, 1.0, &r->distil)
               ? TRAIN_OK
               : -1;
}

static int take_rotation(train_parser *p)
{
    float degrees;
    if (p->w.count != 2 || !train_word_real(&p->w, 1, 0.0, 180.0, &degrees))
        return -1;
    p->r->rotation = degrees * 0.017453292519943295f;
    return TRAIN_OK;
}

static int take_flip(train_parser *p)
{
    p->r->flip = 1;
    return p->w.count == 1 ? TRAIN_OK : -1;
}

static int take_whiten(train_parser *p)
{
    p->r->whiten = 1;
    return p->w.count == 1 ? TRAIN_OK : -1;
}

static int take_border(train_parser *p)
{
    p->r->edge = train_word_is(&p->w, 1, "edge");
    return p->w.count == 2 && (train_word_is(&p->w, 1, "edge") || train_word_is(&p->w, 1, "zero"))
               ? TRAIN_OK
               : -1;
}

static int one_whole(const train_parser *p, size_t low, size_t high, size_t *out)
{
    return p->w.count == 2 && train_word_whole(&p->w, 1, low, high, out) ? TRAIN_OK : -1;
}

static int one_real(const train_parser *p, double low, double high, float *out)
{
    return p->w.count == 2 && train_word_real(&p->w, 1, low, high, out) ? TRAIN_OK : -1;
}

static int take_number(train_parser *p)
{
    train_recipe *r = p->r;
    if (train_word_is(&p->w, 0, "epochs"))
        return one_whole(p, 1, 100000, &r->epochs);
    if (train_word_is(&p->w, 0, "batch"))
        return one_whole(p, 2, 8192, &r->batch);
    if (train_word_is(&p->w, 0, "cutout"))
        return one_whole(p, 1, TRAIN_WORD_SIDE, &r->cutout);
    if (train_word_is(&p->w, 0, "rate"))
        return one_real(p, 1e-9, 100.0, &r->rate);
    if (train_word_is(&p->w, 0, "decay"))
        return one_real(p, 0.0, 10.0, &r->decay);
    if (train_word_is(&p->w, 0, "smoothing"))
        return one_real(p, 0.0, 0.9, &r->smoothing);
    if (train_word_is(&p->w, 0, "clip"))
        return one_real(p, 1e-6, 1e6, &r->clip);
    if (train_word_is(&p->w, 0, "average"))
        return one_real(p, 0.0, 0.999999, &r->average);
    if (train_word_is(&p->w, 0, "shift"))
        return one_real(p, 0.0, 64.0, &r->shift);
    if (train_word_is(&p->w, 0, "scale"))
        return one_real(p, 0.0, 0.9, &r->scale);
    return one_real(p, 0.0, 2.0, &r->shear);
}

/* ---- statements -------------------------------------------------------------------------------
 */

/* A handler returns TRAIN_OK, an error with its sentence, or -1 for words that are not the usage.
 */
static const struct statement {
    const char *name;
    int (*take)(train_parser *p);
    const char *usage;
} statements[] = {
    {"input", train_layer_input, "input C H W"},
    {"conv", train_layer_conv,
     "conv N KxK [stride S] [pad P | pad TOP LEFT BOTTOM RIGHT | pad same | pad valid] [groups G]"},
    {"dense", train_layer_dense, "dense N"},
    {"norm", train_layer_norm, "norm"},
    {"square", train_layer_square, "square"},
    {"quadratic", train_layer_quadratic, "quadratic A B [learn], A and B in [-100, 100]"},
    {"poly", train_layer_poly, "poly C0 C1 C2 [C3 [C4]], each in [-100, 100]"},
    {"swish4", train_layer_swish4, "swish4 R, R in [0.5, 64]"},
    {"swish", train_layer_exact, "swish"},
    {"relu", train_layer_exact, "relu"},
    {"avgpool", train_layer_pool, "avgpool K [stride S]"},
    {"globalpool", train_layer_pool, "globalpool"},
    {"mark", train_layer_mark, "mark NAME"},
    {"from", train_layer_from, "from NAME"},
    {"add", train_layer_add, "add NAME"},
    {"epochs", take_number, "epochs N, N in 1 .. 100000"},
    {"batch", take_number, "batch N, N in 2 .. 8192"},
    {"optimizer", take_optimizer, "optimizer adam [BETA1 BETA2] | sgd [MOMENTUM] [nesterov]"},
    {"rate", take_number, "rate R, R in [1e-9, 100]"},
    {"schedule", take_schedule,
     "schedule cosine [WARM] | onecycle [PEAK] | constant, WARM and PEAK in [0, 0.9]"},
    {"decay", take_number, "decay D, D in [0, 10]"},
    {"smoothing", take_number, "smoothing S, S in [0, 0.9]"},
    {"clip", take_number, "clip N, N in [1e-6, 1e6]"},
    {"average", take_number, "average D, D in [0, 0.999999]"},
    {"whiten", take_whiten, "whiten"},
    {"range-penalty", take_penalty, "range-penalty W [R], W in [0, 1e6], R in [0.1, 1000]"},
    {"distil", take_distil, "distil W [T], W in [0, 1], T in [0.1, 100]"},
    {"shift", take_number, "shift PIXELS, in [0, 64]"},
    {"scale", take_number, "scale S, S in [0, 0.9]"},
    {"rotation", take_rotation, "rotation DEGREES, in [0, 180]"},
    {"shear", take_number, "shear S, S in [0, 2]"},
    {"flip", take_flip, "flip"},
    {"cutout", take_number, "cutout SIDE, at least 1"},
    {"border", take_border, "border zero | edge"},
};

enum { STATEMENTS = sizeof statements / sizeof statements[0] };

static int unknown(train_parser *p)
{
    int used = snprintf(p->why, p->why_size, "there is no statement '%s'; there are", p->w.word[0]);
    for (size_t i = 0; i < STATEMENTS && used > 0 && (size_t)used < p->why_size; i++)
        used += snprintf(p->why + used, p->why_size - (size_t)used, "%s %s", i > 0 ? "," : "",
                         statements[i].name);
    return TRAIN_ERR_FORMAT;
}

static int take_statement(train_parser *p)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        if (strcmp(p->w.word[0], statements[i].name) != 0)
            continue;
        if (p->r->c == 0 && i > 0)
            return train_parser_fail(p, "the first statement is `input C H W`");
        int st = statements[i].take(p);
        return st == -1 ? train_parser_fail(p, "allowed is: %s", statements[i].usage) : st;
    }
    return unknown(p);
}

static int take_line(train_parser *p, const char *s, const char *end)
{
    const char *wrong = train_word_split(&p->w, s, end);
    if (wrong != NULL)
        return train_parser_fail(p, "%s", wrong);
    return p->w.count > 0 ? take_statement(p) : TRAIN_OK;
}

static int check_whiten(train_parser *p)
{
    const train_layer_spec *s = &p->r->layers[0];
    size_t pixels = s->kind == TRAIN_CONV ? s->in_c * s->kernel_h * s->kernel_w : 0;
    if (s->kind != TRAIN_CONV || s->groups > 1 || s->kernel_h > s->in_h || s->kernel_w > s->in_w ||
        pixels > TRAIN_WHITEN_MOST) {
        p->line = s->line;
        return train_parser_fail(
            p,
            "`whiten` wants a convolution without groups as the first layer, of at most %d "
            "weights a map and no larger than the image",
            TRAIN_WHITEN_MOST);
    }
    return TRAIN_OK;
}

/* What only the whole description can tell. */
static int finish(train_parser *p)
{
    const train_recipe *r = p->r;
    const train_layer_spec *last = r->layer_count > 0 ? &r->layers[r->layer_count - 1] : NULL;
    unsigned char used[TRAIN_MAX_LAYERS] = {0};
    if (last == NULL || last->kind != TRAIN_DENSE || last->out_c != TRAIN_CLASSES)
        return train_parser_fail(p, "the last layer is `dense %d`", TRAIN_CLASSES);
    for (size_t i = 0; i < r->layer_count; i++) {
        if (r->layers[i].source >= 0)
            used[r->layers[i].source] = 1;
        if (r->layers[i].kind == TRAIN_ADD && r->layers[i].other >= 0)
            used[r->layers[i].other] = 1;
    }
    for (size_t i = 0; i + 1 < r->layer_count; i++) {
        if (!used[i]) {
            p->line = r->layers[i].line;
            return train_parser_fail(p, "nothing takes what this layer makes");
        }
    }
    return r->whiten ? check_whiten(p) : TRAIN_OK;
}

int train_recipe_parse(train_recipe *recipe, const char *text, size_t size, int *line, char *why,
                       size_t why_size)
{
    train_parser p = {.r = recipe, .source = -1, .why = why, .why_size = why_size};
    int st = TRAIN_OK;
    *recipe = (train_recipe){.epochs = 20,
                             .batch = 128,
                             .momentum = 0.9f,
                             .beta2 = 0.999f,
                             .warm = 0.05f,
                             .rate = 0.001f,
                             .temperature = 4.0f};
    for (const char *s = text, *end = text + size; s < end && st == TRAIN_OK;) {
        const char *stop = train_word_line(s, end);
        p.line++;
        st = take_line(&p, s, stop);
        s = stop < end ? stop + 1 : end;
    }
    if (st == TRAIN_OK) {
        p.line = 0;
        st = recipe->c == 0
                 ? train_parser_fail(&p, "the description is empty; the first statement is `input "
                                         "C H W`")
                 : finish(&p);
    }
    *line = st == TRAIN_OK ? 0 : p.line;
    return st;
}

size_t train_recipe_canonical(char *out, const char *text, size_t size)
{
    return train_word_canonical(out, text, size);
}

/* x / (1 + e^-x) is x / 2 and an even function, (x / 2) tanh(x / 2), whose nearest polynomial has
 * the Legendre coefficients a_n = (2 n + 1) int_0^1 f(R t) P_n(t) dt; by Simpson's rule, whose
 * error at 4096 steps is below 1e-12 for R <= 64. */
void train_recipe_swish4(float coefficient[5], float range)
{
    enum { STEPS = 4096 };
    double a[3] = {0.0, 0.0, 0.0}, r = (double)range;
    for (int i = 0; i <= STEPS; i++) {
        double t = (double)i / STEPS, t2 = t * t;
        double weight = (i == 0 || i == STEPS ? 1.0 : i % 2 ? 4.0 : 2.0) / (3.0 * STEPS);
        double f = weight * 0.5 * r * t * tanh(0.5 * r * t);
        a[0] += f;
        a[1] += 5.0 * f * (3.0 * t2 - 1.0) / 2.0;
        a[2] += 9.0 * f * (35.0 * t2 * t2 - 30.0 * t2 + 3.0) / 8.0;
    }
    coefficient[0] = (float)(a[0] - a[1] / 2.0 + a[2] * 3.0 / 8.0);
    coefficient[1] = 0.5f;
    coefficient[2] = (float)((a[1] * 3.0 / 2.0 - a[2] * 30.0 / 8.0) / (r * r));
    coefficient[3] = 0.0f;
    coefficient[4] = (float)(a[2] * 35.0 / 8.0 / (r * r * r * r));
}
