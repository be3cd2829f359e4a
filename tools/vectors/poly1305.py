#!/usr/bin/env python3
"""Known answers of Poly1305 for messages of whole blocks, the last one padded with zeros."""

from common import TEST_SEED, blake2s, head, poly1305, text


def unhex(s):
    return bytes.fromhex(s.replace(" ", ""))


# RFC 8439 2.5.2: copied, to hold common.py to the standard.
assert (
    poly1305(
        unhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
        b"Cryptographic Forum Research Group",
    )
    == unhex("a8061dc1305136c6c22b8baf0c0127a9")
)

# RFC 8439 A.3, numbers 7 to 11: key r, key s, message, tag.
ff = "ff" * 16
cases = [
    ("02" + "00" * 15, "00" * 16, ff, "03" + "00" * 15),
    ("02" + "00" * 15, ff, "02" + "00" * 15, "03" + "00" * 15),
    ("01" + "00" * 15, "00" * 16, ff + "f0" + "ff" * 15 + "11" + "00" * 15, "05" + "00" * 15),
    ("01" + "00" * 15, "00" * 16, ff + "fb" + "fe" * 15 + "01" * 16, "00" * 16),
    ("02" + "00" * 15, "00" * 16, "fd" + "ff" * 15, "fa" + "ff" * 15),
]
for r, s, message, tag in cases:
    assert poly1305(unhex(r + s), unhex(message)) == unhex(tag)

head("poly1305.py")
print("static const struct {")
print("    const char *key, *message, *tag; /* hexadecimal */")
print("} poly1305_rfc[] = {")
for r, s, message, tag in cases:
    print('    {"%s"\n     "%s",' % (r, s))
    rows = [message[i : i + 64] for i in range(0, len(message), 64)]
    print("     " + "\n     ".join('"%s"' % row for row in rows) + ",")
    print('     "%s"},' % tag)
print("};")

# Key and message of all ones and of the seed's bytes, each length from 0 to 200: digest of all tags.
for name, byte in (("ones", b"\xff"), ("seed", None)):
    key = byte * 32 if byte else TEST_SEED
    tags = b""
    for n in range(201):
        message = byte * n if byte else bytes((7 * i + 3) % 256 for i in range(n))
        tags += poly1305(key, message + bytes(-n % 16))
    text("poly1305_" + name, blake2s(tags))
