/* Sealing and opening the files of the program. */
#include "tools/envelope.h"

#include <string.h>

#include "ckks/ckks.h"
#include "tools/cli.h"
#include "tools/inflate.h"

enum { VERSION = 1, CHECKED = 32 };

static const char magic[6] = {'U', 'N', 'S', 'E', 'E', 'N'};

static void store64(uint8_t *p, uint64_t x)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(x >> (8 * i));
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

void envelope_seal(uint8_t *bytes, envelope_kind kind, uint64_t model_id, uint64_t key_id,
                   size_t payload_size)
{
    uint32_t crc;

    memset(bytes, 0, ENVELOPE_BYTES);
    memcpy(bytes, magic, sizeof magic);
    bytes[6] = VERSION;
    bytes[7] = (uint8_t)kind;
    store64(bytes + 8, model_id);
    store64(bytes + 16, key_id);
    store64(bytes + 24, payload_size);
    crc = inflate_crc32(0, bytes, CHECKED);
    for (int i = 0; i < 4; i++)
        bytes[32 + i] = (uint8_t)(crc >> (8 * i));
}

const char *envelope_kind_name(envelope_kind kind)
{
    switch (kind) {
    case ENVELOPE_SECRET_KEY:
        return "a secret key";
    case ENVELOPE_EVAL_KEYS:
        return "a file of evaluation keys";
    case ENVELOPE_REQUEST:
        return "a request";
    case ENVELOPE_RESPONSE:
        return "a response";
    }
    return "a file of an unknown kind";
}

static int is_secret_key(const file_bytes *file)
{
    if (file->size > 7 && memcmp(file->data, magic, sizeof magic) == 0)
        return file->data[7] == ENVELOPE_SECRET_KEY;
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

static int check_head(const file_bytes *file, envelope_kind want, const char *name)
{
    if (file->size >= sizeof magic && memcmp(file->data, magic, sizeof magic) != 0)
        return cli_fail(CLI_DAMAGED, name,
                        "this is not %s: it does not begin as files of this "
                        "program do",
                        envelope_kind_name(want));
    if (file->size < ENVELOPE_BYTES)
        return cli_fail(CLI_DAMAGED, name,
                        "the file is cut short: it has %zu bytes and even its "
                        "head takes %d",
                        file->size, ENVELOPE_BYTES);
    if (file->data[6] != VERSION)
        return cli_fail(CLI_DAMAGED, name,
                        "the file has format version %d and this program reads "
                        "version %d",
                        file->data[6], VERSION);
    if (file->data[7] != (uint8_t)want)
        return cli_fail(CLI_DAMAGED, name, "this is %s where %s belongs",
                        envelope_kind_name((envelope_kind)file->data[7]), envelope_kind_name(want));
    return CLI_OK;
}

int envelope_open(envelope *out, const file_bytes *file, envelope_kind want, const char *name)
{
    uint64_t promised;
    uint32_t crc = 0;
    int st;

    memset(out, 0, sizeof *out);
    st = want == ENVELOPE_SECRET_KEY ? CLI_OK
                                     : envelope_refuse_secret(file, envelope_kind_name(want), name);
    if (st == CLI_OK)
        st = check_head(file, want, name);
    if (st != CLI_OK)
        return st;
    for (int i = 3; i >= 0; i--)
        crc = crc << 8 | file->data[32 + i];
    if (crc != inflate_crc32(0, file->data, CHECKED) || load64(file->data + 32) >> 32 != 0)
        return cli_fail(CLI_DAMAGED, name,
                        "the file was altered: the checksum of its head is wrong");
    promised = load64(file->data + 24);
    if (promised != file->size - ENVELOPE_BYTES)
        return cli_fail(CLI_DAMAGED, name,
                        "the file is %s: its head promises %llu bytes and %zu "
                        "follow",
                        promised > file->size - ENVELOPE_BYTES ? "cut short" : "too long",
                        (unsigned long long)promised, file->size - ENVELOPE_BYTES);
    *out = (envelope){want, load64(file->data + 8), load64(file->data + 16),
                      file->data + ENVELOPE_BYTES, (size_t)promised};
    return CLI_OK;
}

uint64_t envelope_key_id(const uint8_t *payload, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ payload[i]) * UINT64_C(0x100000001b3);
    return hash;
}
