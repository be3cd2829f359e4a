#!/usr/bin/env python3
"""Known answers of child seeds and generators."""

from common import TEST_SEED, Rng, derive, head, text

head("rng.py")
text("seed_bytes", TEST_SEED)
text("child_bytes", derive(TEST_SEED, 6, 0x1_0000_0005))
text("generator_bytes", Rng(TEST_SEED, 3, 2**63 + 9).bytes(600))
