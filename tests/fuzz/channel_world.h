/* Both ends of a channel whose randomness is the same in every run, so that a recorded half of a
 * handshake fits the other half again.
 */
#ifndef UNSEEN_TESTS_FUZZ_CHANNEL_WORLD_H
#define UNSEEN_TESTS_FUZZ_CHANNEL_WORLD_H

#include "channel/channel.h"
#include "tests/fuzz/fuzz.h"

/* Bytes that differ from call to call, not from run to run. */
static inline int channel_world_fill(void *user, uint8_t *out, size_t bytes)
{
    uint64_t *state = user;

    for (size_t i = 0; i < bytes; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

/** A channel; state holds its randomness as long as it lives. */
static inline channel *channel_world_create(int role, int suite, uint64_t *state)
{
    static int ready;
    static channel_keys made[2]; /* once: a key pair costs more than the rest of most inputs */
    channel *c = NULL;
    char why[200] = "";

    *state = (uint64_t)(2 * role + suite);
    for (; ready < 2; ready++) {
        const uint8_t secret[CHANNEL_KEY_BYTES] = {(uint8_t)(1 + ready)};
        channel_keys_from_secret(&made[ready], secret);
    }
    const channel_options o = {.protocol = "unseen-fuzz",
                               .min_version = 1,
                               .max_version = 2,
                               .suites = {(uint8_t)suite},
                               .suite_count = 1,
                               .keys = &made[role],
                               .max_payload = 1 << 12,
                               .max_backlog = 1 << 14,
                               .entropy = {channel_world_fill, state}};
    fuzz_must(channel_create(&c, role, &o, why, sizeof why) == CHANNEL_OK);
    return c;
}

/** Carry what one side has to send to the other, which accepts its peer. */
static inline void channel_world_carry(channel *from, channel *to)
{
    size_t n = 0, used = 0;
    const uint8_t *bytes = channel_output(from, &n);

    if (n == 0)
        return;
    fuzz_must(channel_feed(to, &used, bytes, n) == CHANNEL_OK);
    channel_consume(from, used);
    if (channel_state(to) == CHANNEL_DECIDE)
        fuzz_must(channel_accept(to) == CHANNEL_OK);
}

#endif
