#!/usr/bin/env python3
"""Known answers of ChaCha20-Poly1305 with Noise's nonces."""

from common import TEST_SEED, aead_seal, blake2s, head, text

# RFC 8439 2.8.2 and A.5: copied, to hold common.py to the standard.
key = bytes(range(0x80, 0xA0))
nonce = bytes.fromhex("070000004041424344454647")
sunscreen = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
    b"future, sunscreen would be it."
)
sealed = aead_seal(key, nonce, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), sunscreen)
assert sealed[:8].hex() == "d31a8d34648e60db"
assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"

rfc_key = bytes.fromhex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")
rfc_nonce = bytes.fromhex("000000000102030405060708")
rfc_extra = bytes.fromhex("f33388860000000000004e91")
rfc_text = (
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
    "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
    "Internet-Drafts as reference material or to cite them other than as /\u201cwork in "
    "progress./\u201d"
).encode()
rfc_sealed = aead_seal(rfc_key, rfc_nonce, rfc_extra, rfc_text)
assert rfc_sealed[-16:].hex() == "eead9d67890cbb22392336fea1851f38"

head("aead.py")
text("aead_key", rfc_key)
text("aead_extra", rfc_extra)
text("aead_text", rfc_text)
text("aead_sealed", rfc_sealed)

# Key TEST_SEED, nonce the length, byte i of the message 7 i + 3, the first (n mod 40) bytes of that as
# extra: every length from 0 to 150 and some at the borders of chunks. Digest of all that is sealed.
lengths = list(range(151)) + [1023, 1024, 4031, 4032, 4033, 4096, 8128, 8129, 65519]
pattern = bytes((7 * i + 3) % 256 for i in range(65519))
digest = b""
for n in lengths:
    nonce = bytes(4) + n.to_bytes(8, "little")
    digest += blake2s(aead_seal(TEST_SEED, nonce, pattern[: n % 40], pattern[:n]))
text("aead_seed", TEST_SEED)
text("aead_digest", blake2s(digest))
