#!/usr/bin/env python3
"""Change of basis on big integers: x in [-D/2, D/2) by its residues, and modulo other primes."""

import math
import random

from common import MAX_PRIME, array, head, primes_below

rng = random.Random(2024)
N = 16
top = primes_below(MAX_PRIME + 1, 2 * N, 5)
middle = primes_below(2**40, 2 * N, 2)
small = primes_below(2**20, 2 * N, 1)
Q = [top[0], middle[0], top[1], small[0], middle[1], top[2]]
P = [top[3], top[4]]
moduli = Q + P

head("rns.py")
array("uint64_t", "rns_q", Q)
array("uint64_t", "rns_p", P)

# A case: a basis by (first, count) of Q, or (special, with_q) of P; N numbers; all their residues.
# Numbers keep a distance of D 2^-44 from the border of the interval, where rounding may go either way.
bases = [("digit", f, c) for f, c in ((0, 1), (3, 1), (0, 2), (2, 2), (4, 2))]
bases += [("special", s, q) for s, q in ((1, -1), (2, -1), (1, 5), (2, 5), (2, 3), (2, 0))]
array("int", "case_special", [b[0] == "special" for b in bases], "%d")
array("int", "case_first", [b[1] for b in bases], "%d")
array("int", "case_second", [b[2] for b in bases], "%d")
residues = []
for kind, a, b in bases:
    if kind == "digit":
        primes = Q[a : a + b]
    else:
        primes = P[:a] + ([Q[b]] if b >= 0 else [])
    D = math.prod(primes)
    low, high = -(D // 2), D // 2
    guard = D >> 44 if len(primes) > 1 else 0
    xs = [0, 1, -1, low + guard, high - guard, low + guard + 1, high - guard - 1]
    xs += [2, -2, D // 3, -D // 3]
    xs += [rng.randint(low + guard, high - guard) for _ in range(N - len(xs))]
    for m in moduli:
        residues += [x % m for x in xs]
array("uint64_t", "case_residues", residues)
