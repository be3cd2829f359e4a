#!/usr/bin/env python3
"""Known answers of BLAKE2s-256, by Python's hashlib."""

from common import blake2s, head, text

# RFC 7693, appendix B: the one answer that is copied, to hold hashlib to the standard.
assert blake2s(b"abc").hex() == (
    "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
)

head("hash.py")
# Byte i of the message is 7 i + 3 modulo 256. One digest for each length from 0 to 300, hashed again.
message = bytes((7 * i + 3) % 256 for i in range(300))
digests = [blake2s(message[:n]) for n in range(301)]
text("hash_abc", blake2s(b"abc"))
text("hash_empty", digests[0])
text("hash_block", digests[64])
text("hash_of_all", blake2s(b"".join(digests)))
