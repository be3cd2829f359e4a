/* Plan, keys, requests, answers. */
#define _XOPEN_SOURCE 700

#include "tools/ask/query.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/image.h"
#include "tools/progress.h"

enum { RETRY_MS = 200 };

/* The pictures of one request. */
typedef struct batch {
    size_t first, count;
    enum { TO_SEND, UNDER_WAY, ANSWERED } state;
    double at; /* when it was sent */
    uint8_t digest[ENVELOPE_DIGEST];
} batch;

typedef struct asking {
    query *q;
    conversation *c;
    keystore keys;
    file_mapping eval;
    message request, response;
    batch *batch; /* batches of them; the stream of batch k is k + 1 */
    size_t batches, most, under_way, answered;
    int keys_lost; /* the server put the keys out: no requests before it has them again */
    double until;  /* when a busy server has been asked often enough */
    progress p;
} asking;

static double ms_since(double start)
{
    return 1e3 * (cli_seconds() - start);
}

/* A server that is busy is asked again, for as long as it may be silent. */
static int wait_if_busy(const asking *a, const service_fault *f)
{
    if (f->code != SERVICE_FAULT_BUSY || cli_seconds() > a->until)
        return conversation_fault(a->c, f);
    (void)poll(NULL, 0, RETRY_MS);
    return CLI_OK;
}

static int unexpected(const asking *a)
{
    return cli_fail(CLI_PROTOCOL, a->c->at->text, "the server answered what was not asked");
}

/* ---- the plan ---- */

static int take_plan(asking *a, const service_news *n, const uint8_t *known)
{
    const file_bytes plan = {n->bytes, n->bytes_size};
    double start = cli_seconds();
    int st;

    if (n->bytes == NULL && (known == NULL || memcmp(known, n->digest, SERVICE_DIGEST) != 0))
        return unexpected(a);
    a->most = n->requests < 1024 ? n->requests : 1024;
    st = keystore_open(&a->keys, n->digest, n->bytes != NULL ? &plan : NULL, a->c->at->text,
                       a->q->model, a->q->renew);
    a->q->keys_ms = ms_since(start);
    return st;
}

static int get_plan(asking *a)
{
    uint8_t known[SERVICE_DIGEST];
    int remembered = keystore_remembered(known, a->c->at->text, a->q->model), st;
    double start = cli_seconds();
    service_news n;

    st = conversation_did(a->c, service_client_open(a->c->client, a->q->model,
                                                    remembered ? known : NULL, cli_milliseconds()));
    if (st == CLI_OK)
        st = conversation_wait(a->c, &n);
    if (st != CLI_OK)
        return st;
    a->q->plan_ms = ms_since(start);
    if (n.kind == SERVICE_NEWS_PLAN)
        st = take_plan(a, &n, remembered ? known : NULL);
    else
        st = n.kind == SERVICE_NEWS_FAULT ? conversation_fault(a->c, &n.fault) : unexpected(a);
    free(n.bytes);
    return st;
}

/* ---- the keys ---- */

/* The file stays mapped while the client's machine sends it. */
static int upload(asking *a)
{
    int st = CLI_OK;

    if (a->eval.bytes.data == NULL)
        st = file_map(&a->eval, a->keys.eval, SIZE_MAX / 2);
    if (st == CLI_OK && a->eval.bytes.size != a->keys.eval_bytes)
        st = cli_fail(CLI_BUSY, a->keys.eval, "the keys are being replaced by another process");
    if (st != CLI_OK)
        return st;
    a->q->upload_bytes = a->eval.bytes.size;
    return conversation_did(a->c, service_client_upload(a->c->client, a->eval.bytes.data,
                                                        a->eval.bytes.size, cli_milliseconds()));
}

static int name_keys(asking *a)
{
    return conversation_did(a->c, service_client_keys(a->c->client, a->keys.eval_digest,
                                                      a->keys.eval_bytes, cli_milliseconds()));
}

static int agree_on_keys(asking *a)
{
    double start = cli_seconds();
    int st = name_keys(a), have = 0;

    while (st == CLI_OK && !have) {
        service_news n;
        st = conversation_wait(a->c, &n);
        if (st != CLI_OK)
            break;
        if (n.kind == SERVICE_NEWS_KEYS) {
            have = n.have;
            st = have ? CLI_OK : upload(a);
        } else if (n.kind == SERVICE_NEWS_FAULT) {
            st = wait_if_busy(a, &n.fault);
            st = st == CLI_OK ? name_keys(a) : st;
        } else if (n.kind != SERVICE_NEWS_WORKING && n.kind != SERVICE_NEWS_CLOSING) {
            free(n.bytes);
            st = unexpected(a);
        }
    }
    a->q->upload_ms = ms_since(start);
    return st;
}

