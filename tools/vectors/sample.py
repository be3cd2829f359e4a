#!/usr/bin/env python3
"""Known answers of the samplers."""

from common import MAX_PRIME, TEST_SEED, Rng, array, head, primes_below, text

head("sample.py")
text("seed_bytes", TEST_SEED)
N = 64
primes = primes_below(MAX_PRIME + 1, 1 << 17, 1) + [65537, 786433]
uniform = []
for q in primes:
    rng, got = Rng(TEST_SEED, 1, 11), []
    while len(got) < N:
        p = rng.u64() % 2**52 * q
        if p % 2**52 >= 2**52 % q:
            got.append(p >> 52)
    uniform += got
array("uint64_t", "uniform_primes", primes)
array("uint64_t", "uniform_values", uniform)

rng, ternary = Rng(TEST_SEED, 2, 0), []
while len(ternary) < 200:
    word = rng.u64()
    for pair in range(32):
        value = word >> 2 * pair & 3
        if value < 3 and len(ternary) < 200:
            ternary.append(value - 1)
array("int8_t", "ternary_values", ternary, "%d")


def coins(rng):
    return bin(rng.u64() % 2**42).count("1") - 21


rng = Rng(TEST_SEED, 3, 1)
array("int8_t", "error_values", [coins(rng) for _ in range(200)], "%d")


def weights(top):
    w, tail = [top] * 7, top
    while True:
        w.append(tail)
        if tail == 1:
            return w
        tail = (tail + 1) // 2


def wide_variance_times_4(top):
    return 42 * sum(w * w for w in weights(top))


# The smallest W that reaches sigma, searched in whole numbers: 4 sigma^2 <= 42 sum w^2.
sigmas, wide = [20, 1000, 2**30 + 12345, 2**50], []
for sigma in sigmas:
    low, high = 0, 2**48
    while high - low > 1:
        middle = (low + high) // 2
        if wide_variance_times_4(middle) < 4 * sigma * sigma:
            low = middle
        else:
            high = middle
    rng = Rng(TEST_SEED, 5, 4)
    wide += [sum(w * coins(rng) for w in weights(high)) for _ in range(16)]
array("double", "wide_sigmas", sigmas, "%d.0")
array("int64_t", "wide_values", wide, "INT64_C(%d)")
