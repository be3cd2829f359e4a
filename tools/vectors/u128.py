#!/usr/bin/env python3
"""Products of words on Python integers."""

import random

from common import array, head

rng = random.Random(1998)
head("u128.py")
edges = [0, 1, 2, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
pairs = [(a, b) for a in edges for b in edges]
pairs += [(rng.getrandbits(64), rng.getrandbits(64)) for _ in range(20)]
array("uint64_t", "mul_cases", [v for a, b in pairs for v in (a, b, a * b >> 64, a * b % 2**64)])
