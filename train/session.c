/* Batches without the incomplete last one; what is measured at the end. */
#include "train/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/loss.h"
#include "train/status.h"
#include "train/walk.h"
#include "train/whiten.h"

static int check(const train_session *run, const train_recipe *r, size_t held, char *why,
                 size_t why_size)
{
    const train_images *t = &run->data->train;
    if (t->c != r->c || t->h != r->h || t->w != r->w) {
        snprintf(why, why_size,
                 "the network takes images of %zu x %zu x %zu and the data's are %zu x %zu x %zu",
                 r->c, r->h, r->w, t->c, t->h, t->w);
        return TRAIN_ERR_MISMATCH;
    }
    for (size_t i = 0; i < t->count; i++)
        if (t->labels[i] >= TRAIN_CLASSES) {
            snprintf(why, why_size, "image %zu has label %d; labels go from 0 to %d", i,
                     t->labels[i], TRAIN_CLASSES - 1);
            return TRAIN_ERR_MISMATCH;
        }
    if (held + 2 > t->count || t->count > UINT32_MAX) {
        snprintf(why, why_size, "%zu of %zu images are to be held back: too few are left", held,
                 t->count);
        return TRAIN_ERR_MISMATCH;
    }
    return TRAIN_OK;
}

static int reserve(train_session *run)
{
    train_net *net = &run->net;
    train_moments *m = &run->moments;
    size_t n = net->param_count;
    m->first = calloc(n, sizeof(float));
    m->second = calloc(n, sizeof(float));
    m->average = net->recipe->average > 0.0f ? calloc(n, sizeof(float)) : NULL;
    m->sums = malloc(train_step_sums(net) * sizeof(double));
    run->order = malloc(run->train_count * sizeof *run->order);
    run->labels = malloc(net->batch);
    run->sums = malloc((net->stat_count + 1) * sizeof(double));
    run->powers = malloc(2 * net->batch * sizeof(double));
    if (net->recipe->whiten) {
        size_t side = train_whiten_size(net->ops[0].spec);
        m->whiten = malloc(side * side * sizeof(float));
        m->kept = malloc(net->ops[0].weight_count * sizeof(float));
        if (m->whiten == NULL || m->kept == NULL)
            return 0;
    }
    return m->first != NULL && m->second != NULL && m->sums != NULL && run->order != NULL &&
           run->labels != NULL && run->sums != NULL && run->powers != NULL &&
           (m->average != NULL || net->recipe->average == 0.0f);
}

/* Random weights; those of a whitened layer are random in its coordinates. */
static int init(train_session *run)
{
    const train_op *op = &run->net.ops[0];
    float *m = run->moments.whiten;
    train_net_init(&run->net, run->seed);
    int st = m != NULL ? train_whiten_matrix(m, &run->data->train, op->spec) : TRAIN_OK;
    if (m != NULL && st == TRAIN_OK)
        train_whiten_rows(run->net.params + op->weight, op->out_c, m, op->weight_count / op->out_c);
    return st;
}

int train_session_create(train_session *run, const train_recipe *recipe, const train_data *data,
                         uint64_t seed, uint32_t epochs, size_t held, int threads, char *why,
                         size_t why_size)
{
    memset(run, 0, sizeof *run);
    run->data = data;
    run->seed = seed;
    run->epochs = epochs;
    int st = check(run, recipe, held, why, why_size);
    if (st != TRAIN_OK)
        return st;
    run->train_count = data->train.count - held;
    size_t batch = recipe->batch < run->train_count ? recipe->batch : run->train_count;
    st = train_net_create(&run->net, recipe, batch, threads, 1, why, why_size);
    if (st != TRAIN_OK)
        return st;
    if (!reserve(run)) {
        train_session_free(run);
        snprintf(why, why_size, "no memory for training");
        return TRAIN_ERR_MEMORY;
    }
    st = init(run);
    if (st != TRAIN_OK) {
        train_session_free(run);
        snprintf(why, why_size, "no memory for the patches' covariance");
        return st;
    }
    if (run->moments.average != NULL)
        memcpy(run->moments.average, run->net.params, run->net.param_count * sizeof(float));
    return TRAIN_OK;
}

