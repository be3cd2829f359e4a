/* Lists of ciphertexts. */
#include "tools/message.h"

#include <stdlib.h>

#include "tools/cli.h"

int message_make(message *m, const ckks_context *ctx, size_t count)
{
    *m = (message){calloc(count, sizeof(ckks_ciphertext *)), count};
    for (size_t i = 0; i < count; i++) {
        if (m->part == NULL || ckks_ciphertext_create(&m->part[i], ctx) != CKKS_OK)
            return cli_fail(CLI_MEMORY, NULL, "no memory for %zu ciphertext%s", count,
                            count == 1 ? "" : "s");
    }
    return CLI_OK;
}

void message_free(message *m)
{
    for (size_t i = 0; m->part != NULL && i < m->count; i++)
        ckks_ciphertext_free(m->part[i]);
    free(m->part);
    *m = (message){NULL, 0};
}

const ckks_ciphertext *const *message_parts(const message *m)
{
    return (const ckks_ciphertext *const *)m->part;
}

size_t message_wire_bytes(const message *m)
{
    size_t bytes = 0;
    for (size_t i = 0; i < m->count; i++)
        bytes += ckks_ciphertext_wire_bytes(m->part[i]);
    return bytes;
}
