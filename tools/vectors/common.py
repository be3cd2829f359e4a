"""Shared by the vector scripts: number theory on Python integers, ChaCha20 by the text of RFC 8439,
printing C arrays. Standard library only."""

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
