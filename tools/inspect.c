/* Facts about files, as text or JSON. */
#include "tools/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "channel/hash.h"
#include "tools/cli.h"
#include "tools/hex.h"

enum { KEY_WIDTH = 18 };

static void print_key(const char *key)
{
    int width = printf("  ");

    for (; *key != '\0'; key++, width++)
        putchar(*key == '_' ? ' ' : *key);
    printf("%*s ", width < KEY_WIDTH ? KEY_WIDTH - width : 0, "");
}

void inspect_text(const inspect_file *f, const char *key, const char *text)
{
    if (f->j != NULL) {
        json_string(f->j, key, text);
        return;
    }
    print_key(key);
    printf("%s\n", text);
}

void inspect_number(const inspect_file *f, const char *key, uint64_t number)
{
    if (f->j != NULL) {
        json_integer(f->j, key, number);
        return;
    }
    print_key(key);
    printf("%" PRIu64 "\n", number);
}

void inspect_real(const inspect_file *f, const char *key, double number)
{
    if (f->j != NULL) {
        json_real(f->j, key, number);
        return;
    }
    print_key(key);
    printf("%.6g\n", number);
}

void inspect_truth(const inspect_file *f, const char *key, int truth)
{
    if (f->j != NULL)
        json_bool(f->j, key, truth);
    else
        inspect_text(f, key, truth ? "yes" : "no");
}

void inspect_id(const inspect_file *f, const char *key, uint64_t id)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, id);
    inspect_text(f, key, text);
}

void inspect_digest(const inspect_file *f)
{
    uint8_t hash[CHANNEL_HASH_BYTES];
    char text[2 * CHANNEL_HASH_BYTES + 1];

    channel_hash(hash, f->bytes->data, f->bytes->size);
    hex_write(text, hash, sizeof hash);
    inspect_text(f, "blake2s", text);
}

void inspect_kind(const inspect_file *f, const char *kind, int version)
{
    char size[32];

    if (f->j == NULL)
        printf("%s: %s\n", f->name, kind);
    else
        inspect_text(f, "kind", kind);
    if (version != 0)
        inspect_number(f, "format_version", (uint64_t)version);
    if (f->j != NULL)
        inspect_number(f, "bytes", f->bytes->size);
    else
        inspect_text(f, "size", cli_size(size, f->bytes->size));
}

void inspect_params(const inspect_file *f, const ckks_params *params, const ckks_key_spec *keys,
                    size_t key_count)
{
    double most = ckks_params_log2_qp(params, params->q_count, 0);

    for (size_t k = 0; k < key_count; k++) {
        double qp = ckks_params_log2_qp(params, keys[k].limbs, keys[k].special);
        most = qp > most ? qp : most;
    }
    /* The security of the largest modulus is that of all, for N is the same. */
    inspect_number(f, "security_bits",
                   params->insecure_test ? 0 : (uint64_t)ckks_security_bits(params->log_n, most));
    inspect_text(f, "ring", params->ring == CKKS_RING_REAL ? "real" : "complex");
    inspect_number(f, "log2_n", (uint64_t)params->log_n);
    inspect_number(f, "primes", (uint64_t)params->q_count);
    inspect_number(f, "special_primes", (uint64_t)params->p_count);
    inspect_real(f, "log2_q", ckks_params_log2_qp(params, params->q_count, 0));
    inspect_real(f, "log2_qp", most);
}
