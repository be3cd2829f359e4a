/* Objects for the cases of the scheme. */
#include "bench/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Special primes are the largest there are, and the first limb a little smaller, so that one
 * special prime exceeds a digit of one limb; 2^12 has no room for such. */
const fixture_preset fixture_presets[] = {
    {"L12-1", NULL, 12, 2, 36.0, 30.0, 1, 36.5, 30.0},
    {"L13-2", "P13s", 13, 3, 46.5, 46.0, 1, 46.8, 40.0},
    {"L13-3", "P13", 13, 4, 46.5, 40.0, 1, 46.8, 40.0},
    {"L14-7", "P14", 14, 8, 46.5, 41.0, 2, 46.8, 40.0},
    {"L15-15", "P15", 15, 16, 46.5, 42.0, 4, 46.8, 40.0},
    {"L16-30", "P16", 16, 31, 46.5, 46.0, 6, 46.8, 40.0},
};
const size_t fixture_preset_count = sizeof fixture_presets / sizeof fixture_presets[0];

bench_place fixture_place(const bench *b, const fixture_preset *preset, const char *kind,
                          char text[64])
{
    snprintf(text, 64, "%s/%s", kind, preset->name);
    return (bench_place){text, preset->log_n, preset->limbs, preset->special,
                         b->kernel != NULL ? b->kernel : "auto"};
}

cost_shape fixture_shape(const fixture_preset *preset, int limbs, const ckks_key_spec *key)
{
    return (cost_shape){preset->log_n, limbs, key->special, key->alpha};
}

static int make_context(fixture *f, const bench *b, char *why, size_t why_size)
{
    const fixture_preset *p = f->preset;
    double q[CKKS_MAX_Q], special[CKKS_MAX_P];
    ckks_params params;
    int st;

    for (int i = 0; i < p->limbs; i++)
        q[i] = i == 0 ? p->first_bits : p->limb_bits;
    for (int i = 0; i < p->special; i++)
        special[i] = p->special_bits;
    st = ckks_params_generate(&params, CKKS_RING_COMPLEX, p->log_n, q, p->limbs, special,
                              p->special, 128, why, why_size);
    if (st != CKKS_OK)
        return st;
    params.kernel = b->kernel;
    return ckks_context_create(&f->ctx, &params, why, why_size);
}

int fixture_encrypt(fixture *f, ckks_ciphertext *out, int limbs)
{
    int st = ckks_encode(f->worker, f->plain, f->values, NULL, f->slots, limbs, f->scale);
    return st == CKKS_OK ? ckks_encrypt(f->worker, out, f->sk, f->plain) : st;
}

ckks_status fixture_diagonal(void *user, int k, double *value)
{
    const fixture *f = user;

    (void)k;
    memcpy(value, f->values, f->slots * sizeof *value);
    return CKKS_OK;
}

static int make_objects(fixture *f)
{
    int st = ckks_secret_key_create(f->worker, &f->sk);

    if (st == CKKS_OK)
        st = ckks_plaintext_create(&f->plain, f->ctx);
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&f->a, f->ctx);
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&f->b, f->ctx);
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&f->out, f->ctx);
    if (st == CKKS_OK)
        st = fixture_encrypt(f, f->a, f->preset->limbs);
    if (st == CKKS_OK)
        st = fixture_encrypt(f, f->b, f->preset->limbs);
    return st;
}

int fixture_init(fixture *f, const bench *b, const fixture_preset *preset,
                 size_t (*circuit_bytes)(const ckks_context *ctx, int threads), char *why,
                 size_t why_size)
{
    int st;

    memset(f, 0, sizeof *f);
    if (why_size > 0)
        why[0] = '\0';
    f->preset = preset;
    f->scale = ckks_scale_from(exp2(preset->scale_bits));
    st = make_context(f, b, why, why_size);
    if (st != CKKS_OK)
        return st;
    f->slots = ckks_context_slots(f->ctx);
    f->values = malloc(f->slots * sizeof *f->values);
    if (f->values == NULL)
        return CKKS_ERR_MEMORY;
    for (size_t j = 0; j < f->slots; j++)
        f->values[j] = (double)((j * 7919) % 2048) / 1024.0 - 1.0;
    st = ckks_worker_create_team(&f->worker, f->ctx,
                                 circuit_bytes != NULL ? circuit_bytes(f->ctx, b->threads) : 0,
                                 b->threads);
    if (st != CKKS_OK)
        return st;
    st = make_objects(f);
    if (st != CKKS_OK)
        snprintf(why, why_size, "%s", ckks_worker_error(f->worker));
    return st;
}

void fixture_clear(fixture *f)
{
    free(f->values);
    ckks_ciphertext_free(f->out);
    ckks_ciphertext_free(f->b);
    ckks_ciphertext_free(f->a);
    ckks_plaintext_free(f->plain);
    ckks_secret_key_free(f->sk);
    ckks_worker_free(f->worker);
    ckks_context_free(f->ctx);
    memset(f, 0, sizeof *f);
}
