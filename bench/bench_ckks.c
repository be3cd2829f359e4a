/* Every operation of ckks.h on each parameter set: coding, encryption, arithmetic, key switching in
 * its variants, keys and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fixture.h"

enum { HOISTED = 4, VARIANTS = 3 };

typedef struct objects {
    fixture f; /* first, so that a fixture is an objects */
    ckks_public_key *pk;
    ckks_eval_keys *keys;              /* chosen: relinearise, rotate 1..HOISTED, conjugate, low */
    ckks_eval_keys *variant[VARIANTS]; /* rotate 1 at full limbs with 1, 2, 4 limbs a digit */
    ckks_key_spec spec;                /* of rotate 1 */
    ckks_ciphertext *raw, *low, *at2;  /* a product of three parts; two limbs, input and output */
    ckks_ciphertext *many[HOISTED];
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

static int run_add(void *p)
{
    objects *o = p;
    return ckks_eval_add(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_sub(void *p)
{
    objects *o = p;
    return ckks_eval_sub(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_negate(void *p)
{
    objects *o = p;
    return ckks_eval_negate(o->f.worker, o->f.out, o->f.a);
}

static int run_add_plain(void *p)
{
    objects *o = p;
    return ckks_eval_add_plain(o->f.worker, o->f.out, o->f.a, o->f.plain);
}

static int run_mul_plain(void *p)
{
    objects *o = p;
    return ckks_eval_mul_plain(o->f.worker, o->f.out, o->f.a, o->f.plain);
}

static int run_add_const(void *p)
{
    objects *o = p;
    return ckks_eval_add_const(o->f.worker, o->f.out, o->f.a, 0.375);
}

static int run_mul_const(void *p)
{
    objects *o = p;
    return ckks_eval_mul_const(o->f.worker, o->f.out, o->f.a, 0.375, o->f.scale);
}

static int run_drop(void *p)
{
    objects *o = p;
    return ckks_eval_drop(o->f.worker, o->f.out, o->f.a, o->f.preset->limbs - 1);
}

static int run_rescale(void *p)
{
    objects *o = p;
    return ckks_eval_rescale(o->f.worker, o->f.out, o->f.a);
}

static int run_mul_raw(void *p)
{
    objects *o = p;
    return ckks_eval_mul_raw(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_square_raw(void *p)
{
    objects *o = p;
    return ckks_eval_square_raw(o->f.worker, o->f.out, o->f.a);
}

static int run_relinearise(void *p)
{
    objects *o = p;
    return ckks_eval_relinearise(o->f.worker, o->f.out, o->raw, 0);
}

static int run_relinearise_rescale(void *p)
{
    objects *o = p;
    return ckks_eval_relinearise(o->f.worker, o->f.out, o->raw, 1);
}

static int run_mul(void *p)
{
    objects *o = p;
    return ckks_eval_mul(o->f.worker, o->f.out, o->f.a, o->f.b, 1);
}

static int run_square(void *p)
{
    objects *o = p;
    return ckks_eval_square(o->f.worker, o->f.out, o->f.a, 1);
}

static int run_rotate(void *p)
{
    objects *o = p;
    return ckks_eval_rotate(o->f.worker, o->f.out, o->f.a, 1);
}

static int rotate_variant(objects *o, int variant)
{
    int back, st = ckks_worker_use_keys(o->f.worker, o->variant[variant]);

    if (st == CKKS_OK)
        st = run_rotate(o);
    back = ckks_worker_use_keys(o->f.worker, o->keys);
    return st != CKKS_OK ? st : back;
}

static int run_rotate_1(void *p)
{
    return rotate_variant(p, 0);
}

static int run_rotate_2(void *p)
{
    return rotate_variant(p, 1);
}

static int run_rotate_4(void *p)
{
    return rotate_variant(p, 2);
}

static int run_rotate_low(void *p)
{
    objects *o = p;
    return ckks_eval_rotate(o->f.worker, o->at2, o->low, 1);
}

static int run_rotate_many(void *p)
{
    static const int steps[HOISTED] = {1, 2, 3, 4};
    objects *o = p;
    return ckks_eval_rotate_many(o->f.worker, o->many, o->f.a, steps, HOISTED);
}

static int run_conjugate(void *p)
{
    objects *o = p;
    return ckks_eval_conjugate(o->f.worker, o->f.out, o->f.a);
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
    {"encode", run_encode, NULL},
    {"decode", run_decode, NULL},
    {"encrypt", run_encrypt, NULL},
    {"encrypt_public", run_encrypt_public, NULL},
    {"decrypt", run_decrypt, NULL},
    {"decrypt_to_share", run_decrypt_to_share, NULL},
    {"add", run_add, NULL},
    {"sub", run_sub, NULL},
    {"negate", run_negate, NULL},
    {"add_plain", run_add_plain, NULL},
    {"mul_plain", run_mul_plain, NULL},
    {"add_const", run_add_const, NULL},
    {"mul_const", run_mul_const, NULL},
    {"drop", run_drop, NULL},
    {"rescale", run_rescale, NULL},
    {"mul_raw", run_mul_raw, NULL},
    {"square_raw", run_square_raw, NULL},
    {"relinearise", run_relinearise, NULL},
    {"relinearise_rescale", run_relinearise_rescale, NULL},
    {"mul", run_mul, NULL},
    {"square", run_square, NULL},
    {"rotate", run_rotate, bytes_key},
    {"rotate_2_limbs", run_rotate_low, NULL},
    {"rotate_many_4", run_rotate_many, NULL},
    {"conjugate", run_conjugate, NULL},
    {"key_secret", run_secret_key, NULL},
    {"key_public", run_public_key, NULL},
    {"key_rotate", run_key, bytes_key},
    {"write", run_write, bytes_fresh},
    {"read", run_read, bytes_fresh},
};

/* Digits of 1, 2 and 4 limbs with as many special primes. */
static const bench_case variants[VARIANTS] = {
    {"rotate_digit_1", run_rotate_1, NULL},
    {"rotate_digit_2", run_rotate_2, NULL},
    {"rotate_digit_4", run_rotate_4, NULL},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static int variant_count(const fixture_preset *preset)
{
    return preset->special >= 4 ? 3 : preset->special >= 2 ? 2 : 1;
}

static int make_keys(objects *o)
{
    const int limbs = o->f.preset->limbs;
    ckks_key_spec spec[HOISTED + 3];
    int count = 0, st = CKKS_OK;

    spec[count++] = (ckks_key_spec){CKKS_KEY_RELINEARISE, 0, limbs, 0, 0};
    for (int i = 1; i <= HOISTED; i++)
        spec[count++] = (ckks_key_spec){CKKS_KEY_ROTATE, i, limbs, 0, 0};
    spec[count++] = (ckks_key_spec){CKKS_KEY_CONJUGATE, 0, limbs, 0, 0};
    spec[count++] = (ckks_key_spec){CKKS_KEY_ROTATE, 1, 2, 0, 0};
    for (int i = 0; st == CKKS_OK && i < count; i++)
        st = ckks_key_spec_choose(o->f.ctx, &spec[i]);
    o->spec = spec[1];
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(o->f.worker, &o->keys, o->f.sk, spec, (size_t)count);
    for (int i = 0; st == CKKS_OK && i < variant_count(o->f.preset); i++) {
        ckks_key_spec one = {CKKS_KEY_ROTATE, 1, limbs, 1 << i, 1 << i};
        st = ckks_eval_keys_create(o->f.worker, &o->variant[i], o->f.sk, &one, 1);
    }
    if (st == CKKS_OK)
        st = ckks_worker_use_keys(o->f.worker, o->keys);
    if (st == CKKS_OK)
        st = ckks_public_key_create(o->f.worker, &o->pk, o->f.sk);
    return st;
}

static int make_more(objects *o)
{
    ckks_ciphertext **const needed[] = {&o->raw, &o->low, &o->at2};
    int st = CKKS_OK;

    for (size_t i = 0; st == CKKS_OK && i < 3; i++)
        st = ckks_ciphertext_create(needed[i], o->f.ctx);
    for (int i = 0; st == CKKS_OK && i < HOISTED; i++)
        st = ckks_ciphertext_create(&o->many[i], o->f.ctx);
    if (st == CKKS_OK)
        st = ckks_plaintext_create(&o->decoded, o->f.ctx);
    if (st == CKKS_OK)
        st = ckks_eval_mul_raw(o->f.worker, o->raw, o->f.a, o->f.b);
    if (st == CKKS_OK)
        st = ckks_eval_drop(o->f.worker, o->low, o->f.a, 2);
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
    for (int i = 0; i < HOISTED; i++)
        ckks_ciphertext_free(o->many[i]);
    ckks_ciphertext_free(o->raw);
    ckks_ciphertext_free(o->low);
    ckks_ciphertext_free(o->at2);
    ckks_public_key_free(o->pk);
    ckks_eval_keys_free(o->keys);
    for (int i = 0; i < VARIANTS; i++)
        ckks_eval_keys_free(o->variant[i]);
    fixture_clear(&o->f);
}

void bench_ckks(bench *b)
{
    for (size_t p = 0; p < fixture_preset_count; p++) {
        const fixture_preset *preset = &fixture_presets[p];
        char group[64], why[512];
        bench_place place = fixture_place(b, preset, "ckks", group);
        size_t more = (size_t)variant_count(preset);
        int wanted = bench_wanted(b, &place, cases, CASES);
        objects o;
        int st;

        wanted |= bench_wanted(b, &place, variants, more);
        if (!wanted)
            continue;
        memset(&o, 0, sizeof o);
        st = fixture_init(&o.f, b, preset, NULL, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(o.f.ctx);
            st = make_keys(&o);
            if (st == CKKS_OK)
                st = make_more(&o);
            snprintf(why, sizeof why, "%s", ckks_worker_error(o.f.worker));
        }
        if (st == CKKS_OK) {
            bench_run(b, &place, cases, CASES, &o);
            bench_run(b, &place, variants, more, &o);
        } else {
            bench_fail(b, &place, st, why);
        }
        clear(&o);
    }
}
