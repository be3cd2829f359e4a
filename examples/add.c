/* Adds two encrypted lists of numbers. Build: cc add.c $(pkg-config --cflags --libs unseen) */
#include <stdio.h>
#include <stdlib.h>

#include <ckks/ckks.h>

static void must(ckks_status st)
{
    if (st != CKKS_OK)
        exit(puts(ckks_status_name(st)) < 0 ? 2 : 1);
}

int main(void)
{
    const double bits[] = {40}, a[] = {1, 2, 3},
                 b[] = {10, 20, 30}; /* one prime: no product here */
    double sum[3];
    ckks_params params;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *key;
    ckks_plaintext *p;
    ckks_ciphertext *x, *y;
    must(ckks_params_generate(&params, CKKS_RING_REAL, 12, bits, 1, NULL, 0, 128, NULL, 0));
    must(ckks_context_create(&ctx, &params, NULL, 0)); /* N = 2^12, 128 bits of security */
    must(ckks_worker_create(&w, ctx, 0));
    must(ckks_secret_key_create(w, &key));
    must(ckks_plaintext_create(&p, ctx));
    must(ckks_ciphertext_create(&x, ctx));
    must(ckks_ciphertext_create(&y, ctx));
    must(ckks_encode(w, p, a, NULL, 3, 1, ckks_scale_from(0x1p30)));
    must(ckks_encrypt(w, x, key, p));
    must(ckks_encode(w, p, b, NULL, 3, 1, ckks_scale_from(0x1p30)));
    must(ckks_encrypt(w, y, key, p));
    must(ckks_eval_add(w, x, x, y)); /* the only line that needs no key */
    must(ckks_decrypt(w, p, key, x));
    must(ckks_decode(w, sum, NULL, 3, p));
    printf("%.3f %.3f %.3f\n", sum[0], sum[1], sum[2]);
    return 0; /* a program that goes on frees each of them: ckks_ciphertext_free and so on */
}