/* ---- the pictures ---- */

/* The pictures of one request, one after the other. */
static float *gather(const asking *a, size_t first, size_t count)
{
    size_t area = nn_shape_count(nn_client_input(a->keys.client));
    float *images = malloc(count * area * sizeof *images);

    for (size_t i = 0; i < count && images != NULL; i++)
        memcpy(images + i * area, a->q->image[first + i].pixels, area * sizeof *images);
    return images;
}

static int encrypt(asking *a, size_t first, size_t count, file_bytes *out)
{
    size_t area = nn_shape_count(nn_client_input(a->keys.client));
    char why[WHY_BYTES] = "";
    float *images = gather(a, first, count);
    int st;

    *out = (file_bytes){NULL, 0};
    if (images == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu pictures", count);
    st = nn_client_encrypt_many(a->keys.worker, a->request.part, a->keys.client, a->keys.secret,
                                images, count, why, sizeof why);
    file_wipe(images, count * area * sizeof *images);
    free(images);
    if (st != NN_OK)
        return cli_fail_status(st, a->q->image[first].path,
                               *why != '\0' ? why : ckks_worker_error(a->keys.worker));
    return load_pack(out, &a->request, ENVELOPE_REQUEST, &a->keys.ids, NULL);
}

static int send_request(asking *a, size_t number)
{
    batch *b = &a->batch[number];
    file_bytes file;
    int st = encrypt(a, b->first, b->count, &file);

    if (st != CLI_OK)
        return st;
    envelope_digest(b->digest, &file);
    a->q->request_bytes = file.size;
    b->at = cli_seconds();
    b->state = UNDER_WAY;
    a->under_way++;
    return conversation_did(a->c, service_client_request(a->c->client, (uint32_t)number + 1,
                                                         file.data, file.size, cli_milliseconds()));
}

/* As many as the server takes at a time. */
static int send_requests(asking *a)
{
    int st = CLI_OK;

    for (size_t k = 0; k < a->batches && st == CLI_OK && a->under_way < a->most; k++) {
        if (a->batch[k].state == TO_SEND)
            st = send_request(a, k);
    }
    return st;
}

/* Holds the response to its request: the ids, and the digest of what was sent. */
static int open_response(asking *a, const batch *b, const file_bytes *file)
{
    char why[ENVELOPE_WHY] = "";
    envelope e;
    int st = envelope_look(&e, file, ENVELOPE_RESPONSE, why);

    if (st != CLI_OK)
        return cli_fail(st, a->c->at->text, "the response: %s", why);
    if (memcmp(e.request, b->digest, ENVELOPE_DIGEST) != 0)
        return cli_fail(CLI_MISMATCH, a->c->at->text, "the response is to another request");
    return load_unpack(a->keys.worker, &a->response, file, ENVELOPE_RESPONSE, &a->keys.ids,
                       a->c->at->text);
}

static int decrypt(asking *a, const batch *b)
{
    size_t outputs = nn_client_outputs(a->keys.client);
    float *logits = calloc(b->count * outputs, sizeof *logits);
    char why[WHY_BYTES] = "";
    int st;

    if (logits == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu logits", b->count * outputs);
    st = nn_client_decrypt_many(a->keys.worker, logits, b->count, a->keys.client, a->keys.secret,
                                message_parts(&a->response), why, sizeof why);
    for (size_t i = 0; i < b->count && st == NN_OK; i++) {
        query_image *image = &a->q->image[b->first + i];
        image->label = answer_label(logits + i * outputs, outputs);
        image->confidence = answer_confidence(logits + i * outputs, outputs, image->label);
    }
    file_wipe(logits, b->count * outputs * sizeof *logits);
    free(logits);
    return st == NN_OK ? CLI_OK
                       : cli_fail_status(st, a->c->at->text,
                                         *why != '\0' ? why : ckks_worker_error(a->keys.worker));
}

static batch *find(const asking *a, uint32_t stream)
{
    if (stream < 1 || stream > a->batches || a->batch[stream - 1].state != UNDER_WAY)
        return NULL;
    return &a->batch[stream - 1];
}

static int on_response(asking *a, const service_news *n)
{
    const file_bytes file = {n->bytes, n->bytes_size};
    batch *b = find(a, n->stream);
    double ms;
    int st;

    if (b == NULL)
        return unexpected(a);
    ms = ms_since(b->at);
    a->q->response_bytes = n->bytes_size;
    st = open_response(a, b, &file);
    if (st == CLI_OK)
        st = decrypt(a, b);
    for (size_t i = 0; i < b->count; i++)
        a->q->image[b->first + i].ms = ms;
    b->state = ANSWERED;
    a->under_way--;
    a->answered++;
    a->until = cli_seconds() + a->q->timeout;
    progress_show(&a->p, a->answered, NULL);
    return st;
}

/* Where trying again helps, the request is to be sent once more. */
static int on_fault(asking *a, const service_news *n)
{
    batch *b = find(a, n->stream);
    int st = CLI_OK;

    if (b == NULL)
        return conversation_fault(a->c, &n->fault);
    if (n->fault.code == SERVICE_FAULT_NO_KEYS && cli_seconds() < a->until)
        a->keys_lost = 1;
    else
        st = wait_if_busy(a, &n->fault);
    b->state = TO_SEND;
    a->under_way--;
    return st;
}

static int on_news(asking *a, const service_news *n)
{
    switch (n->kind) {
    case SERVICE_NEWS_RESPONSE:
        return on_response(a, n);
    case SERVICE_NEWS_FAULT:
        return on_fault(a, n);
    case SERVICE_NEWS_WORKING:
    case SERVICE_NEWS_CLOSING:
        return CLI_OK;
    default:
        return unexpected(a);
    }
}

static int ask_all(asking *a)
{
    int st = CLI_OK;

    while (st == CLI_OK && a->answered < a->batches) {
        service_news n;
        if (a->keys_lost && a->under_way == 0) {
            a->keys_lost = 0;
            st = agree_on_keys(a);
        }
        if (st == CLI_OK && !a->keys_lost)
            st = send_requests(a);
        if (st == CLI_OK)
            st = conversation_wait(a->c, &n);
        if (st == CLI_OK) {
            st = on_news(a, &n);
            free(n.bytes);
        }
    }
    return st;
}

/* Room for requests and responses, and which pictures go together. */
static int prepare(asking *a)
{
    query *q = a->q;
    int st;

    q->together = nn_client_images(a->keys.client);
    a->batches = (q->count + q->together - 1) / q->together;
    a->batch = calloc(a->batches, sizeof *a->batch);
    if (a->batch == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu requests", a->batches);
    for (size_t k = 0; k < a->batches; k++) {
        size_t first = k * q->together, left = q->count - first;
        a->batch[k] = (batch){.first = first, .count = left < q->together ? left : q->together};
    }
    st = message_make(&a->request, a->keys.ctx, nn_client_requests(a->keys.client));
    return st == CLI_OK
               ? message_make(&a->response, a->keys.ctx, nn_client_responses(a->keys.client))
               : st;
}

static int take_pixels(asking *a, query_image *image, const image_set *set)
{
    size_t area = nn_shape_count(set->shape);

    image->pixels = calloc(area, sizeof *image->pixels);
    if (image->pixels == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu pictures", a->q->count);
    return image_set_take(image->pixels, set, image->index, a->q->invert);
}

/* The pictures can only be read now: the plan says of what shape they are. Those of one file stand
 * side by side in the list. */
static int read_images(asking *a)
{
    nn_shape shape = nn_client_input(a->keys.client);
    size_t i = 0;
    int st = CLI_OK;

    while (i < a->q->count && st == CLI_OK) {
        const char *path = a->q->image[i].path;
        image_set set;
        st = image_set_read(&set, shape, path);
        for (; i < a->q->count && a->q->image[i].path == path && st == CLI_OK; i++)
            st = take_pixels(a, &a->q->image[i], &set);
        image_set_free(&set);
    }
    return st;
}

static void clean_up(asking *a)
{
    size_t area = a->keys.client != NULL ? nn_shape_count(nn_client_input(a->keys.client)) : 0;

    for (size_t i = 0; i < a->q->count; i++) {
        if (a->q->image[i].pixels != NULL)
            file_wipe(a->q->image[i].pixels, area * sizeof(float));
        free(a->q->image[i].pixels);
        a->q->image[i].pixels = NULL;
    }
    free(a->batch);
    message_free(&a->request);
    message_free(&a->response);
    keystore_close(&a->keys);
}

int query_run(query *q, conversation *c)
{
    asking a = {.q = q, .c = c, .until = cli_seconds() + q->timeout};
    double start;
    int st;

    progress_begin(&a.p, "asking", 0);
    progress_show(&a.p, 0, "plan and keys");
    st = get_plan(&a);
    if (st == CLI_OK)
        st = read_images(&a);
    if (st == CLI_OK)
        st = prepare(&a);
    if (st == CLI_OK)
        st = agree_on_keys(&a);
    start = cli_seconds();
    progress_end(&a.p);
    progress_begin(&a.p, "asking", a.batches);
    if (st == CLI_OK)
        st = ask_all(&a);
    progress_end(&a.p);
    q->total_ms = ms_since(start);
    /* The conversation may still point into the mapped keys: it ends first. */
    conversation_close(c);
    file_unmap(&a.eval);
    clean_up(&a);
    return st;
}
