/* Everything that touches a secret, once, with the secrets marked: key generation, both
 * encryptions, both decryptions. Run plainly it checks the values that come back; under `make
 * check-ct` (valgrind) and `make check-msan` a branch or an index that depends on a secret ends it.
 */
#include <math.h>
#include <stdio.h>

#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/scheme/object.h"

enum { COUNT = 64 };

static int failures;

static void expect(int ok, const char *what)
{
    if (!ok) {
        printf("failed: %s\n", what);
        failures++;
    }
}

/* Decrypted slots against what was encrypted. The plaintext is declared public here because the
 * test is its owner. */
static void compare(ckks_worker *w, ckks_plaintext *p, const double *want, double bound,
                    const char *what)
{
    double got[COUNT];
    double worst = 0.0;

    CKKS_PUBLIC(p->rows, (size_t)p->limbs * p->n * sizeof *p->rows);
    expect(ckks_decode(w, got, NULL, COUNT, p) == CKKS_OK, what);
    for (int j = 0; j < COUNT; j++)
        worst = fmax(worst, fabs(got[j] - want[j]));
    expect(worst < bound, what);
    printf("%s: off by %.3g\n", what, worst);
}

static void round_trips(ckks_worker *w, const ckks_secret_key *sk, const ckks_public_key *pk,
                        ckks_plaintext *p, ckks_ciphertext *c)
{
    double value[COUNT];

    for (int j = 0; j < COUNT; j++)
        value[j] = cos((double)j);
    for (int way = 0; way < 3; way++) {
        static const char *const name[] = {"secret key", "public key", "shared"};

        expect(ckks_encode(w, p, value, NULL, COUNT, 2, ckks_scale_from(0x1p40)) == CKKS_OK,
               "encode");
        CKKS_SECRET(p->rows, (size_t)p->limbs * p->n * sizeof *p->rows);
        if (way == 1)
            expect(ckks_encrypt_public(w, c, pk, p) == CKKS_OK, "encrypt with the public key");
        else
            expect(ckks_encrypt(w, c, sk, p) == CKKS_OK, "encrypt");
        if (way == 2)
            expect(ckks_decrypt_to_share(w, p, sk, c, 1.0, 30) == CKKS_OK, "decrypt to share");
        else
            expect(ckks_decrypt(w, p, sk, c) == CKKS_OK, "decrypt");
        /* Fresh noise is below 2^-24 here; flooding adds 2^17 times the estimate. */
        compare(w, p, value, way == 2 ? 0x1p-6 : 0x1p-20, name[way]);
    }
}

static void in_ring(int ring)
{
    const double q_bits[] = {46.0, 46.0}, p_bits[] = {46.5};
    const ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                                   {CKKS_KEY_ROTATE, 1, 2, 1, 1}};
    ckks_params params;
    ckks_context *ctx = NULL;
    ckks_worker *w = NULL;
    ckks_secret_key *sk = NULL;
    ckks_public_key *pk = NULL;
    ckks_eval_keys *keys = NULL;
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    char why[256] = "";

    if (ckks_params_generate(&params, ring, 10, q_bits, 2, p_bits, 1, 0, why, sizeof why) !=
            CKKS_OK ||
        ckks_context_create(&ctx, &params, why, sizeof why) != CKKS_OK ||
        ckks_worker_create(&w, ctx, 0) != CKKS_OK || ckks_plaintext_create(&p, ctx) != CKKS_OK ||
        ckks_ciphertext_create(&c, ctx) != CKKS_OK) {
        printf("no context: %s\n", why);
        failures++;
        return;
    }
    printf("kernel %s, secrets %s\n", ckks_context_kernel(ctx), CKKS_CT_MARKS ? "marked" : "plain");
    expect(ckks_secret_key_create(w, &sk) == CKKS_OK, "secret key");
    expect(ckks_public_key_create(w, &pk, sk) == CKKS_OK, "public key");
    expect(ckks_eval_keys_create(w, &keys, sk, specs, 2) == CKKS_OK, "evaluation keys");
    if (failures == 0)
        round_trips(w, sk, pk, p, c);
    ckks_ciphertext_free(c);
    ckks_plaintext_free(p);
    ckks_eval_keys_free(keys);
    ckks_public_key_free(pk);
    ckks_secret_key_free(sk);
    ckks_worker_free(w);
    ckks_context_free(ctx);
}

int main(void)
{
    in_ring(CKKS_RING_COMPLEX);
    in_ring(CKKS_RING_REAL);
    return failures != 0;
}
