/* The proof that a family computes, on this machine and for this prime.
 *
 * Short rows of edges for the slots that work place by place, one tile for packed rows, a transform
 * of the real length for the others. The wanted values come from modarith.h, one place at a time.
 */
#include <string.h>

#include "ckks/kernel/kernel.h"
#include "ckks/kernel/pack.h"

enum { ROW = 24, TERMS = 33, SUMS = 5 };

typedef struct selftest {
    _Alignas(64) uint64_t a[ROW];
    _Alignas(64) uint64_t b[ROW];
    _Alignas(64) uint64_t c[ROW];
    _Alignas(64) uint64_t out[ROW];
    _Alignas(64) uint64_t want[ROW];
} selftest;

/* Residues at and near the edges; turn moves them through the lanes. */
static uint64_t edge(size_t i, uint64_t q)
{
    switch (i % 7) {
    case 0:
        return q - 1;
    case 1:
        return 0;
    case 2:
        return q / 2;
    case 3:
        return q / 2 + 1;
    case 4:
        return 1;
    case 5:
        return q - 2;
    default:
        return i * UINT64_C(0x9e3779b97f4a7c15) % q;
    }
}

static int same(const selftest *s)
{
    return memcmp(s->out, s->want, sizeof s->out) == 0;
}

static void fill(selftest *s, size_t turn, uint64_t q)
{
    for (size_t i = 0; i < ROW; i++) {
        s->a[i] = edge(i + turn, q);
        s->b[i] = edge(2 * i + 3 * turn, q);
        s->c[i] = edge(3 * i + turn / 2, q);
    }
}

