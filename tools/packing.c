/* The alternatives. Plans that do not exist are left out: more images than a ring has slots for, or
 * more memory than is allowed. */
#include "tools/packing.h"

#include <stdio.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/load.h"
#include "tools/planning.h"
#include "tools/progress.h"

enum { SIDE_MOST = 64 }; /* images side by side */

const char *packing_name(const packing *p)
{
    return p->batched ? "batch" : p->images > 1 ? "side by side" : "single";
}

double packing_image_ms(const packing *p)
{
    return p->set_ms / (double)p->images;
}

static double total_ms(double set_ms, size_t set, size_t images)
{
    return set_ms * (double)((images + set - 1) / set);
}

static packing of_plan(nn_plan *plan, size_t side, size_t images)
{
    const nn_forecast *f = nn_plan_forecast(plan);
    return (packing){.plan = plan,
                     .images = side,
                     .set_ms = f->infer_ms,
                     .total_ms = total_ms(f->infer_ms, side, images),
                     .keys = f->keys,
                     .eval_key_bytes = f->eval_key_bytes,
                     .request_bytes = f->request_bytes,
                     .response_bytes = f->response_bytes,
                     .server_memory = f->server_memory,
                     .peak_memory = f->peak_memory,
                     .thread_memory = f->thread_memory,
                     .lane_memory = f->lane_memory,
                     .logit_error = f->logit_error,
                     .security_bits = f->security_bits,
                     .log_n = f->log_n,
                     .log2_qp = f->log2_qp};
}

static packing of_batch(nn_batch *batch, size_t set, size_t images)
{
    const nn_batch_foretold *f = nn_batch_forecast(batch);
    set = set == 0 || set > f->images ? f->images : set;
    return (packing){.batched = 1,
                     .batch = batch,
                     .images = set,
                     .set_ms = f->infer_ms,
                     .total_ms = total_ms(f->infer_ms, set, images),
                     .keys = f->keys,
                     .eval_key_bytes = f->eval_key_bytes,
                     .request_bytes = f->request_bytes,
                     .response_bytes = f->response_bytes,
                     .server_memory = f->server_memory,
                     .peak_memory = f->peak_memory,
                     .thread_memory = f->thread_memory,
                     .logit_error = f->logit_error,
                     .security_bits = f->security_bits,
                     .log_n = f->log_n,
                     .log2_qp = f->log2_qp};
}

/* Whether a failure means that there is no such plan, and not that something is wrong. */
static int no_plan(nn_status st)
{
    return st == NN_ERR_PLAN || st == CKKS_ERR_INSECURE || st == CKKS_ERR_PARAMS;
}

/* Release a plan that this machine has no memory for, else put it at the list's end. */
static nn_status add(packing_list *list, packing p, const nn_plan_options *o, char *why)
{
    nn_status st = planning_fits(o, p.server_memory, why, WHY_BYTES);
    if (st == NN_OK) {
        list->item[list->count++] = p;
        return st;
    }
    nn_plan_free(p.plan);
    nn_batch_free(p.batch);
    return st;
}

/* `side` images in a ciphertext. */
static nn_status add_plan(packing_list *list, const nn_model *m, const nn_plan_options *options,
                          size_t side, size_t images, char *why)
{
    nn_plan_options o = *options;
    nn_plan *plan = NULL;
    o.images = side;
    nn_status st = nn_plan_create(&plan, m, &o, why, WHY_BYTES);
    return st == NN_OK ? add(list, of_plan(plan, side, images), options, why) : st;
}

/* Batches with slots for at least `set` images; 0: the fastest for all images. */
static nn_status add_batch(packing_list *list, const nn_model *m, const nn_plan_options *options,
                           size_t set, size_t images, char *why)
{
    nn_plan_options o = *options;
    nn_batch *batch = NULL;
    o.images = set;
    nn_status st = nn_batch_create(&batch, m, &o, images, why, WHY_BYTES);
    return st == NN_OK ? add(list, of_batch(batch, set, images), options, why) : st;
}

static const char *duration(char text[32], double ms)
{
    if (ms < 1000.0)
        snprintf(text, 32, "%.3g ms", ms);
    else
        snprintf(text, 32, "%.3g s", 1e-3 * ms);
    return text;
}

