/* One image through the four networks: see nn/check.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/check/check_data.h"
#include "nn/graph/graph_data.h"
#include "nn/run/exec.h"

/* ---- float and fitted */

typedef struct float_run {
    nn_check *c;
    int network;
    nn_status status;
} float_run;

/* A max pool, and the range of its fit. */
typedef struct windows {
    nn_check_tally *tally;
    double range;
} windows;

/* The largest difference within a window. */
static void see_window(void *user, size_t out, const float *number, size_t count)
{
    windows *w = user;
    double lo = INFINITY, hi = -INFINITY;
    (void)out;
    for (size_t i = 0; i < count; i++) {
        lo = fmin(lo, (double)number[i]);
        hi = fmax(hi, (double)number[i]);
    }
    w->tally->numbers++;
    if (count == 0)
        return;
    w->tally->lo = fmin(w->tally->lo, lo - hi);
    w->tally->hi = fmax(w->tally->hi, hi - lo);
    w->tally->above += !(hi - lo <= w->range);
}

static void see_input(nn_check_tally *t, const nn_fit *fit, const nn_tensor *x)
{
    for (size_t i = 0; i < x->count; i++) {
        double v = (double)x->value[i];
        t->lo = fmin(t->lo, v);
        t->hi = fmax(t->hi, v);
        t->below += v < fit->lo;
        t->above += !(v <= fit->hi) && !(v < fit->lo);
    }
    t->numbers += x->count;
}

static void see_sites(float_run *r, size_t value, const nn_tensor *t)
{
    nn_check *c = r->c;
    for (size_t k = 0; k < c->sites.count && r->status == NN_OK; k++) {
        const nn_fit_site *site = &c->sites.site[k];
        windows w = {&c->tally[k], c->fit[k].hi};
        if (site->input != value)
            continue;
        if (site->is_pool)
            r->status = nn_fit_windows(&c->graph->node[site->node], t, see_window, &w);
        else
            see_input(&c->tally[k], &c->fit[k], t);
    }
}

static void see_value(void *user, size_t value, const nn_tensor *t)
{
    float_run *r = user;
    for (size_t k = 0; k < r->c->part_count; k++) {
        nn_check_part *p = &r->c->part[k];
        if (p->value != value || t->value == NULL ||
            t->count != nn_stages_width(r->c->plan->stages, p->step + 1))
            continue;
        for (size_t i = 0; i < t->count; i++)
            p->number[r->network][i] = (double)t->value[i];
    }
    if (r->network == NN_CHECK_FITTED && t->value != NULL)
        see_sites(r, value, t);
}

static nn_status run_float(nn_check *c, int network, const nn_tensor *image, char *why,
                           size_t why_size)
{
    float_run r = {c, network, NN_OK};
    nn_tensor out;
    nn_status st = nn_fit_run(c->graph, &c->sites, network == NN_CHECK_FITTED ? c->list : NULL,
                              image, &out, see_value, &r, why, why_size);
    nn_tensor_clear(&out);
    if (st == NN_OK && r.status != NN_OK)
        st = nn_why(why, why_size, r.status, "out of memory while looking at a pool");
    return st;
}

/* ---- clear and encrypted */

typedef struct plan_run {
    nn_check *c;
    const nn_check_keys *keys;
    double start; /* of the step at hand */
    size_t part;  /* that it belongs to */
    nn_status status;
} plan_run;

static int see_clear(void *user, const nn_view *v)
{
    plan_run *r = user;
    r->status = nn_view_numbers(v, r->c->clear[v->step + 1], NULL, NULL);
    return r->status != NN_OK;
}

static int see_encrypted(void *user, const nn_view *v)
{
    plan_run *r = user;
    nn_check *c = r->c;
    while (r->part + 1 < c->part_count && c->part[r->part].step < v->step)
        r->part++;
    c->part[r->part].seconds += r->keys->seconds() - r->start;
    r->status = nn_view_numbers(v, c->cipher[v->step + 1], r->keys->owner, r->keys->sk);
    return r->status != NN_OK;
}

