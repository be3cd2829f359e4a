/* Plans, keys and messages. */
#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/wire/look.h"
#include "tools/cli.h"
#include "tools/hex.h"
#include "tools/inspect.h"
#include "tools/load.h"
#include "tools/net/identity.h"

enum { PLAN_VERSION_AT = 8 };

static int begins(const file_bytes *b, const char *magic)
{
    size_t length = strlen(magic);
    return b->size >= length && memcmp(b->data, magic, length) == 0;
}

/* ---- plans ---- */

static void tell_plan(const inspect_file *f, const nn_client *c, const ckks_context *ctx,
                      const envelope_ids *ids)
{
    nn_shape in = nn_client_input(c);
    char shape[80];

    inspect_kind(f, "a plan", (int)ckks_load_u32le(f->bytes->data + PLAN_VERSION_AT));
    inspect_params(f, nn_client_params(c), nn_client_keys(c), nn_client_key_count(c));
    inspect_number(f, "keys", nn_client_key_count(c));
    snprintf(shape, sizeof shape, "%zu x %zu x %zu", in.c, in.h, in.w);
    inspect_text(f, "input", shape);
    inspect_number(f, "logits", nn_client_outputs(c));
    inspect_text(f, "tail", nn_tail_name(nn_client_tail(c)));
    inspect_number(f, "images_side_by_side", nn_client_images(c));
    inspect_number(f, "request_parts", nn_client_requests(c));
    inspect_number(f, "response_parts", nn_client_responses(c));
    inspect_id(f, "model", ids->model);
    inspect_id(f, "plan", ids->plan);
    inspect_id(f, "parameters", ckks_context_id(ctx));
    inspect_digest(f);
    inspect_truth(f, "checksum", 1);
}

static int plan(const inspect_file *f)
{
    char why[WHY_BYTES] = "";
    nn_client *c = NULL;
    ckks_context *ctx = NULL;
    envelope_ids ids;
    int st = nn_client_read(&c, f->bytes->data, f->bytes->size, why, sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, f->name, why);
    st = load_context(&ctx, nn_client_params(c), f->name);
    if (st == CLI_OK)
        st = load_plan_file(NULL, &ids, c);
    if (st == CLI_OK)
        tell_plan(f, c, ctx, &ids);
    ckks_context_free(ctx);
    nn_client_free(c);
    return st;
}

/* ---- objects of ckks/ ---- */

/* All objects of a payload, one after the other, of one kind. */
typedef struct objects {
    ckks_wire_info first;
    size_t count;
    int limbs; /* of the longest */
} objects;

static int look_at_objects(objects *o, const inspect_file *f, const uint8_t *at, size_t left)
{
    char why[ENVELOPE_WHY] = "";

    memset(o, 0, sizeof *o);
    do {
        ckks_wire_info info;
        int st = ckks_wire_look(&info, at, left, why, sizeof why);
        if (st != CKKS_OK)
            return cli_fail_status(st, f->name, why);
        if (o->count++ == 0)
            o->first = info;
        if (info.kind != o->first.kind || info.context_id != o->first.context_id)
            return cli_fail(CLI_DAMAGED, f->name, "it holds objects of two kinds or parameters");
        o->limbs = info.limbs > o->limbs ? info.limbs : o->limbs;
        at += info.bytes;
        left -= info.bytes;
    } while (left > 0);
    return CLI_OK;
}

static void tell_objects(const inspect_file *f, const objects *o)
{
    const ckks_wire_info *i = &o->first;

    inspect_number(f, "object_version", (uint64_t)i->version);
    inspect_id(f, "parameters", i->context_id);
    if (i->insecure)
        inspect_text(f, "warning", "test parameters without security");
    if (i->kind == CKKS_WIRE_SECRET_KEY) {
        inspect_number(f, "n", i->ring);
    } else if (i->kind == CKKS_WIRE_EVAL_KEYS) {
        inspect_number(f, "keys", i->keys);
    } else if (i->kind == CKKS_WIRE_CIPHERTEXT) {
        inspect_number(f, "ciphertexts", o->count);
        inspect_number(f, "limbs", (uint64_t)o->limbs);
        inspect_truth(f, "seeded", i->seeded);
    }
}

/* ---- sealed files ---- */

/* Everything of the payload, read under the plan's parameters. */
static int read_under_plan(const inspect_file *f, const envelope *e)
{
    const inspect_plan *p = f->plan;
    envelope_ids ids = p->ids;
    ckks_secret_key *sk = NULL;
    ckks_eval_keys *keys = NULL;
    message m = {NULL, 0};
    size_t used = 0;
    int st = load_check_ids(e, &ids, f->name);

    if (st != CLI_OK)
        return st;
    if (e->kind == ENVELOPE_SECRET_KEY)
        st = ckks_secret_key_read(p->w, &sk, e->payload, e->payload_size, &used);
    else if (e->kind == ENVELOPE_EVAL_KEYS)
        st = ckks_eval_keys_read(p->w, &keys, e->payload, e->payload_size, &used);
    else {
        st = message_make(&m, p->ctx,
                          e->kind == ENVELOPE_REQUEST ? nn_client_requests(p->client)
                                                      : nn_client_responses(p->client));
        if (st == CLI_OK)
            st = load_unpack(p->w, &m, f->bytes, e->kind, &ids, f->name);
        message_free(&m);
        return st;
    }
    ckks_secret_key_free(sk);
    ckks_eval_keys_free(keys);
    return st == CKKS_OK ? CLI_OK : cli_fail_status(st, f->name, ckks_worker_error(p->w));
}