/* The least time wins; of equals the one with the smaller sets. */
static void choose(packing_list *list, size_t images)
{
    size_t best = 0, second;
    char a[32], b[32];

    for (size_t i = 1; i < list->count; i++)
        if (list->item[i].total_ms < list->item[best].total_ms)
            best = i;
    list->chosen = best;
    const packing *p = &list->item[best];
    if (list->count == 1) {
        snprintf(list->why, sizeof list->why, "no other packing has a plan");
        return;
    }
    second = best == 0 ? 1 : 0;
    for (size_t i = 0; i < list->count; i++)
        if (i != best && list->item[i].total_ms < list->item[second].total_ms)
            second = i;
    snprintf(list->why, sizeof list->why,
             "%zu image%s take%s the server %s in sets of %zu (%s), and %s in sets of %zu (%s)",
             images, images == 1 ? "" : "s", images == 1 ? "s" : "", duration(a, p->total_ms),
             p->images, packing_name(p), duration(b, list->item[second].total_ms),
             list->item[second].images, packing_name(&list->item[second]));
}

/* Side by side as long as it pays: twice the images in a ring that is not twice as slow. */
static nn_status add_sides(packing_list *list, const nn_model *m, const nn_plan_options *o,
                           size_t images, char *why)
{
    for (size_t side = 2; side <= SIDE_MOST && side / 2 < images && list->count < PACKING_MOST - 1;
         side *= 2) {
        size_t before = list->count;
        nn_status st = add_plan(list, m, o, side, images, why);
        if (st != NN_OK)
            return no_plan(st) ? NN_OK : st;
        if (before > 0 &&
            packing_image_ms(&list->item[before]) >= packing_image_ms(&list->item[before - 1]))
            return NN_OK;
    }
    return NN_OK;
}

static int find(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t images,
                const char *name)
{
    char why[WHY_BYTES] = "", ignored[WHY_BYTES] = "";
    nn_status st, batch;

    memset(list, 0, sizeof *list);
    st = add_plan(list, m, o, 1, images, why);
    if (st != NN_OK && !no_plan(st))
        return planning_fail(st, name, why);
    if (st == NN_OK && (st = add_sides(list, m, o, images, why)) != NN_OK)
        return planning_fail(st, name, why);
    batch = add_batch(list, m, o, 0, images, ignored);
    if (batch != NN_OK && !no_plan(batch))
        return planning_fail(batch, name, ignored);
    if (list->count == 0)
        return planning_fail(st, name, why);
    choose(list, images);
    return CLI_OK;
}

int packing_find(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t images,
                 const char *name)
{
    progress p;
    int st;

    progress_begin(&p, "planning ways to pack", 0);
    st = find(list, m, o, images, name);
    progress_end(&p);
    return st;
}

/* The smallest power of two that is not below n. */
static size_t power_above(size_t n)
{
    size_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

static int fixed(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t set,
                 size_t images, const char *name)
{
    char why[WHY_BYTES] = "", other[WHY_BYTES] = "";
    nn_status st = NN_ERR_PLAN, batch = NN_ERR_PLAN;

    memset(list, 0, sizeof *list);
    if (set <= SIDE_MOST)
        st = add_plan(list, m, o, power_above(set), images, why);
    if (st != NN_OK && !no_plan(st))
        return planning_fail(st, name, why);
    if (set > 1)
        batch = add_batch(list, m, o, set, set, other);
    if (batch != NN_OK && !no_plan(batch))
        return planning_fail(batch, name, other);
    if (list->count == 0)
        return set <= SIDE_MOST ? planning_fail(st, name, why) : planning_fail(batch, name, other);
    for (size_t i = 0; i < list->count; i++) {
        list->item[i].images = set;
        list->item[i].total_ms = total_ms(list->item[i].set_ms, set, images);
    }
    choose(list, images);
    snprintf(list->why, sizeof list->why, "sets of %zu image%s were asked for", set,
             set == 1 ? "" : "s");
    return CLI_OK;
}

int packing_fixed(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t set,
                  size_t images, const char *name)
{
    progress p;
    int st;

    progress_begin(&p, "planning", 0);
    st = fixed(list, m, o, set, images, name);
    progress_end(&p);
    return st;
}

void packing_free(packing_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        nn_plan_free(list->item[i].plan);
        nn_batch_free(list->item[i].batch);
        list->item[i].plan = NULL;
        list->item[i].batch = NULL;
    }
}
