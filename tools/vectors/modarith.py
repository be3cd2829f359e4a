#!/usr/bin/env python3
"""Products, quotients, powers and inverses on Python integers."""

import random

from common import MAX_PRIME, array, head, primes_below

rng = random.Random(1999)
moduli = [17, 97, 12289, 65537]
for limit in (2**30, 2**40, 2**46, MAX_PRIME + 1):
    moduli += primes_below(limit, 64, 1)
ops = []
head("modarith.py")
for q in moduli:
    for a, b in [(0, 0), (q - 1, q - 1), (q // 2, q // 2 + 1), (1, q - 1)] + [
        (rng.randrange(q), rng.randrange(q)) for _ in range(6)
    ]:
        ops += [q, a, b, a * b % q, (a << 64) // q, pow(a, b, q), pow(a, -1, q) if a else 0]
array("uint64_t", "mod_cases", ops)
