"""Shared by the vector scripts: number theory on Python integers, ChaCha20 by the text of RFC 8439,
printing C arrays. Standard library only."""

import hashlib
import sys

MAX_PRIME = 122519099764612  # floor(2^46.8)
TEST_SEED = bytes((7 * i + 3) % 256 for i in range(32))


def is_prime(n):
    if n < 2:
        return False
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def primes_below(start, step, count):
    """The count largest primes below start that are 1 modulo step, largest first."""
    found, p = [], (start - 2) // step * step + 1
    while len(found) < count:
        if is_prime(p):
            found.append(p)
        p -= step
    return found


def smallest_root(q, order):
    """Smallest element of that order (a power of two) modulo the prime q."""
    g = next(g for g in range(2, q) if pow(g, (q - 1) // 2, q) == q - 1)
    root = pow(g, (q - 1) // order, q)
    best, power, square = root, root, root * root % q
    for _ in range(order // 2 - 1):
        power = power * square % q
        best = min(best, power)
    return best


def reverse(i, bits):
    return int(format(i, "0%db" % bits)[::-1], 2)


def rotate(x, n):
    return (x << n | x >> (32 - n)) & 0xFFFFFFFF


def chacha_block(key, counter, nonce):
    """RFC 8439 2.3 with a 64-bit counter and a 64-bit nonce; returns 64 bytes."""
    words = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    words += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    words += [counter & 0xFFFFFFFF, counter >> 32, nonce & 0xFFFFFFFF, nonce >> 32]
    x = list(words)

    def quarter(a, b, c, d):
        for p, r, s, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[r]) & 0xFFFFFFFF
            x[s] = rotate(x[s] ^ x[p], n)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(x, words))


def x25519(secret, u):
    """RFC 7748 5, by the ladder on integers."""
    p = 2**255 - 19
    k = int.from_bytes(secret, "little") & (2**254 - 8) | 2**254
    x1 = int.from_bytes(u, "little") % 2**255 % p
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in reversed(range(255)):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        x3, z3 = (d * a + c * b) ** 2 % p, x1 * (d * a - c * b) ** 2 % p
        e = a * a - b * b
        x2, z2 = a * a * b * b % p, e * (a * a + 121665 * e) % p
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def poly1305(key, message):
    """RFC 8439 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    h = 0
    for i in range(0, len(message), 16):
        h = (h + int.from_bytes(message[i : i + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((h + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def aead_seal(key, nonce, extra, message):
    """RFC 8439 2.8; the nonce has 12 bytes."""

    def block(counter):
        upper = int.from_bytes(nonce[:4], "little")
        return chacha_block(key, counter | upper << 32, int.from_bytes(nonce[4:], "little"))

    def padded(data):
        return data + bytes(-len(data) % 16)

    stream = b"".join(block(1 + i) for i in range((len(message) + 63) // 64))
    sealed = bytes(a ^ b for a, b in zip(message, stream))
    lengths = len(extra).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    return sealed + poly1305(block(0)[:32], padded(extra) + padded(sealed) + lengths)


def blake2s(data):
    return hashlib.blake2s(data).digest()


class Rng:
    """The generator of ckks/ring/rng.h."""

    def __init__(self, seed, label, stream):
        self.key = chacha_block(seed, 0, 2 << 32 | label)[:32]
        self.stream, self.counter, self.buffer = stream, 0, b""

    def bytes(self, count):
        while len(self.buffer) < count:
            self.buffer += chacha_block(self.key, self.counter, self.stream)
            self.counter += 1
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def u64(self):
        return int.from_bytes(self.bytes(8), "little")


def derive(seed, label, index):
    return chacha_block(seed, index, 1 << 32 | label)[:32]


def head(name):
    print("/* Made by tools/vectors/%s; do not edit. */" % name)


def array(kind, name, values, form="UINT64_C(%d)"):
    print("static const %s %s[] = {" % (kind, name))
    line = "   "
    for v in values:
        word = " " + form % v + ","
        if len(line) + len(word) > 100:
            print(line)
            line = "   "
        line += word
    print(line)
    print("};")


def text(name, data):
    """Bytes as an array."""
    array("uint8_t", name, data, "0x%02x")


if __name__ == "__main__":
    sys.exit("a module, not a program")
