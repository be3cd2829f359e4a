#!/usr/bin/env python3
"""Primes of the library and their smallest roots."""

from common import MAX_PRIME, array, head, is_prime, primes_below, smallest_root

assert MAX_PRIME**5 <= 2**234 < (MAX_PRIME + 1) ** 5  # floor(2^46.8)

head("prime.py")
# The ten largest for N = 2^16, which serve every smaller ring; roots for several N.
top = primes_below(MAX_PRIME + 1, 1 << 17, 10)
array("uint64_t", "top_primes", top)
logs = [3, 8, 13, 16]
array("int", "root_logs", logs, "%d")
array("uint64_t", "top_roots", [smallest_root(q, 2 << n) for q in top[:3] for n in logs])
array("uint64_t", "small_primes", [p for p in range(2, 200) if is_prime(p)])
# Composites that fool weaker tests: Carmichael numbers, strong pseudoprimes to many bases, squares.
hard = [561, 1729, 3215031751, 3825123056546413051, 318665857834031151167461 % 2**64, 2**64 - 1]
hard += [4294967291**2, 2047, 1373653, 25326001, 3474749660383, 341550071728321]
array("uint64_t", "composites", [c for c in hard if not is_prime(c)])
array("uint64_t", "large_primes", [2**64 - 59, 2**63 - 25, 2**61 - 1, 4294967291, 4294967311])
