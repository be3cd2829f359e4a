#!/usr/bin/env python3
"""Transforms by their definition."""

from common import MAX_PRIME, array, head, primes_below, reverse, smallest_root

head("ntt.py")
# Transforms straight from the definition: out[i] = sum a_k psi^((2 brv(i) + 1) k).
cases = [(3, 17), (4, 97), (5, primes_below(2**30, 64, 1)[0])]
cases += [(4, primes_below(MAX_PRIME + 1, 1 << 17, 1)[0])]
cases += [(6, primes_below(MAX_PRIME + 1, 128, 1)[0])]
array("int", "ntt_logs", [c[0] for c in cases], "%d")
array("uint64_t", "ntt_primes", [c[1] for c in cases])
inputs, outputs = [], []
for log_n, q in cases:
    n = 1 << log_n
    psi = smallest_root(q, 2 * n)
    a = [(q - 1 if k % 3 == 0 else 0x9E3779B97F4A7C15 * (k + 1) % q) for k in range(n)]
    inputs += a
    for i in range(n):
        x = pow(psi, 2 * reverse(i, log_n) + 1, q)
        outputs.append(sum(c * pow(x, k, q) for k, c in enumerate(a)) % q)
array("uint64_t", "ntt_inputs", inputs)
array("uint64_t", "ntt_outputs", outputs)