static int kind_of_object(envelope_kind kind)
{
    switch (kind) {
    case ENVELOPE_SECRET_KEY:
        return CKKS_WIRE_SECRET_KEY;
    case ENVELOPE_EVAL_KEYS:
        return CKKS_WIRE_EVAL_KEYS;
    case ENVELOPE_REQUEST:
    case ENVELOPE_RESPONSE:
        return CKKS_WIRE_CIPHERTEXT;
    default:
        return CKKS_WIRE_NONE;
    }
}

static void tell_sealed(const inspect_file *f, const envelope *e, const objects *o)
{
    const inspect_plan *p = f->plan;
    char digest[2 * ENVELOPE_DIGEST + 1];

    inspect_kind(f, envelope_kind_name(e->kind), f->bytes->data[6]);
    tell_objects(f, o);
    inspect_id(f, "model", e->ids.model);
    inspect_id(f, "plan", e->ids.plan);
    inspect_id(f, "key", e->ids.key);
    if (e->kind == ENVELOPE_RESPONSE) {
        hex_write(digest, e->request, ENVELOPE_DIGEST);
        inspect_text(f, "answers_blake2s", digest);
    }
    if (e->kind != ENVELOPE_SECRET_KEY)
        inspect_digest(f);
    inspect_truth(f, "checksum", 1);
    inspect_truth(f, "read_under_plan", p->client != NULL);
    if (p->client != NULL)
        inspect_params(f, nn_client_params(p->client), nn_client_keys(p->client),
                       nn_client_key_count(p->client));
}

/* The public half, as lists for --allow hold it. */
static int identity(const inspect_file *f)
{
    char text[CHANNEL_FINGERPRINT_CHARS], hex[IDENTITY_HEX];
    channel_keys keys;
    int st = identity_take(&keys, f->bytes, f->name);

    if (st != CLI_OK)
        return st;
    channel_fingerprint(text, keys.public_key);
    identity_hex(hex, keys.public_key);
    ckks_wipe(&keys, sizeof keys);
    inspect_kind(f, envelope_kind_name(ENVELOPE_IDENTITY), f->bytes->data[6]);
    inspect_text(f, "public_key", hex);
    inspect_text(f, "fingerprint", text);
    inspect_truth(f, "checksum", 1);
    return CLI_OK;
}

static int sealed(const inspect_file *f)
{
    char why[ENVELOPE_WHY] = "";
    envelope e;
    objects o;
    int st = envelope_look(&e, f->bytes, ENVELOPE_ANY, why);

    if (st != CLI_OK)
        return cli_fail(st, f->name, "%s", why);
    if (e.kind == ENVELOPE_IDENTITY)
        return identity(f);
    st = look_at_objects(&o, f, e.payload, e.payload_size);
    if (st != CLI_OK)
        return st;
    if (o.first.kind != kind_of_object(e.kind) ||
        (o.first.kind != CKKS_WIRE_CIPHERTEXT && o.count != 1))
        return cli_fail(CLI_DAMAGED, f->name, "its head says %s, and that is not what it holds",
                        envelope_kind_name(e.kind));
    /* Its key id is the digest of what it holds. */
    if (e.kind == ENVELOPE_EVAL_KEYS && envelope_key_id(e.payload, e.payload_size) != e.ids.key)
        return cli_fail(CLI_DAMAGED, f->name, "its keys are not those that its head names");
    if (f->plan->client != NULL)
        st = read_under_plan(f, &e);
    if (st == CLI_OK)
        tell_sealed(f, &e, &o);
    return st;
}

/* ---- bare objects, as the library writes them ---- */

static const char *object_name(int kind)
{
    static const char *const names[] = {
        "nothing",           "parameters",           "a bare secret key",
        "a bare public key", "bare evaluation keys", "bare ciphertexts"};
    return names[kind];
}

static int bare(const inspect_file *f)
{
    char why[WHY_BYTES] = "";
    ckks_params params;
    objects o;
    size_t used = 0;
    int st = look_at_objects(&o, f, f->bytes->data, f->bytes->size);

    if (st == CLI_OK && o.first.kind == CKKS_WIRE_PARAMS) {
        st = ckks_params_read(&params, f->bytes->data, f->bytes->size, &used, why, sizeof why);
        if (st != CKKS_OK)
            return cli_fail_status(st, f->name, why);
    }
    if (st != CLI_OK)
        return st;
    inspect_kind(f, object_name(o.first.kind), 0);
    tell_objects(f, &o);
    if (o.first.kind == CKKS_WIRE_PARAMS)
        inspect_params(f, &params, NULL, 0);
    if (o.first.kind != CKKS_WIRE_SECRET_KEY)
        inspect_digest(f);
    inspect_truth(f, "checksum", 1);
    return CLI_OK;
}

int inspect_job(const inspect_file *f)
{
    /* "UNSEEN" begins the other two as well. */
    if (begins(f->bytes, "UNSEENPL"))
        return plan(f);
    if (begins(f->bytes, "UNSEENCK"))
        return CLI_DONE;
    if (begins(f->bytes, "UNSEEN"))
        return sealed(f);
    return ckks_wire_kind(f->bytes->data, f->bytes->size) != CKKS_WIRE_NONE ? bare(f) : CLI_DONE;
}
