#!/usr/bin/env python3
"""Known answers of HMAC and HKDF over BLAKE2s, by Python's hmac."""

import hashlib
import hmac

from common import TEST_SEED, blake2s, head, text


def mac(key, data):
    return hmac.new(key, data, hashlib.blake2s).digest()


head("hkdf.py")
pattern = bytes((7 * i + 3) % 256 for i in range(130))
text("hkdf_chaining", TEST_SEED)
text("hkdf_macs", blake2s(b"".join(mac(TEST_SEED, pattern[:n]) for n in range(131))))
for name, material in (("empty", b""), ("full", pattern[:32])):
    key = mac(TEST_SEED, material)
    first = mac(key, b"\x01")
    text("hkdf_" + name, first + mac(key, first + b"\x02"))