static int test_binary(selftest *s, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;
    const uint64_t q = m->q;
    int ok = 1;

    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_add(s->a[i], s->b[i], q);
    k->add(s->out, s->a, s->b, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_sub(s->a[i], s->b[i], q);
    k->sub(s->out, s->a, s->b, ROW, m);
    ok &= same(s);
    memcpy(s->out, s->b, sizeof s->out);
    k->sub(s->out, s->a, s->out, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_neg(s->a[i], q);
    memcpy(s->out, s->a, sizeof s->out);
    k->neg(s->out, s->out, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_mul(s->a[i], s->b[i], &m->mod);
    k->mul(s->out, s->a, s->b, ROW, m);
    ok &= same(s);
    memcpy(s->out, s->a, sizeof s->out);
    k->mul(s->out, s->out, s->b, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_add(s->want[i], s->c[i], q);
    k->mul_add(s->out, s->a, s->b, s->c, ROW, m);
    return ok & same(s);
}

static int test_scalar(selftest *s, uint64_t w, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;
    const uint64_t q = m->q;
    int ok = 1;

    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_add(s->a[i], w, q);
    k->add_scalar(s->out, s->a, w, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++) {
        s->c[i] = s->a[i] + (i % 2 != 0 ? (UINT64_MAX / q - 1) * q : 0);
        s->want[i] = ckks_mod_mul(s->a[i], w, &m->mod);
    }
    k->mul_scalar(s->out, s->c, w, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_add(s->want[i], s->b[i], q);
    memcpy(s->out, s->b, sizeof s->out);
    k->mul_scalar_add(s->out, s->c, w, s->out, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_mul(ckks_mod_sub(s->a[i], s->b[i], q), w, &m->mod);
    memcpy(s->out, s->a, sizeof s->out);
    k->sub_mul_scalar(s->out, s->out, s->b, w, ROW, m);
    return ok & same(s);
}

static int test_reduce(selftest *s, size_t turn, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;
    const uint64_t from = CKKS_MAX_PRIME - 1; /* odd, larger than any q but the largest */
    int64_t wide[ROW];
    int8_t small[ROW];
    int ok = 1;

    for (size_t i = 0; i < ROW; i++) {
        s->a[i] = i % 3 != 0 ? edge(i + turn, UINT64_MAX) : (UINT64_MAX / m->q - i) * m->q;
        s->want[i] = s->a[i] % m->q;
    }
    k->reduce(s->out, s->a, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++) {
        uint64_t negative;

        s->a[i] = edge(i + turn, from);
        negative = (from - s->a[i]) % m->q;
        s->want[i] = s->a[i] > from / 2 ? ckks_mod_neg(negative, m->q) : s->a[i] % m->q;
    }
    memcpy(s->out, s->a, sizeof s->out);
    k->reduce_centred(s->out, s->out, from, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++) {
        wide[i] = (i + turn) % 2 != 0 ? -(INT64_MAX >> i) : INT64_MAX >> i;
        s->want[i] = ckks_mod_reduce_i64(wide[i], &m->mod);
    }
    k->reduce_i64(s->out, wide, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++) {
        small[i] = (int8_t)(i % 2 != 0 ? -129 + (int)i : 127 - (int)i);
        s->want[i] = ckks_mod_reduce_i64(small[i], &m->mod);
    }
    k->reduce_i8(s->out, small, ROW, m);
    return ok & same(s);
}

/* Sums of more terms than a family is likely to unroll, over few distinct rows. */
static int test_dot(selftest *s, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;
    const uint64_t *x[TERMS];
    const uint64_t *y[TERMS];
    uint64_t w[TERMS];
    uint64_t plain[ROW];
    int ok = 1;

    for (size_t t = 0; t < TERMS; t++) {
        x[t] = t % 3 != 0 ? s->a : s->b;
        y[t] = t % 2 != 0 ? s->a : s->c;
        w[t] = edge(t, m->q);
    }
    for (size_t i = 0; i < ROW; i++) {
        plain[i] = 0;
        s->want[i] = 0;
        for (size_t t = 0; t < TERMS; t++) {
            uint64_t dot = ckks_mod_mul(x[t][i], y[t][i], &m->mod);

            plain[i] = ckks_mod_add(plain[i], dot, m->q);
            s->want[i] = ckks_mod_add(s->want[i], ckks_mod_mul(x[t][i], w[t], &m->mod), m->q);
        }
    }
    k->dot_scalar(s->out, x, w, TERMS, ROW, m);
    ok &= same(s);
    memcpy(s->want, plain, sizeof plain);
    k->dot(s->out, x, y, TERMS, ROW, m);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = ckks_mod_add(s->want[i], s->c[i], m->q);
    memcpy(s->out, s->c, sizeof s->out);
    k->dot_add(s->out, s->out, x, y, TERMS, ROW, m);
    return ok & same(s);
}

/* Five sums over the same rows: a group of four, and one more. */
static int test_dots(selftest *s, const ckks_modulus *m)
{
    _Alignas(64) uint64_t out[SUMS][ROW];
    uint64_t *to[SUMS];
    const uint64_t *x[TERMS];
    uint64_t word[SUMS][TERMS];
    const uint64_t *w[SUMS];
    int ok = 1;

    for (size_t t = 0; t < TERMS; t++)
        x[t] = t % 3 != 0 ? s->a : s->b;
    for (size_t r = 0; r < SUMS; r++) {
        for (size_t t = 0; t < TERMS; t++)
            word[r][t] = edge(t + r, m->q);
        to[r] = out[r];
        w[r] = word[r];
    }
    m->kernel->dot_scalars(to, SUMS, x, w, TERMS, ROW, m);
    for (size_t r = 0; r < SUMS; r++) {
        for (size_t i = 0; i < ROW; i++) {
            s->want[i] = 0;
            for (size_t t = 0; t < TERMS; t++)
                s->want[i] =
                    ckks_mod_add(s->want[i], ckks_mod_mul(x[t][i], word[r][t], &m->mod), m->q);
        }
        memcpy(s->out, out[r], sizeof s->out);
        ok &= same(s);
    }
    return ok;
}

static int test_move(selftest *s, size_t turn, const ckks_modulus *m)
{
    const uint64_t *rows[3] = {s->a, s->b, s->c};
    uint64_t ignored;
    const uint64_t c = ckks_u128_div_var(
        ckks_u128_make(UINT64_C(1) << m->bits >> 13, UINT64_C(1) << m->bits << 51), m->q, &ignored);
    const uint64_t constants[3] = {c, c, c};
    const int bits[3] = {m->bits, m->bits, m->bits};
    uint32_t index[ROW];
    int ok = 1;

    for (size_t i = 0; i < ROW; i++) {
        uint64_t sum = UINT64_C(1) << 49;

        for (int r = 0; r < 3; r++)
            sum += ckks_u128_mul_hi(rows[r][i] << (63 - m->bits), c);
        s->want[i] = sum >> 50;
        index[i] = (uint32_t)((5 * i + turn) % ROW);
    }
    m->kernel->round_quotient(s->out, rows, constants, bits, 3, ROW);
    ok &= same(s);
    for (size_t i = 0; i < ROW; i++)
        s->want[i] = s->a[index[i]];
    m->kernel->permute(s->out, s->a, index, ROW);
    return ok & same(s);
}

/* Packed rows: KEY_DIGITS digits of two parts, or twice as many terms; more than a family is likely
 * to sum at once. */
enum { KEY_DIGITS = 18, PICKS = 3 };

typedef struct packed_test {
    _Alignas(64) uint64_t x[PICKS][2][CKKS_TILE]; /* words below 2^46.8 */
    _Alignas(64) uint64_t turned[CKKS_TILE];
    _Alignas(64) uint64_t out[2][CKKS_TILE];
    uint64_t want[2][CKKS_TILE];
    uint8_t y[2 * KEY_DIGITS * CKKS_TILE * CKKS_PACKED_BYTES + CKKS_PACKED_SLACK];
} packed_test;

static void fill_packed(packed_test *t, size_t turn, size_t n, uint64_t q)
{
    uint64_t *x = &t->x[0][0][0];

    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < 2 * PICKS * n; i++)
        x[i] = edge(i + turn, CKKS_MAX_PRIME);
    for (size_t i = 0; i < 2 * KEY_DIGITS * n; i++)
        ckks_packed_put(t->y, i, edge(i + turn / 2, q));
}

static int same_packed(const packed_test *t, size_t n)
{
    return memcmp(t->out[0], t->want[0], n * sizeof t->out[0][0]) == 0 &&
           memcmp(t->out[1], t->want[1], n * sizeof t->out[1][0]) == 0;
}

/* One tile, of a key with one digit more than are used; blocks and lanes as automorphisms move
 * them. */
static int test_dot_key(packed_test *t, size_t turn, const ckks_modulus *m)
{
    static const uint8_t lanes[8] = {0, 1, 3, 2, 6, 7, 5, 4};
    const size_t n = ckks_tile(m->n);
    const uint64_t *x[KEY_DIGITS];
    uint32_t block[CKKS_TILE / 8];
    ckks_permutation moves = {.block = block};
    ckks_key_product p = {.x = x, .count = KEY_DIGITS - 1, .y = t->y, .stride = KEY_DIGITS};

    for (size_t d = 0; d < KEY_DIGITS; d++)
        x[d] = t->x[d % PICKS][0];
    for (size_t i = 0; i < n / 8; i++)
        block[i] = (uint32_t)(n - 8 - 8 * i + (i + turn) % 8);
    for (size_t i = 0; i < 64; i++)
        moves.lane[i / 8][i % 8] = lanes[i % 8] ^ (uint8_t)(i / 8);
    for (size_t i = 0; i < n; i++) {
        t->turned[i] = edge(3 * i + turn, m->q);
        t->out[0][i] = t->out[1][i] = edge(i + 2 * turn, m->q);
    }
    if (turn % 2 != 0) {
        p.turn = &moves;
        p.turned = t->turned;
    }
    p.add[turn % 2] = t->out[turn % 2];
    for (size_t i = 0; i < n; i++) {
        size_t from =
            p.turn == NULL ? i : (block[i / 8] & ~(size_t)7) + moves.lane[block[i / 8] & 7][i % 8];

        for (size_t h = 0; h < 2; h++) {
            t->want[h][i] = p.add[h] != NULL ? p.add[h][i] : 0;
            if (h == 0 && p.turned != NULL)
                t->want[0][i] = ckks_mod_add(t->want[0][i], p.turned[from], m->q);
            for (size_t d = 0; d < p.count; d++) {
                uint64_t y = ckks_packed_get(t->y, (2 * d + h) * n + i);
                uint64_t dot = ckks_mod_mul(ckks_mod_reduce_u64(x[d][from], &m->mod), y, &m->mod);

                t->want[h][i] = ckks_mod_add(t->want[h][i], dot, m->q);
            }
        }
    }
    m->kernel->dot_key(t->out[0], t->out[1], &p, 0, n, m);
    return same_packed(t, n);
}

static int test_dot_pair(packed_test *t, const ckks_modulus *m)
{
    const size_t n = ckks_tile(m->n);
    const size_t count = 2 * KEY_DIGITS - 1;
    const uint64_t *x = &t->x[0][0][0];
    uint16_t pick[2 * KEY_DIGITS];

    for (size_t k = 0; k < count; k++)
        pick[k] = (uint16_t)(k * k % PICKS);
    for (size_t i = 0; i < n; i++) {
        for (size_t h = 0; h < 2; h++) {
            t->want[h][i] = 0;
            for (size_t k = 0; k < count; k++) {
                uint64_t y = ckks_packed_get(t->y, k * n + i);
                uint64_t term = ckks_mod_reduce_u64(x[(2 * pick[k] + h) * n + i], &m->mod);

                t->want[h][i] = ckks_mod_add(t->want[h][i], ckks_mod_mul(term, y, &m->mod), m->q);
            }
        }
    }
    m->kernel->dot_pair(t->out[0], t->out[1], x, pick, t->y, count, n, m);
    return same_packed(t, n);
}

static int test_packed(size_t turn, const ckks_modulus *m)
{
    packed_test t;

    fill_packed(&t, turn, ckks_tile(m->n), m->q);
    return test_dot_pair(&t, m) & test_dot_key(&t, turn, m);
}

static size_t reverse_bits(size_t x, int bits)
{
    size_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* Value of the polynomial a, residues in [0,q), at psi^e, e = 2 brv(place) + 1 or in the real ring
 * 4 brv(place) + 1. */
static uint64_t value_at(const uint64_t *a, size_t place, const ckks_modulus *m)
{
    const uint64_t step = m->kind == CKKS_RING_REAL ? 4 : 2;
    uint64_t x = ckks_mod_pow_var(m->root, step * reverse_bits(place, m->log_n) + 1, &m->mod);
    uint64_t r = 0;

    for (size_t i = m->n; i-- > 0;)
        r = ckks_mod_add(ckks_mod_mul(r, x, &m->mod), a[i], m->q);
    return r;
}

/* scratch: the polynomial reduced, and the work. lift = 3: inputs up to 4q - 1. */
static int test_transform(uint64_t *scratch, size_t lift, size_t turn, const ckks_modulus *m)
{
    const size_t n = m->n;
    const size_t places[4] = {0, turn % n, n / 2 + 2, n - 1};
    uint64_t *plain = scratch;
    uint64_t *work = scratch + n;

    for (size_t i = 0; i < n; i++) {
        plain[i] = edge(lift == 3 && turn == 0 ? 0 : i + turn, m->q);
        work[i] = plain[i] + (turn == 0 ? lift : (i + turn) % (lift + 1)) * m->q;
    }
    m->kernel->ntt_forward(work, m);
    for (int p = 0; p < 4; p++) {
        if (work[places[p]] != value_at(plain, places[p], m))
            return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (work[i] >= m->q)
            return 0;
        work[i] += (i + turn) % 2 * m->q;
    }
    m->kernel->ntt_inverse(work, m);
    for (size_t i = 0; m->kind == CKKS_RING_REAL && i < n; i++)
        work[i] = ckks_mod_add(work[i], work[i], m->q);
    return memcmp(work, plain, n * sizeof *work) == 0;
}

/* The slots of the real ring, at the edges of their ranges; on fold's way back all is doubled. */
static int test_fold(uint64_t *scratch, size_t turn, const ckks_modulus *m)
{
    const size_t n = m->n;
    uint64_t *plain = scratch;
    uint64_t *work = scratch + n;
    int ok = 1;

    for (size_t i = 0; i < n; i++) {
        plain[i] = turn == 0 ? m->q - 1 : edge(i + turn, m->q);
        work[i] = plain[i] + (turn == 0 ? 1 : (i + turn) % 2) * m->q;
    }
    m->kernel->real_fold(work, m);
    for (size_t i = 0; i < n; i++) {
        uint64_t mirror = i == 0 ? 0 : ckks_mod_mul(plain[n - i], m->imaginary, &m->mod);

        ok &= work[i] < 4 * m->q && work[i] % m->q == ckks_mod_sub(plain[i], mirror, m->q);
        work[i] %= m->q;
    }
    m->kernel->real_unfold(work, m);
    for (size_t i = 0; i < n; i++)
        ok &= work[i] == ckks_mod_add(plain[i], plain[i], m->q);
    return ok;
}

ckks_status ckks_kernel_selftest(const ckks_modulus *m, uint64_t *scratch)
{
    selftest s;
    int ok = 1;

    for (size_t turn = 0; turn < 7; turn++) {
        fill(&s, turn, m->q);
        ok &= test_binary(&s, m);
        ok &= test_dot(&s, m);
        ok &= test_dots(&s, m);
        ok &= test_move(&s, turn, m);
        ok &= test_scalar(&s, edge(turn, m->q), m);
        ok &= test_reduce(&s, turn, m);
    }
    ok &= ckks_kernel_client_selftest(m);
    ok &= test_packed(0, m) & test_packed(5, m);
    ok &= test_transform(scratch, 3, 0, m);
    ok &= test_transform(scratch, 3, 5, m);
    if (m->kind == CKKS_RING_REAL)
        ok &= test_fold(scratch, 0, m) & test_fold(scratch, 3, m);
    return ok ? CKKS_OK : CKKS_ERR_SELFTEST;
}
