/* A small ring with its keys, the same wherever it is made. */
#ifndef UNSEEN_TESTS_FUZZ_WIRE_WORLD_H
#define UNSEEN_TESTS_FUZZ_WIRE_WORLD_H

#include "ckks/ckks.h"
#include "tests/fuzz/fuzz.h"

enum { WIRE_LOG_N = 5, WIRE_ROOM = 1 << 16 };

typedef struct wire_world {
    ckks_params params;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
} wire_world;

/* Not random: what a fuzzer finds happens again. */
static inline int wire_world_fill(void *user, uint8_t *out, size_t bytes)
{
    (void)user;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(101 * i + 7);
    return 0;
}

static inline void wire_world_open(wire_world *s)
{
    static const ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                                          {CKKS_KEY_ROTATE, 3, 1, 1, 1}};
    const double bits[2] = {46.0, 30.0}, special = 46.8;
    char why[200] = "";

    *s = (wire_world){.ctx = NULL};
    fuzz_must(ckks_params_generate(&s->params, CKKS_RING_COMPLEX, WIRE_LOG_N, bits, 2, &special, 1,
                                   0, why, sizeof why) == CKKS_OK);
    s->params.entropy.fill = wire_world_fill;
    fuzz_must(ckks_context_create(&s->ctx, &s->params, why, sizeof why) == CKKS_OK);
    fuzz_must(ckks_worker_create(&s->w, s->ctx, 0) == CKKS_OK);
    fuzz_must(ckks_secret_key_create(s->w, &s->sk) == CKKS_OK);
    fuzz_must(ckks_eval_keys_create(s->w, &s->keys, s->sk, specs, 2) == CKKS_OK);
    fuzz_must(ckks_worker_use_keys(s->w, s->keys) == CKKS_OK);
}

static inline void wire_world_close(wire_world *s)
{
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_worker_free(s->w);
    ckks_context_free(s->ctx);
}

#endif
