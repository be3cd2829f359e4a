/* Responses and the requests they answer. */
#define _POSIX_C_SOURCE 200809L

#include "tools/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ckks/wire/look.h"
#include "tools/cli.h"
#include "tools/load.h"

const char *reply_state_name(reply_state state)
{
    static const char *const names[] = {"whole", "missing", "damaged", "foreign"};
    return names[state];
}

static reply_state say(char *why, reply_state state, const char *sentence)
{
    snprintf(why, ENVELOPE_WHY, "%s", sentence);
    return state;
}

/* Ciphertexts to the end, under the same parameters as the request's. */
static reply_state look_at_parts(const envelope *e, const envelope *request, char *why)
{
    ckks_wire_info asked, part;
    size_t at = 0;

    if (ckks_wire_look(&asked, request->payload, request->payload_size, why, ENVELOPE_WHY) !=
        CKKS_OK)
        return say(why, REPLY_FOREIGN, "the request is damaged");
    do {
        if (ckks_wire_look(&part, e->payload + at, e->payload_size - at, why, ENVELOPE_WHY) !=
            CKKS_OK)
            return REPLY_DAMAGED;
        if (part.kind != CKKS_WIRE_CIPHERTEXT || part.context_id != asked.context_id)
            return say(why, REPLY_DAMAGED, "it holds something else than ciphertexts of its plan");
        at += part.bytes;
    } while (at < e->payload_size);
    return REPLY_WHOLE;
}

static reply_state look(const file_bytes *file, const envelope *request, const uint8_t *digest,
                        char *why)
{
    envelope e;

    if (envelope_look(&e, file, ENVELOPE_RESPONSE, why) != CLI_OK)
        return REPLY_DAMAGED;
    if (e.ids.model != request->ids.model)
        return say(why, REPLY_FOREIGN, "it is of another model");
    if (e.ids.plan != request->ids.plan)
        return say(why, REPLY_FOREIGN, "it is of another plan");
    if (e.ids.key != request->ids.key)
        return say(why, REPLY_FOREIGN, "it is under another key");
    if (memcmp(e.request, digest, ENVELOPE_DIGEST) != 0)
        return say(why, REPLY_FOREIGN, "it answers another request");
    return look_at_parts(&e, request, why);
}

int reply_look(reply *out, const char *path, const envelope *request,
               const uint8_t digest[ENVELOPE_DIGEST])
{
    struct stat info;
    file_bytes file;
    int st;

    *out = (reply){.state = REPLY_MISSING, .why = "there is no such file"};
    if (stat(path, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? CLI_OK
                   : cli_fail(cli_exit_of_errno(errno), path, "cannot be looked at: %s",
                              strerror(errno));
    /* Devices and pipes hold nothing yet. */
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return CLI_OK;
    st = load_file(&file, path);
    if (st != CLI_OK)
        return st;
    out->why[0] = '\0';
    envelope_digest(out->digest, &file);
    out->state = look(&file, request, digest, out->why);
    file_free(&file);
    return CLI_OK;
}
