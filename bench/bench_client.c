/* What a client does, on each parameter set: coding, encryption, keys and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fixture.h"

typedef struct objects {
    fixture f;
    ckks_public_key *pk;
    ckks_key_spec spec; /* of a rotation */
    ckks_plaintext *decoded;
    double *out;
    uint8_t *bytes;
    size_t room, used;
} objects;

static int run_encode(void *p)
{
    objects *o = p;
    return ckks_encode(o->f.worker, o->f.plain, o->f.values, NULL, o->f.slots, o->f.preset->limbs,
                       o->f.scale);
}

static int run_decode(void *p)
{
    objects *o = p;
    return ckks_decode(o->f.worker, o->out, NULL, o->f.slots, o->f.plain);
}

static int run_encrypt(void *p)
{
    objects *o = p;
    return ckks_encrypt(o->f.worker, o->f.out, o->f.sk, o->f.plain);
}

static int run_encrypt_public(void *p)
{
    objects *o = p;
    return ckks_encrypt_public(o->f.worker, o->f.out, o->pk, o->f.plain);
}

static int run_decrypt(void *p)
{
    objects *o = p;
    return ckks_decrypt(o->f.worker, o->decoded, o->f.sk, o->f.a);
}

static int run_decrypt_to_share(void *p)
{
    objects *o = p;
    return ckks_decrypt_to_share(o->f.worker, o->decoded, o->f.sk, o->f.a, 1.0, 30);
}

static int run_round_trip(void *p)
{
    objects *o = p;
    int st = run_encode(o);

    if (st == CKKS_OK)
        st = run_encrypt(o);
    if (st == CKKS_OK)
        st = ckks_decrypt(o->f.worker, o->decoded, o->f.sk, o->f.out);
    return st == CKKS_OK ? ckks_decode(o->f.worker, o->out, NULL, o->f.slots, o->decoded) : st;
}

static int run_key(void *p)
{
    objects *o = p;
    ckks_eval_keys *made = NULL;
    int st = ckks_eval_keys_create(o->f.worker, &made, o->f.sk, &o->spec, 1);

    ckks_eval_keys_free(made);
    return st;
}

static int run_secret_key(void *p)
{
    objects *o = p;
    ckks_secret_key *made = NULL;
    int st = ckks_secret_key_create(o->f.worker, &made);

    ckks_secret_key_free(made);
    return st;
}

static int run_public_key(void *p)
{
    objects *o = p;
    ckks_public_key *made = NULL;
    int st = ckks_public_key_create(o->f.worker, &made, o->f.sk);

    ckks_public_key_free(made);
    return st;
}

static int run_write(void *p)
{
    objects *o = p;
    return ckks_ciphertext_write(o->bytes, o->room, &o->used, o->f.a);
}

static int run_read(void *p)
{
    objects *o = p;
    size_t used;
    int st = o->used == 0 ? run_write(o) : CKKS_OK;

    if (st != CKKS_OK)
        return st;
    return ckks_ciphertext_read(o->f.worker, o->f.out, o->bytes, o->used, &used);
}

static size_t bytes_key(const void *p)
{
    const objects *o = p;
    return ckks_key_spec_memory(o->f.ctx, &o->spec);
}

static size_t bytes_fresh(const void *p)
{
    return ckks_ciphertext_wire_bytes(((const objects *)p)->f.a);
}

static const bench_case cases[] = {
    {.name = "encode", .run = run_encode},
    {.name = "decode", .run = run_decode},
    {.name = "encrypt", .run = run_encrypt},
    {.name = "encrypt_public", .run = run_encrypt_public},
    {.name = "decrypt", .run = run_decrypt},
    {.name = "decrypt_to_share", .run = run_decrypt_to_share},
    {.name = "round_trip", .run = run_round_trip},
    {.name = "key_secret", .run = run_secret_key},
    {.name = "key_public", .run = run_public_key},
    {.name = "key_rotate", .run = run_key, .bytes = bytes_key},
    {.name = "write", .run = run_write, .bytes = bytes_fresh},
    {.name = "read", .run = run_read, .bytes = bytes_fresh},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static int make(objects *o)
{
    int st;

    o->spec = (ckks_key_spec){CKKS_KEY_ROTATE, 1, o->f.preset->limbs, 0, 0};
    st = ckks_key_spec_choose(o->f.ctx, &o->spec);
    if (st == CKKS_OK)
        st = ckks_public_key_create(o->f.worker, &o->pk, o->f.sk);
    if (st == CKKS_OK)
        st = ckks_plaintext_create(&o->decoded, o->f.ctx);
    if (st == CKKS_OK)
        st = run_encode(o);
    o->room = ckks_ciphertext_wire_bytes(o->f.a);
    o->bytes = malloc(o->room);
    o->out = malloc(o->f.slots * sizeof *o->out);
    return st == CKKS_OK && (o->bytes == NULL || o->out == NULL) ? CKKS_ERR_MEMORY : st;
}

static void clear(objects *o)
{
    free(o->bytes);
    free(o->out);
    ckks_plaintext_free(o->decoded);
    ckks_public_key_free(o->pk);
    fixture_clear(&o->f);
}

void bench_client(bench *b)
{
    for (size_t p = 0; p < fixture_preset_count; p++) {
        const fixture_preset *preset = &fixture_presets[p];
        char group[64], why[512];
        bench_place place = fixture_place(b, preset, "client", group);
        objects o;
        int st;

        if (!bench_wanted(b, &place, cases, CASES))
            continue;
        memset(&o, 0, sizeof o);
        st = fixture_init(&o.f, b, preset, NULL, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(o.f.ctx);
            st = make(&o);
            snprintf(why, sizeof why, "%s", ckks_worker_error(o.f.worker));
        }
        if (st == CKKS_OK)
            bench_run(b, &place, cases, CASES, &o);
        else
            bench_fail(b, &place, st, why);
        clear(&o);
    }
}
