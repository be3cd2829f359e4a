/* Bytes in and out of a run. */
#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/calibrate.h"
#include "train/status.h"

enum { MAGIC = 8, HEAD = 12, SECTION = 12, TAIL = 8, VERSION = 3, FIELDS = 8, TAUGHT_ON = 10000 };
enum { SEED, EPOCHS, DONE, IMAGES, DATA, TEACHER, START, PARAMS };

static const char magic[MAGIC] = {'U', 'N', 'S', 'E', 'E', 'N', 'C', 'K'};

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static uint8_t *put_head(uint8_t *at, const char *name, size_t length)
{
    memcpy(at, name, 4);
    put(at + 4, length, 8);
    return at + SECTION;
}

static uint8_t *put_floats(uint8_t *at, const char *name, const float *x, size_t n)
{
    at = put_head(at, name, 4 * n);
    for (size_t i = 0; i < n; i++, at += 4) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        put(at, bits, 4);
    }
    return at;
}

/* What training goes on with, whatever net.params is at the moment. */
static const float *weights(const train_session *run)
{
    return run->kept != NULL ? run->kept : run->net.params;
}

static void fields_of(uint64_t field[FIELDS], const train_session *run)
{
    field[SEED] = run->seed;
    field[EPOCHS] = run->epochs;
    field[DONE] = run->done;
    field[IMAGES] = run->train_count;
    field[DATA] = run->data->digest;
    field[TEACHER] = run->teacher_digest;
    field[START] = run->start_digest;
    field[PARAMS] = run->net.param_count;
}