static int begin_step(void *user, size_t step, size_t steps, const char *name)
{
    plan_run *r = user;
    (void)step;
    (void)steps;
    (void)name;
    r->start = r->keys->seconds();
    return 0;
}

static nn_status make_list(ckks_ciphertext ***out, size_t count, const ckks_context *ctx)
{
    nn_status st = NN_OK;
    *out = calloc(count, sizeof **out);
    if (*out == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < count && st == NN_OK; i++)
        st = ckks_ciphertext_create(&(*out)[i], ctx);
    return st;
}

static void free_list(ckks_ciphertext **list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++)
        ckks_ciphertext_free(list[i]);
    free(list);
}

static nn_status run_encrypted(nn_check *c, const float *image, const nn_check_keys *keys,
                               char *why, size_t why_size)
{
    const size_t requests = nn_client_requests(keys->client);
    const size_t responses = nn_client_responses(keys->client);
    const ckks_context *ctx = ckks_worker_context(keys->server);
    ckks_ciphertext **in = NULL, **out = NULL;
    plan_run r = {.c = c, .keys = keys};
    const nn_watch watch = {begin_step, see_encrypted, &r};
    nn_status st = make_list(&in, requests, ctx);
    if (st == NN_OK)
        st = make_list(&out, responses, ctx);
    if (st != NN_OK)
        (void)nn_why(why, why_size, st, "no memory for ciphertexts");
    if (st == NN_OK)
        st = nn_client_encrypt(keys->owner, in, keys->client, keys->sk, image, why, why_size);
    r.start = keys->seconds();
    if (st == NN_OK)
        st = nn_program_run(keys->program, keys->server, out, (const ckks_ciphertext *const *)in,
                            &watch, why, why_size);
    if (r.status != NN_OK)
        st = nn_why(why, why_size, r.status, "a value of the network cannot be decrypted");
    free_list(in, requests);
    free_list(out, responses);
    return st;
}

static nn_status run_clear(nn_check *c, const float *image, char *why, size_t why_size)
{
    size_t outputs = nn_stages_output_count(c->plan->stages);
    plan_run r = {.c = c};
    const nn_watch watch = {NULL, see_clear, &r};
    float *logits = malloc(outputs * sizeof *logits);
    nn_status st = logits == NULL ? nn_why(why, why_size, NN_ERR_MEMORY, "out of memory") : NN_OK;
    if (st == NN_OK)
        st = nn_plan_run_clear(c->plan, logits, image, &watch, why, why_size);
    if (r.status != NN_OK)
        st = nn_why(why, why_size, r.status, "out of memory while looking at a value");
    free(logits);
    return st;
}

/* ---- what they say together */

/* Values of the plan in the graph's units. Where the plan's number is a constant, which says
 * nothing of the graph's, the fitted network's stands for it. */
static void take_trace(const nn_check *c, nn_check_part *p, int network, const double *from)
{
    const nn_stage *stage = &c->plan->stages->stage[p->step];
    size_t count = nn_shape_count(stage->out);
    for (size_t i = 0; i < count; i++) {
        double scale = stage->trace != NULL ? stage->trace[i] : 1.0;
        double shift = stage->trace != NULL ? stage->trace[count + i] : 0.0;
        p->number[network][i] =
            scale != 0.0 ? (from[i] - shift) / scale : p->number[NN_CHECK_FITTED][i];
    }
}

static void add_error(nn_check_sum *sum, const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double error = fabs(a[i] - b[i]);
        sum->squares += error * error;
        if (!(error <= sum->most)) /* a NaN as well */
            sum->most = error;
    }
    sum->count += count;
}

