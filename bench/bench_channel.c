/* The channel: its primitives, a whole handshake, and a frame from one side to the other. There is
 * no ring here: log_n and limbs are the least that a row may have.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "channel/channel.h"
#include "channel/crypto/aead.h"
#include "channel/crypto/x25519.h"
#include "ckks/base/cpu.h"
#include "ckks/kernel/kernel.h"

enum { BLOCK = 64 * 1024, FRAME = 150 * 1024 };

typedef struct objects {
    uint8_t key[32], out[32];
    ckks_stream stream;
    uint64_t nonce;
    uint8_t *text, *sealed; /* FRAME bytes, which are more than a block and its tag */
    channel_keys keys[2];
    channel *c[2];
} objects;

static int run_x25519(void *p)
{
    objects *o = p;
    return channel_x25519(o->out, o->key, o->out) ? 0 : CHANNEL_ERR_FORGED;
}

static int run_blake2s(void *p)
{
    objects *o = p;
    channel_hash(o->out, o->text, BLOCK);
    return 0;
}

static int run_seal(void *p)
{
    objects *o = p;
    channel_aead_seal(o->sealed, o->stream, o->key, ++o->nonce, NULL, 0, o->text, BLOCK);
    return 0;
}

static int run_open(void *p)
{
    objects *o = p;
    /* What was sealed last, so that the tag is right. */
    return channel_aead_open(o->text, o->stream, o->key, o->nonce, NULL, 0, o->sealed, BLOCK)
               ? 0
               : CHANNEL_ERR_FORGED;
}

static void end(objects *o)
{
    for (int side = 0; side < 2; side++) {
        channel_free(o->c[side]);
        o->c[side] = NULL;
    }
}

/* All that one side has for the other. */
static int carry(objects *o, int from)
{
    size_t n;
    size_t used;
    const uint8_t *out = channel_output(o->c[from], &n);
    const int st = channel_feed(o->c[1 - from], &used, out, n);

    channel_consume(o->c[from], used);
    if (st == CHANNEL_OK && channel_state(o->c[1 - from]) == CHANNEL_DECIDE)
        return channel_accept(o->c[1 - from]);
    return st;
}

static int run_handshake(void *p)
{
    objects *o = p;
    int st = CHANNEL_OK;

    end(o);
    for (int side = 0; side < 2 && st == CHANNEL_OK; side++) {
        const channel_options options = {.protocol = "unseen-bench",
                                         .suites = {CHANNEL_SUITE_NOISE},
                                         .suite_count = 1,
                                         .keys = &o->keys[side]};

        st = channel_create(&o->c[side], side, &options, NULL, 0);
    }
    for (int i = 0; i < 3 && st == CHANNEL_OK; i++)
        st = carry(o, i % 2);
    return st;
}

static int run_frame(void *p)
{
    objects *o = p;
    const channel_frame frame = {.type = 1, .payload = o->text, .size = FRAME};
    channel_frame got;
    int st = o->c[0] != NULL ? CHANNEL_OK : run_handshake(o);

    if (st == CHANNEL_OK)
        st = channel_send(o->c[0], &frame);
    if (st == CHANNEL_OK)
        st = carry(o, 0);
    return st == CHANNEL_OK && channel_receive(o->c[1], &got) != 1 ? CHANNEL_ERR_FORMAT : st;
}

static size_t of_block(const void *p)
{
    (void)p;
    return BLOCK;
}

static size_t of_frame(const void *p)
{
    (void)p;
    return FRAME;
}

static const bench_case cases[] = {
    {.name = "x25519", .run = run_x25519},
    {.name = "blake2s", .run = run_blake2s, .bytes = of_block},
    {.name = "aead_seal", .run = run_seal, .bytes = of_block},
    {.name = "aead_open", .run = run_open, .bytes = of_block},
    {.name = "handshake", .run = run_handshake},
    {.name = "frame", .run = run_frame, .bytes = of_frame},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static int make(objects *o)
{
    int st = CHANNEL_OK;

    *o = (objects){.out = {9}, .stream = ckks_stream_select()};
    o->text = calloc(1, FRAME);
    o->sealed = calloc(1, FRAME);
    if (o->text == NULL || o->sealed == NULL)
        return CHANNEL_ERR_MEMORY;
    for (int side = 0; side < 2 && st == CHANNEL_OK; side++)
        st = channel_keys_create(&o->keys[side], NULL);
    /* aead_open may be the only case wanted. */
    return st == CHANNEL_OK ? run_seal(o) : st;
}

void bench_channel(bench *b)
{
    const bench_place place = {"channel", CKKS_MIN_LOG_N, 1, 0,
                               ckks_kernel_select(ckks_cpu_detect(), 0, NULL)->name};
    objects o;
    int st;

    if (!bench_wanted(b, &place, cases, CASES))
        return;
    st = make(&o);
    if (st == CHANNEL_OK)
        bench_run(b, &place, cases, CASES, &o);
    else
        bench_fail(b, &place, st, "");
    end(&o);
    free(o.text);
    free(o.sealed);
}
