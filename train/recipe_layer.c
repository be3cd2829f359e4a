/* The statements about the network: each makes a layer or names a value, and shapes follow at once.
 */
#include <string.h>

#include "train/parser.h"
#include "train/status.h"

enum { MAX_CHANNELS = 65536 };

/* A new layer that takes the value at hand and makes one of the same shape; NULL when full. */
static train_layer_spec *layer(train_parser *p, train_kind kind)
{
    train_recipe *r = p->r;
    if (r->layer_count == TRAIN_MAX_LAYERS)
        return NULL;
    train_layer_spec *l = &r->layers[r->layer_count];
    *l = (train_layer_spec){.kind = kind,
                            .line = p->line,
                            .source = p->source,
                            .stride = 1,
                            .groups = 1,
                            .kernel_h = 1,
                            .kernel_w = 1};
    const train_layer_spec *s = p->source >= 0 ? &r->layers[p->source] : NULL;
    l->in_c = l->out_c = s != NULL ? s->out_c : r->c;
    l->in_h = l->out_h = s != NULL ? s->out_h : r->h;
    l->in_w = l->out_w = s != NULL ? s->out_w : r->w;
    l->flat = s != NULL && s->flat;
    p->source = (int)r->layer_count++;
    return l;
}

static int too_many(train_parser *p)
{
    return train_parser_fail(p, "there are more than %d layers", TRAIN_MAX_LAYERS);
}

int train_layer_input(train_parser *p)
{
    train_recipe *r = p->r;
    if (r->c != 0)
        return train_parser_fail(p, "there is an input already");
    if (p->w.count != 4 || !train_word_whole(&p->w, 1, 1, 64, &r->c) ||
        !train_word_whole(&p->w, 2, 1, TRAIN_WORD_SIDE, &r->h) ||
        !train_word_whole(&p->w, 3, 1, TRAIN_WORD_SIDE, &r->w))
        return -1;
    return TRAIN_OK;
}

/* Padding so that the output has ceil(in / stride) places; an odd one goes to the end. */
static void pad_same(size_t in, size_t k, size_t stride, size_t *before, size_t *after)
{
    size_t need = ((in + stride - 1) / stride - 1) * stride + k;
    size_t total = need > in ? need - in : 0;
    *before = total / 2;
    *after = total - total / 2;
}

/* The options after `conv N KxK`; 0 when they are not understood. */
static int conv_options(train_parser *p, train_layer_spec *l)
{
    int at = 3, same = 0;
    while (at < p->w.count) {
        if (train_word_is(&p->w, at, "stride") &&
            train_word_whole(&p->w, at + 1, 1, 64, &l->stride)) {
            at += 2;
        } else if (train_word_is(&p->w, at, "groups") &&
                   train_word_whole(&p->w, at + 1, 1, MAX_CHANNELS, &l->groups)) {
            at += 2;
        } else if (train_word_is(&p->w, at, "pad") && (train_word_is(&p->w, at + 1, "same") ||
                                                       train_word_is(&p->w, at + 1, "valid"))) {
            same = train_word_is(&p->w, at + 1, "same");
            at += 2;
        } else if (train_word_is(&p->w, at, "pad") &&
                   train_word_whole(&p->w, at + 1, 0, 64, &l->pad[0])) {
            l->pad[1] = l->pad[2] = l->pad[3] = l->pad[0];
            at += 2;
            if (at + 2 < p->w.count && train_word_whole(&p->w, at, 0, 64, &l->pad[1]) &&
                train_word_whole(&p->w, at + 1, 0, 64, &l->pad[2]) &&
                train_word_whole(&p->w, at + 2, 0, 64, &l->pad[3]))
                at += 3;
        } else {
            return 0;
        }
    }
    if (same) {
        pad_same(l->in_h, l->kernel_h, l->stride, &l->pad[0], &l->pad[2]);
        pad_same(l->in_w, l->kernel_w, l->stride, &l->pad[1], &l->pad[3]);
    }
    return 1;
}

/* Places of a window of k over n places at this stride; fails when it does not fit. */
static int windows(train_parser *p, size_t n, size_t k, size_t stride, size_t *out)
{
    if (n < k)
        return train_parser_fail(p, "the window of %zu places does not fit into %zu", k, n);
    *out = (n - k) / stride + 1;
    return TRAIN_OK;
}

int train_layer_conv(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_CONV);
    if (l == NULL)
        return too_many(p);
    if (!train_word_whole(&p->w, 1, 1, MAX_CHANNELS, &l->out_c) ||
        !train_word_kernel(&p->w, 2, &l->kernel_h, &l->kernel_w) || !conv_options(p, l))
        return -1;
    if (l->flat)
        return train_parser_fail(p, "a convolution cannot come after a dense layer");
    if (l->in_c % l->groups != 0 || l->out_c % l->groups != 0)
        return train_parser_fail(p, "%zu groups do not divide %zu and %zu channels", l->groups,
                                 l->in_c, l->out_c);
    int st = windows(p, l->in_h + l->pad[0] + l->pad[2], l->kernel_h, l->stride, &l->out_h);
    return st != TRAIN_OK
               ? st
               : windows(p, l->in_w + l->pad[1] + l->pad[3], l->kernel_w, l->stride, &l->out_w);
}

int train_layer_dense(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_DENSE);
    if (l == NULL)
        return too_many(p);
    l->out_h = l->out_w = 1;
    l->flat = 1;
    return p->w.count == 2 && train_word_whole(&p->w, 1, 1, MAX_CHANNELS, &l->out_c) ? TRAIN_OK
                                                                                     : -1;
}

