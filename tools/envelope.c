/* Sealing and opening the files of the program. */
#include "tools/envelope.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "channel/hash.h"
#include "ckks/base/bytes.h"
#include "ckks/ckks.h"
#include "tools/cli.h"
#include "tools/inflate.h"

enum { VERSION = 2, REQUEST_AT = 40, CHECKED = 56 };

static const char magic[6] = {'U', 'N', 'S', 'E', 'E', 'N'};

void envelope_seal(uint8_t *bytes, envelope_kind kind, const envelope_ids *ids,
                   const uint8_t *request, size_t payload_size)
{
    uint32_t crc;

    memset(bytes, 0, ENVELOPE_BYTES);
    memcpy(bytes, magic, sizeof magic);
    bytes[6] = VERSION;
    bytes[7] = (uint8_t)kind;
    ckks_store_u64le(bytes + 8, ids->model);
    ckks_store_u64le(bytes + 16, ids->plan);
    ckks_store_u64le(bytes + 24, ids->key);
    ckks_store_u64le(bytes + 32, payload_size);
    if (request != NULL)
        memcpy(bytes + REQUEST_AT, request, ENVELOPE_DIGEST);
    crc = inflate_crc32(0, bytes, CHECKED);
    ckks_store_u64le(bytes + CHECKED, crc);
}

const char *envelope_kind_name(envelope_kind kind)
{
    switch (kind) {
    case ENVELOPE_ANY:
        break;
    case ENVELOPE_SECRET_KEY:
        return "a secret key";
    case ENVELOPE_EVAL_KEYS:
        return "a file of evaluation keys";
    case ENVELOPE_REQUEST:
        return "a request";
    case ENVELOPE_RESPONSE:
        return "a response";
    case ENVELOPE_PLAN:
        return "a plan";
    case ENVELOPE_IDENTITY:
        return "an identity";
    }
    return "a file of an unknown kind";
}

int envelope_claims(const file_bytes *file)
{
    return file->size > 7 && memcmp(file->data, magic, sizeof magic) == 0 ? file->data[7] : 0;
}

static int is_secret_key(const file_bytes *file)
{
    int kind = envelope_claims(file);

    if (kind != 0)
        return kind == ENVELOPE_SECRET_KEY || kind == ENVELOPE_IDENTITY;
    return ckks_wire_kind(file->data, file->size) == CKKS_WIRE_SECRET_KEY;
}

int envelope_refuse_secret(const file_bytes *file, const char *what, const char *name)
{
    if (!is_secret_key(file))
        return CLI_OK;
    return cli_fail(CLI_REFUSED, name,
                    "this is a secret key where %s belongs; a secret key never "
                    "leaves the client",
                    what);
}

int envelope_refuse_other(const file_bytes *file, envelope_kind want, const char *name)
{
    const char *wanted = want == ENVELOPE_PLAN ? envelope_kind_name(want) : "a network (ONNX)";
    int kind = envelope_claims(file), st = file_refuse_gzip(file, name);
    char usage[CLI_SYNOPSIS];

    if (st == CLI_OK)
        st = envelope_refuse_secret(file, wanted, name);
    if (st == CLI_OK && kind != 0 && kind != (int)want)
        st = cli_fail(CLI_DAMAGED, name, "this is %s where %s belongs; the usage is: %s",
                      envelope_kind_name((envelope_kind)kind), wanted, cli_synopsis(usage));
    return st;
}

/* One sentence, and CLI_DAMAGED. */
static int damaged(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int damaged(char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, ENVELOPE_WHY, format, arguments);
    va_end(arguments);
    return CLI_DAMAGED;
}

static int look_at_head(const file_bytes *file, envelope_kind want, char *why)
{
    const char *wanted = want != ENVELOPE_ANY ? envelope_kind_name(want) : "one of our files";

    if (file->size >= sizeof magic && memcmp(file->data, magic, sizeof magic) != 0)
        return damaged(why, "this is not %s: it does not begin as files of this program do",
                       wanted);
    if (want != ENVELOPE_ANY && envelope_claims(file) == ENVELOPE_PLAN)
        return damaged(why, "this is a plan where %s belongs", wanted);
    if (file->size < ENVELOPE_BYTES)
        return damaged(why, "the file is cut short: it has %zu bytes and even its head takes %d",
                       file->size, ENVELOPE_BYTES);
    if (file->data[6] != VERSION)
        return damaged(why, "the file has format version %d and this program reads version %d",
                       file->data[6], VERSION);
    if (want != ENVELOPE_ANY && file->data[7] != (uint8_t)want)
        return damaged(why, "this is %s where %s belongs",
                       envelope_kind_name((envelope_kind)file->data[7]), wanted);
    return CLI_OK;
}

int envelope_look(envelope *out, const file_bytes *file, envelope_kind want, char *why)
{
    uint64_t promised;
    int st = look_at_head(file, want, why);

    memset(out, 0, sizeof *out);
    if (st != CLI_OK)
        return st;
    /* The four bytes behind the checksum are zero. */
    if (ckks_load_u64le(file->data + CHECKED) != inflate_crc32(0, file->data, CHECKED))
        return damaged(why, "the file was altered: the checksum of its head is wrong");
    promised = ckks_load_u64le(file->data + 32);
    if (promised != file->size - ENVELOPE_BYTES)
        return damaged(why, "the file is %s: its head promises %llu bytes and %zu follow",
                       promised > file->size - ENVELOPE_BYTES ? "cut short" : "too long",
                       (unsigned long long)promised, file->size - ENVELOPE_BYTES);
    *out = (envelope){.kind = (envelope_kind)file->data[7],
                      .ids = {ckks_load_u64le(file->data + 8), ckks_load_u64le(file->data + 16),
                              ckks_load_u64le(file->data + 24)},
                      .payload = file->data + ENVELOPE_BYTES,
                      .payload_size = (size_t)promised};
    memcpy(out->request, file->data + REQUEST_AT, ENVELOPE_DIGEST);
    return CLI_OK;
}

int envelope_open(envelope *out, const file_bytes *file, envelope_kind want, const char *name)
{
    char why[ENVELOPE_WHY] = "", usage[CLI_SYNOPSIS];
    int kind = envelope_claims(file), st = file_refuse_gzip(file, name);

    memset(out, 0, sizeof *out);
    if (st == CLI_OK && want != ENVELOPE_SECRET_KEY && want != ENVELOPE_IDENTITY)
        st = envelope_refuse_secret(file, envelope_kind_name(want), name);
    if (st != CLI_OK)
        return st;
    st = envelope_look(out, file, want, why);
    if (st != CLI_OK && kind != 0 && kind != (int)want)
        return cli_fail(st, name, "%s; the usage is: %s", why, cli_synopsis(usage));
    return st == CLI_OK ? st : cli_fail(st, name, "%s", why);
}

uint64_t envelope_key_id(const uint8_t *payload, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ payload[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void envelope_digest(uint8_t out[ENVELOPE_DIGEST], const file_bytes *request)
{
    uint8_t hash[CHANNEL_HASH_BYTES];

    channel_hash(hash, request->data, request->size);
    memcpy(out, hash, ENVELOPE_DIGEST);
}

void envelope_ids_json(json *j, const envelope_ids *ids)
{
    static const char *const name[] = {"model", "plan", "key"};
    const uint64_t id[] = {ids->model, ids->plan, ids->key};
    char text[20];

    for (int k = 0; k < 3; k++) {
        snprintf(text, sizeof text, "%016llx", (unsigned long long)id[k]);
        json_string(j, name[k], text);
    }
}