void train_session_free(train_session *run)
{
    train_net_free(&run->net);
    train_net_free(&run->teacher);
    free(run->moments.first);
    free(run->moments.second);
    free(run->moments.average);
    free(run->moments.whiten);
    free(run->moments.kept);
    free(run->moments.sums);
    free(run->order);
    free(run->labels);
    free(run->sums);
    free(run->powers);
    memset(run, 0, sizeof *run);
}

size_t train_session_steps(const train_session *run)
{
    return run->train_count / run->net.batch;
}

/* The teacher sees what the network sees. */
static const float *ask_teacher(train_session *run)
{
    train_net *t = &run->teacher;
    if (t->block == NULL)
        return NULL;
    const train_recipe *r = run->net.recipe;
    memcpy(t->input, run->net.input, r->c * run->net.used * r->h * r->w * sizeof(float));
    t->used = run->net.used;
    train_walk_forward(t, 0);
    return t->logits;
}

int train_session_epoch(train_session *run, train_tick *tick, void *arg)
{
    train_net *net = &run->net;
    size_t each = train_session_steps(run), total = each * run->epochs, right = 0;
    double loss = 0.0;
    train_session_model(run, 0);
    train_data_shuffle(run->order, run->train_count, run->seed, run->done);
    for (size_t i = 0; i < each; i++) {
        size_t at = run->done * each + i;
        train_data_fill(net, run->labels, &run->data->train, run->order, i * net->batch, net->batch,
                        run->seed, run->done, 1);
        train_walk_forward(net, 1);
        loss += train_loss(net, run->labels, ask_teacher(run));
        if (!isfinite(loss))
            return TRAIN_ERR_DIVERGED;
        right += train_loss_correct(net, run->labels, NULL);
        train_walk_backward(net);
        run->rate = train_step_rate(net->recipe, at, total);
        train_step(net, &run->moments, at, total);
        run->loss = loss / (double)(i + 1);
        run->accuracy = (double)right / (double)((i + 1) * net->batch);
        if (tick != NULL)
            tick(arg, run, at + 1, total);
    }
    run->done++;
    return TRAIN_OK;
}

void train_session_model(train_session *run, int model)
{
    if (model && run->kept == NULL && run->moments.average != NULL) {
        run->kept = run->net.params;
        run->net.params = run->moments.average;
    } else if (!model && run->kept != NULL) {
        run->net.params = run->kept;
        run->kept = NULL;
    }
}

/* Image b of the batch at hand, at one operation. */
static void reach_image(train_reach *r, const float *largest, const float *power, size_t channels,
                        size_t used, size_t b)
{
    float most = 0.0f;
    double sum = 0.0;
    for (size_t c = 0; c < channels; c++) {
        most = fmaxf(most, fabsf(largest[c * used + b]));
        sum += (double)power[c * used + b];
    }
    train_reach_add(r, most, sum / (double)channels);
}

static void raise_all(const train_net *net, train_reach *reach)
{
    float logits[TRAIN_CLASSES], squares[TRAIN_CLASSES];
    for (size_t b = 0; b < net->used; b++) {
        for (size_t i = 0; i < net->op_count; i++) {
            const train_op *op = &net->ops[i];
            if (op->act != NULL)
                reach_image(&reach[i], op->reach, op->power, op->out_c, net->used, b);
        }
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            logits[c] = net->logits[c * net->used + b];
            squares[c] = logits[c] * logits[c];
        }
        reach_image(&reach[net->op_count - 1], logits, squares, TRAIN_CLASSES, 1, 0);
    }
}

size_t train_session_correct(train_session *run, const train_images *images, size_t first,
                             size_t count, train_reach *reach, uint8_t *right)
{
    train_net *net = &run->net;
    size_t sum = 0;
    net->measure = reach != NULL;
    for (size_t at = first; at < first + count; at += net->batch) {
        size_t n = first + count - at < net->batch ? first + count - at : net->batch;
        train_data_fill(net, run->labels, images, NULL, at, n, 0, 0, 0);
        train_walk_forward(net, 0);
        sum += train_loss_correct(net, run->labels, right != NULL ? right + (at - first) : NULL);
        if (reach != NULL)
            raise_all(net, reach);
    }
    net->measure = 0;
    return sum;
}