static void compare(const nn_check *c, nn_check_part *p, int encrypted)
{
    const nn_stage *stage = &c->plan->stages->stage[p->step];
    size_t count = nn_shape_count(stage->out);
    double *const *n = p->number;
    take_trace(c, p, NN_CHECK_CLEAR, c->clear[p->step + 1]);
    add_error(&p->error[0], n[NN_CHECK_FITTED], n[NN_CHECK_FLOAT], count);
    add_error(&p->error[1], n[NN_CHECK_CLEAR], n[NN_CHECK_FITTED], count);
    if (encrypted) {
        take_trace(c, p, NN_CHECK_ENCRYPTED, c->cipher[p->step + 1]);
        add_error(&p->error[2], n[NN_CHECK_ENCRYPTED], n[NN_CHECK_CLEAR], count);
        add_error(&p->error[3], n[NN_CHECK_ENCRYPTED], n[NN_CHECK_FLOAT], count);
    }
    for (size_t i = 0; i < count; i++) {
        double plain = fabs(c->clear[p->step + 1][i]);
        p->lo = fmin(p->lo, n[NN_CHECK_FLOAT][i]);
        p->hi = fmax(p->hi, n[NN_CHECK_FLOAT][i]);
        p->most = fmax(p->most, plain);
        p->over += !(plain <= stage->range);
    }
}

/* The layer whose arithmetic is worst on this image, in parts of its reach. */
static size_t worst_arithmetic(const nn_check *c)
{
    size_t worst = 0;
    double most = -1.0;
    for (size_t k = 0; k < c->part_count; k++) {
        const nn_check_part *p = &c->part[k];
        double reach = fmax(fmax(fabs(p->lo), fabs(p->hi)), 1e-300);
        if (p->error[1].most / reach > most) {
            most = p->error[1].most / reach;
            worst = k;
        }
    }
    return worst;
}

static void blame(nn_check *c, int cause, size_t layer)
{
    c->differ[cause]++;
    c->part[layer].blamed[cause]++;
}

/* Labels, and the layers at fault where they differ. The output is the last layer. */
static nn_status judge(nn_check *c, const nn_tensor *image, int encrypted, char *why,
                       size_t why_size)
{
    size_t outputs = nn_stages_output_count(c->plan->stages), *label = c->label, layer = 0;
    double *const *n = c->part[c->part_count - 1].number;
    nn_status st = NN_OK;
    for (int k = 0; k < (encrypted ? 4 : 3); k++) {
        label[k] = nn_check_argmax(n[k], outputs);
        c->agree[k] += label[k] == label[NN_CHECK_FLOAT];
    }
    if (label[NN_CHECK_FITTED] != label[NN_CHECK_FLOAT]) {
        st = nn_check_blame_fit(c, image, label[NN_CHECK_FLOAT], &layer, why, why_size);
        if (st == NN_OK)
            blame(c, NN_CHECK_APPROXIMATION, layer);
    }
    if (label[NN_CHECK_CLEAR] != label[NN_CHECK_FITTED])
        blame(c, NN_CHECK_ARITHMETIC, worst_arithmetic(c));
    if (encrypted && label[NN_CHECK_ENCRYPTED] != label[NN_CHECK_CLEAR]) {
        nn_check_blame_noise(c, &layer);
        blame(c, NN_CHECK_NOISE, layer);
    }
    return st;
}

nn_status nn_check_image(nn_check *c, const float *image, const nn_check_keys *keys, char *why,
                         size_t why_size)
{
    nn_dims dims = c->graph->value[c->graph->input[0]].dims;
    nn_tensor x = {0};
    dims.dim[0] = 1;
    nn_status st = nn_tensor_init(&x, NN_TYPE_FLOAT, &dims);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "out of memory for an image");
    memcpy(x.value, image, x.count * sizeof *image);
    for (size_t i = 0; i < x.count; i++)
        c->clear[0][i] = (double)image[i];
    st = run_float(c, NN_CHECK_FLOAT, &x, why, why_size);
    if (st == NN_OK)
        st = run_float(c, NN_CHECK_FITTED, &x, why, why_size);
    if (st == NN_OK)
        st = run_clear(c, image, why, why_size);
    if (st == NN_OK && keys != NULL)
        st = run_encrypted(c, image, keys, why, why_size);
    for (size_t k = 0; k < c->part_count && st == NN_OK; k++)
        compare(c, &c->part[k], keys != NULL);
    if (st == NN_OK)
        st = judge(c, &x, keys != NULL, why, why_size);
    c->images += st == NN_OK;
    c->encrypted += st == NN_OK && keys != NULL;
    nn_tensor_clear(&x);
    return st;
}
