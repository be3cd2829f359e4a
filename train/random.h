/* Small deterministic random numbers for training: splitmix64, one short stream for every purpose,
 * so that what image number i of epoch e looks like depends on nothing but (seed, e, i). Not for
 * anything that must stay secret.
 */
#ifndef UNSEEN_TRAIN_RANDOM_H
#define UNSEEN_TRAIN_RANDOM_H

#include <stdint.h>

typedef struct train_random {
    uint64_t state;
} train_random;

/** The next 64 bits. */
static inline uint64_t train_random_u64(train_random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/** The stream for (seed, purpose, index). */
static inline train_random train_random_stream(uint64_t seed, uint64_t purpose, uint64_t index)
{
    train_random r = {seed};
    r.state = train_random_u64(&r) ^ purpose;
    r.state = train_random_u64(&r) ^ index;
    r.state = train_random_u64(&r);
    return r;
}

/** Uniform in [low, high); 24 bits, exact in float up to the final rounding. */
static inline float train_random_uniform(train_random *r, float low, float high)
{
    float unit = (float)(train_random_u64(r) >> 40) * (1.0f / 16777216.0f);
    return low + (high - low) * unit;
}

/** Uniform in 0 .. bound - 1, for bound well below 2^32 (bias below bound / 2^64 per value). */
static inline uint64_t train_random_below(train_random *r, uint64_t bound)
{
    return train_random_u64(r) % bound;
}

#endif
