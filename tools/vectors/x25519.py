#!/usr/bin/env python3
"""Known answers of X25519."""

from common import blake2s, head, text, x25519


def unhex(s):
    return bytes.fromhex(s)


# RFC 7748 5.2 and 6.1: copied, to hold common.py to the standard.
rfc = [
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
    (
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    ),
    (
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "09" + "00" * 31,
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    ),
]
for secret, u, out in rfc:
    assert x25519(unhex(secret), unhex(u)).hex() == out

head("x25519.py")
# Triples of secret, point, product.
text("x25519_rfc", b"".join(unhex("".join(case)) for case in rfc))
# RFC 7748 5.2: the ladder repeated 1, 1000 and 1000000 times, each point the secret before.
iterated = [
    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
    "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
    "7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424",
]
assert x25519(b"\x09" + bytes(31), b"\x09" + bytes(31)).hex() == iterated[0]
text("x25519_iterated", unhex("".join(iterated)))

# Points of small order, and the same with numbers from p on: the product is zero.
p = 2**255 - 19
secret = bytes(range(1, 33))
order8 = [
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
]
small = [u.to_bytes(32, "little") for u in [0, 1] + order8 + [p - 1, p, p + 1]]
for u in small:
    assert x25519(secret, u) == bytes(32)
text("x25519_small", b"".join(small))

# Numbers around p, 2^255 and 2^256, and single bits: points, then their products.
edges = list(range(2, 8)) + [p - k for k in range(2, 6)] + [p + k for k in range(2, 19)]
edges += [2**255 + k for k in range(2, 6)] + [2**256 - 1, 2**256 - 17, 2**255 - 1 - 2**51]
edges = [u.to_bytes(32, "little") for u in edges]
edges += [(1 << bit).to_bytes(32, "little") for bit in range(3, 255, 9)]
text("x25519_secret", secret)
text("x25519_edges", b"".join(edges))
text("x25519_edges_digest", blake2s(b"".join(x25519(secret, u) for u in edges)))

# 64 rounds of secret and point made from each other, digested.
k, u, seen = bytes([7] * 32), b"\x09" + bytes(31), b""
for _ in range(64):
    k, u = x25519(k, u), k
    seen += k
text("x25519_chain_digest", blake2s(seen))
