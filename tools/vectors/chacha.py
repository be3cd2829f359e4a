#!/usr/bin/env python3
"""Known answers of ChaCha20."""

from common import TEST_SEED, chacha_block, head, text

# RFC 8439 2.3.2: the one answer that is copied, to hold this script to the standard.
rfc_key = bytes(range(32))
rfc_block = bytes.fromhex(
    "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
    "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
)
rfc_counter, rfc_nonce = 0x0900000000000001, 0x4A000000
assert chacha_block(rfc_key, rfc_counter, rfc_nonce) == rfc_block

head("chacha.py")
text("rfc_block", rfc_block)
# RFC 8439 A.1, vectors 1 to 5: (key, counter, nonce)
cases = [
    (bytes(32), 0, 0),
    (bytes(32), 1, 0),
    (bytes(31) + b"\x01", 1, 0),
    (b"\x00\xff" + bytes(30), 2, 0),
    (bytes(32), 0, 0x0200000000000000),
]
starts = ["76b8e0ada0f13d90", "9f07e7be5551387a", "3aeb5224ecf84992"]
starts += ["72d54dfbf12ec44b", "c2c64d378cd53637"]
blocks = [chacha_block(*c) for c in cases]
for b, s in zip(blocks, starts):
    assert b.hex().startswith(s)
text("rfc_appendix", b"".join(blocks))

# Five blocks across the end of the lower counter word.
text("stream_seed", TEST_SEED)
stream = [chacha_block(TEST_SEED, 0xFFFFFFFE + i, 0x123456789ABCDEF0) for i in range(5)]
text("stream_bytes", b"".join(stream))
