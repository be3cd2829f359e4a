#!/usr/bin/env python3
"""Products of moduli and their logarithms."""

import math

from common import MAX_PRIME, array, head, primes_below

N = 16
top = primes_below(MAX_PRIME + 1, 2 * N, 5)
middle = primes_below(2**40, 2 * N, 2)
small = primes_below(2**20, 2 * N, 1)
Q = [top[0], middle[0], top[1], small[0], middle[1], top[2]]
P = [top[3], top[4]]
moduli = Q + P

head("wide.py")
array("uint64_t", "wide_moduli", moduli)
counts = [1, 2, 5, 8]
logs = []
for c in counts:
    product = math.prod(moduli[:c])
    shift = max(0, product.bit_length() - 1000)
    logs.append(math.log2(product >> shift) + shift)
array("int", "product_counts", counts, "%d")
array("double", "product_logs", logs, "%.17g")