int train_layer_norm(train_parser *p)
{
    return p->w.count != 1 ? -1 : layer(p, TRAIN_NORM) == NULL ? too_many(p) : TRAIN_OK;
}

int train_layer_square(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_ACT);
    if (l == NULL)
        return too_many(p);
    l->coefficient[2] = 1.0f;
    return p->w.count == 1 ? TRAIN_OK : -1;
}

int train_layer_quadratic(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_ACT);
    if (l == NULL)
        return too_many(p);
    l->learn = p->w.count == 4 && train_word_is(&p->w, 3, "learn");
    return p->w.count == 3 + l->learn &&
                   train_word_real(&p->w, 1, -100.0, 100.0, &l->coefficient[2]) &&
                   train_word_real(&p->w, 2, -100.0, 100.0, &l->coefficient[1])
               ? TRAIN_OK
               : -1;
}

int train_layer_poly(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_ACT);
    if (l == NULL)
        return too_many(p);
    if (p->w.count < 4 || p->w.count > 6)
        return -1;
    for (int i = 1; i < p->w.count; i++)
        if (!train_word_real(&p->w, i, -100.0, 100.0, &l->coefficient[i - 1]))
            return -1;
    return TRAIN_OK;
}

int train_layer_swish4(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_ACT);
    if (l == NULL)
        return too_many(p);
    if (p->w.count != 2 || !train_word_real(&p->w, 1, 0.5, 64.0, &l->range))
        return -1;
    train_recipe_swish4(l->coefficient, l->range);
    return TRAIN_OK;
}

int train_layer_exact(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_ACT);
    if (l == NULL)
        return too_many(p);
    l->curve = train_word_is(&p->w, 0, "relu") ? TRAIN_RELU : TRAIN_SWISH;
    return p->w.count == 1 ? TRAIN_OK : -1;
}

int train_layer_pool(train_parser *p)
{
    train_layer_spec *l = layer(p, TRAIN_POOL);
    if (l == NULL)
        return too_many(p);
    if (l->flat)
        return train_parser_fail(p, "a pool cannot come after a dense layer");
    if (train_word_is(&p->w, 0, "globalpool")) {
        l->kernel_h = l->in_h;
        l->kernel_w = l->in_w;
        l->out_h = l->out_w = 1;
        return p->w.count == 1 ? TRAIN_OK : -1;
    }
    if (!train_word_whole(&p->w, 1, 1, TRAIN_WORD_SIDE, &l->kernel_h))
        return -1;
    l->kernel_w = l->stride = l->kernel_h;
    if (p->w.count != 2 && !(p->w.count == 4 && train_word_is(&p->w, 2, "stride") &&
                             train_word_whole(&p->w, 3, 1, 64, &l->stride)))
        return -1;
    int st = windows(p, l->in_h, l->kernel_h, l->stride, &l->out_h);
    return st != TRAIN_OK ? st : windows(p, l->in_w, l->kernel_w, l->stride, &l->out_w);
}

static int find_mark(const train_parser *p, const char *name)
{
    for (size_t i = 0; i < p->mark_count; i++)
        if (strcmp(p->mark[i], name) == 0)
            return (int)i;
    return -1;
}

int train_layer_mark(train_parser *p)
{
    if (p->w.count != 2)
        return -1;
    if (find_mark(p, p->w.word[1]) >= 0)
        return train_parser_fail(p, "there is a mark '%s' already", p->w.word[1]);
    if (p->mark_count == TRAIN_MAX_MARKS)
        return train_parser_fail(p, "there are more than %d marks", TRAIN_MAX_MARKS);
    memcpy(p->mark[p->mark_count], p->w.word[1], TRAIN_WORD);
    p->marked[p->mark_count++] = p->source;
    return TRAIN_OK;
}

int train_layer_from(train_parser *p)
{
    int mark = p->w.count == 2 ? find_mark(p, p->w.word[1]) : 0;
    if (mark < 0)
        return train_parser_fail(p, "no `mark %s` stands before", p->w.word[1]);
    if (p->w.count != 2)
        return -1;
    p->source = p->marked[mark];
    return TRAIN_OK;
}

int train_layer_add(train_parser *p)
{
    int mark = p->w.count == 2 ? find_mark(p, p->w.word[1]) : 0;
    if (mark < 0)
        return train_parser_fail(p, "no `mark %s` stands before", p->w.word[1]);
    if (p->w.count != 2)
        return -1;
    train_layer_spec *l = layer(p, TRAIN_ADD);
    if (l == NULL)
        return too_many(p);
    l->other = p->marked[mark];
    const train_layer_spec *o = l->other >= 0 ? &p->r->layers[l->other] : NULL;
    size_t c = o != NULL ? o->out_c : p->r->c, h = o != NULL ? o->out_h : p->r->h,
           w = o != NULL ? o->out_w : p->r->w;
    if (c != l->in_c || h != l->in_h || w != l->in_w)
        return train_parser_fail(p,
                                 "%s is %zu x %zu x %zu and the value at hand is %zu x %zu x %zu",
                                 p->w.word[1], c, h, w, l->in_c, l->in_h, l->in_w);
    if (l->other == l->source)
        return train_parser_fail(p, "%s is the value at hand itself", p->w.word[1]);
    return TRAIN_OK;
}