int train_checkpoint_write(uint8_t **bytes, size_t *size, const train_session *run,
                           const char *text)
{
    size_t n = run->net.param_count, length = strlen(text);
    size_t vectors = run->moments.average != NULL ? 4 : 3;
    uint64_t field[FIELDS];
    *size = HEAD + SECTION + length + SECTION + 8 * FIELDS + vectors * (SECTION + 4 * n) + TAIL;
    *bytes = malloc(*size);
    if (*bytes == NULL)
        return TRAIN_ERR_MEMORY;
    uint8_t *at = *bytes;
    memcpy(at, magic, MAGIC);
    put(at + MAGIC, VERSION, 4);
    at = put_head(at + HEAD, "NETD", length);
    memcpy(at, text, length);
    at = put_head(at + length, "RUNS", 8 * FIELDS);
    fields_of(field, run);
    for (int i = 0; i < FIELDS; i++, at += 8)
        put(at, field[i], 8);
    at = put_floats(at, "PARM", weights(run), n);
    at = put_floats(at, "MOM1", run->moments.first, n);
    at = put_floats(at, "MOM2", run->moments.second, n);
    if (run->moments.average != NULL)
        at = put_floats(at, "AVER", run->moments.average, n);
    put(at, checksum(*bytes, *size - TAIL), 8);
    return TRAIN_OK;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct {
    const uint8_t *bytes; /* NULL when there is none */
    size_t size;
} section;

typedef struct {
    section net, run, params, first, second, average;
    uint64_t digest;
    uint64_t field[FIELDS];
} content;

static int damaged(char *why, size_t why_size)
{
    snprintf(why, why_size, "the checkpoint's length or checksum is wrong");
    return TRAIN_ERR_FORMAT;
}

static section *named(content *c, const uint8_t *name)
{
    static const char names[6][5] = {"NETD", "RUNS", "PARM", "MOM1", "MOM2", "AVER"};
    section *sections[6] = {&c->net, &c->run, &c->params, &c->first, &c->second, &c->average};
    for (int i = 0; i < 6; i++)
        if (memcmp(name, names[i], 4) == 0)
            return sections[i];
    return NULL;
}

static int parse(content *c, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    memset(c, 0, sizeof *c);
    if (size < HEAD + TAIL || memcmp(bytes, magic, MAGIC) != 0) {
        snprintf(why, why_size, "this is not a checkpoint of a training");
        return TRAIN_ERR_FORMAT;
    }
    if (get(bytes + MAGIC, 4) != VERSION) {
        snprintf(why, why_size, "the checkpoint has version %u; this program reads %d",
                 (unsigned int)get(bytes + MAGIC, 4), VERSION);
        return TRAIN_ERR_FORMAT;
    }
    c->digest = checksum(bytes, size - TAIL);
    if (get(bytes + size - TAIL, 8) != c->digest)
        return damaged(why, why_size);
    for (size_t at = HEAD, end = size - TAIL; at < end;) {
        if (end - at < SECTION || get(bytes + at + 4, 8) > end - at - SECTION)
            return damaged(why, why_size);
        size_t length = (size_t)get(bytes + at + 4, 8);
        section *s = named(c, bytes + at);
        if (s != NULL)
            *s = (section){bytes + at + SECTION, length};
        at += SECTION + length;
    }
    if (c->net.bytes == NULL || c->run.size != 8 * FIELDS || c->params.size % 4 != 0)
        return damaged(why, why_size);
    for (int i = 0; i < FIELDS; i++)
        c->field[i] = get(c->run.bytes + 8 * i, 8);
    return c->params.size / 4 == c->field[PARAMS] ? TRAIN_OK : damaged(why, why_size);
}

static void get_floats(float *x, const section *s)
{
    for (size_t i = 0; i < s->size / 4; i++) {
        uint32_t bits = (uint32_t)get(s->bytes + 4 * i, 4);
        memcpy(&x[i], &bits, sizeof bits);
    }
}

/* What differs from the run, or NULL. */
static const char *difference(const content *c, const train_session *run, const char *text)
{
    static const char *const says[FIELDS] = {"another seed",
                                             "another number of epochs",
                                             NULL,
                                             "another number of training images",
                                             "other training data",
                                             "another teacher",
                                             "another start",
                                             "another shape of the network"};
    uint64_t ours[FIELDS];
    if (c->net.size != strlen(text) || memcmp(c->net.bytes, text, c->net.size) != 0)
        return "another description";
    fields_of(ours, run);
    for (int i = 0; i < FIELDS; i++)
        if (says[i] != NULL && c->field[i] != ours[i])
            return says[i];
    return c->field[DONE] > run->epochs ? "a longer training" : NULL;
}

int train_checkpoint_read(train_session *run, const uint8_t *bytes, size_t size, const char *text,
                          char *why, size_t why_size)
{
    content c;
    int st = parse(&c, bytes, size, why, why_size);
    if (st != TRAIN_OK)
        return st;
    const char *other = difference(&c, run, text);
    if (other != NULL) {
        snprintf(why, why_size, "the checkpoint belongs to %s", other);
        return TRAIN_ERR_MISMATCH;
    }
    if (c.first.size != c.params.size || c.second.size != c.params.size ||
        (run->moments.average != NULL && c.average.size != c.params.size))
        return damaged(why, why_size);
    train_session_model(run, 0);
    run->done = (uint32_t)c.field[DONE];
    get_floats(run->net.params, &c.params);
    get_floats(run->moments.first, &c.first);
    get_floats(run->moments.second, &c.second);
    if (run->moments.average != NULL)
        get_floats(run->moments.average, &c.average);
    return TRAIN_OK;
}

/* ---- other networks ---------------------------------------------------------------------------
 */

/* The network of a checkpoint with the weights that it would be exported with, for batches of
 * `batch` images of the run's shape. `who` begins what is said about it. */
static int revive(train_net *net, train_recipe *recipe, const content *c, const train_session *run,
                  const char *who, size_t batch, char *why, size_t why_size)
{
    const train_recipe *r = run->net.recipe;
    char reason[256];
    int line;
    int st = train_recipe_parse(recipe, (const char *)c->net.bytes, c->net.size, &line, reason,
                                sizeof reason);
    if (st != TRAIN_OK) {
        snprintf(why, why_size, "the %s's description: line %d: %s", who, line, reason);
        return st;
    }
    if (recipe->c != r->c || recipe->h != r->h || recipe->w != r->w) {
        snprintf(why, why_size, "the %s takes images of %zu x %zu x %zu", who, recipe->c, recipe->h,
                 recipe->w);
        return TRAIN_ERR_MISMATCH;
    }
    st = train_net_create(net, recipe, batch, run->net.threads, 0, why, why_size);
    if (st != TRAIN_OK)
        return st;
    if (net->param_count != c->field[PARAMS]) {
        train_net_free(net);
        return damaged(why, why_size);
    }
    get_floats(net->params, c->average.size == c->params.size ? &c->average : &c->params);
    return TRAIN_OK;
}

/* A run over the same data around the teacher, only to measure its statistics. */
static int calibrate(train_net *teacher, const train_session *run, size_t count)
{
    train_session around = {.data = run->data, .seed = run->seed, .train_count = run->train_count};
    around.net = *teacher;
    around.order = malloc(run->train_count * sizeof *around.order);
    around.labels = malloc(teacher->batch);
    around.sums = malloc((teacher->stat_count + 1) * sizeof *around.sums);
    around.powers = malloc(2 * teacher->batch * sizeof *around.powers);
    int st = around.order != NULL && around.labels != NULL && around.sums != NULL &&
                     around.powers != NULL
                 ? TRAIN_OK
                 : TRAIN_ERR_MEMORY;
    if (st == TRAIN_OK)
        train_calibrate(&around, count);
    free(around.order);
    free(around.labels);
    free(around.sums);
    free(around.powers);
    return st;
}

int train_checkpoint_teach(train_session *run, train_recipe *recipe, const uint8_t *bytes,
                           size_t size, char *why, size_t why_size)
{
    content c;
    train_net net;
    int st = parse(&c, bytes, size, why, why_size);
    if (st == TRAIN_OK)
        st = revive(&net, recipe, &c, run, "teacher", run->net.batch, why, why_size);
    if (st != TRAIN_OK)
        return st;
    train_net_free(&run->teacher);
    run->teacher = net;
    run->teacher_digest = c.digest;
    st = calibrate(&run->teacher, run, run->train_count < TAUGHT_ON ? run->train_count : TAUGHT_ON);
    if (st != TRAIN_OK) {
        train_net_free(&run->teacher);
        snprintf(why, why_size, "no memory for the teacher");
    }
    return st;
}

/* The first operation of a that b does not have, curves of activations apart; a->op_count when they
 * are the same. A network ends with its dense layer of ten, so neither can begin with the other. */
static size_t first_other(const train_net *a, const train_net *b)
{
    for (size_t i = 0; i < a->op_count; i++) {
        const train_op *x = &a->ops[i], *y = &b->ops[i];
        if (i >= b->op_count || x->kind != y->kind || x->source != y->source ||
            x->other != y->other || x->in_c != y->in_c || x->in_places != y->in_places ||
            x->out_c != y->out_c || x->places != y->places || x->weight_count != y->weight_count ||
            x->bias_count != y->bias_count)
            return i;
    }
    return a->op_count;
}

static void take_weights(const train_net *to, const train_net *from, float *params)
{
    for (size_t i = 0; i < to->op_count; i++) {
        const train_op *x = &to->ops[i], *y = &from->ops[i];
        memcpy(params + x->weight, from->params + y->weight, x->weight_count * sizeof(float));
        memcpy(params + x->bias, from->params + y->bias, x->bias_count * sizeof(float));
    }
}

static int start(train_session *run, const content *c, train_recipe *recipe, char *why,
                 size_t why_size)
{
    train_net net;
    int st = revive(&net, recipe, c, run, "network to start from", 1, why, why_size);
    if (st != TRAIN_OK)
        return st;
    size_t other = first_other(&run->net, &net);
    if (other == run->net.op_count) {
        take_weights(&run->net, &net, run->net.params);
        if (run->moments.average != NULL)
            take_weights(&run->net, &net, run->moments.average);
        run->start_digest = c->digest;
    } else {
        snprintf(
            why, why_size,
            "the layer in line %d of the description differs from that of the network to start "
            "from; only activations may",
            run->net.ops[other].spec->line);
        st = TRAIN_ERR_MISMATCH;
    }
    train_net_free(&net);
    return st;
}

int train_checkpoint_start(train_session *run, const uint8_t *bytes, size_t size, char *why,
                           size_t why_size)
{
    content c;
    int st = parse(&c, bytes, size, why, why_size);
    if (st != TRAIN_OK)
        return st;
    train_recipe *recipe = malloc(sizeof *recipe);
    if (recipe == NULL) {
        snprintf(why, why_size, "no memory for the network to start from");
        return TRAIN_ERR_MEMORY;
    }
    st = start(run, &c, recipe, why, why_size);
    free(recipe);
    return st;
}
