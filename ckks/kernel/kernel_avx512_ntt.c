/* The transforms of the AVX-512 family.
 *
 * Forward: Cooley-Tukey. Its tables hold w + q and w' + 1, so that T = (w + q) y - (y + Q) q takes
 * three multiplications that need no other register to start from; w' + 1 < 2^52 because
 * w <= q - 1 and 2^52 / q > 1. With w' + 1 the real quotient
 * w y / q less (w' + 1) y / 2^52 lies in (-1,0], the floor adds less than 1: T lies in (-q,q), and
 * (x, y) -> (x + T, x - T) widens a range by q on both sides and needs no correction. Inputs are in
 * [0,4q); the first layer adds log_n q to every x. After k layers all numbers lie in
 * [(log_n - k) q, (log_n + 4 + k) q), at the end in [0, 36q), and 36 * 2^46.8 < 2^52.
 *
 * Inverse: Gentleman-Sande, (x, y) -> (x + y, (x - y + B) w) where y <= B, a multiple of q. Sums
 * double; the few that a pass leaves at 4q or above are reduced by Barrett. The largest are below
 * 32q < 2^52.
 *
 * Both go down the tree of blocks depth first, up to three layers in one pass over a block, and
 * finish (or begin) with leaves of 128 coefficients: four layers between their sixteen vectors,
 * three inside pairs of vectors. Sixteen vectors go through a layer together, enough independent
 * work to hide the multipliers' latency. Factors of the last three layers are read as vectors: a
 * table is arranged as groups of eight factors, then their eight quotients.
 *
 * Indices: i coefficient, t block or node of the tree (1 is the root, 2t and 2t + 1 its halves).
 * Source: [Har14] for the lazy products
 */
#include "ckks/kernel/kernel_avx512.h"

#if defined(CKKS_KERNEL_AVX512)

enum { LOG_LEAF = 7, LEAF = 1 << LOG_LEAF };

/* floor(w 2^64 / q) becomes floor(w 2^52 / q); then q_more is added to w and `more` to it. */
static void arrange_table(ckks_twiddle *table, size_t n, uint64_t q_more, uint64_t more)
{
    for (size_t t = 0; t < n; t += LANES) {
        uint64_t group[2 * LANES];
        for (size_t i = 0; i < LANES; i++) {
            group[i] = table[t + i].w + q_more;
            group[LANES + i] = (table[t + i].quotient >> 12) + more;
        }
        for (size_t i = 0; i < LANES; i++) {
            table[t + i].w = group[2 * i];
            table[t + i].quotient = group[2 * i + 1];
        }
    }
}

/* Short transforms are the portable ones, and read the tables as they are made. */
static int is_short(const ckks_modulus *m)
{
    return m->log_n <= LOG_LEAF;
}

void ckks_kernel_avx512_arrange(ckks_modulus *m)
{
    if (is_short(m))
        return;
    arrange_table(m->forward, m->n, m->q, 1);
    arrange_table(m->inverse, m->n, 0, 0);
}

/* Where the factor of node t stands; its quotient is LANES words on. */
INLINE const uint64_t *place(const ckks_twiddle *table, size_t t)
{
    const uint64_t *words = (const void *)table;

    return words + t / LANES * (2 * LANES) + t % LANES;
}

INLINE factor of_node(const ckks_twiddle *table, size_t t)
{
    const uint64_t *p = place(table, t);
    factor f;

    f.w = all(p[0]);
    f.quotient = all(p[LANES]);
    return f;
}

/* Factors of the nodes t, 2t, 2t + 1, 4t ... 4t + 3, numbered from 1 as a tree is. */
INLINE void of_tree(factor f[8], const ckks_twiddle *table, size_t t)
{
    f[1] = of_node(table, t);
    f[2] = of_node(table, 2 * t);
    f[3] = of_node(table, 2 * t + 1);
    f[4] = of_node(table, 4 * t);
    f[5] = of_node(table, 4 * t + 1);
    f[6] = of_node(table, 4 * t + 2);
    f[7] = of_node(table, 4 * t + 3);
}

/* Factors of eight, of four nodes (twice) and of two nodes (four times). */
INLINE factor of_eight(const uint64_t *p)
{
    factor f;

    f.w = load(p);
    f.quotient = load(p + LANES);
    return f;
}

INLINE vec twice(const void *p)
{
    return _mm512_broadcast_i64x4(_mm256_load_si256(p));
}

INLINE factor of_four(const uint64_t *p)
{
    factor f;

    f.w = twice(p);
    f.quotient = twice(p + LANES);
    return f;
}

INLINE vec four_times(const void *p)
{
    return _mm512_broadcast_i64x2(_mm_load_si128(p));
}

INLINE factor of_two(const uint64_t *p)
{
    factor f;

    f.w = four_times(p);
    f.quotient = four_times(p + LANES);
    return f;
}

/* The factors of the last three layers, nearly all of a table, four leaves ahead of leaf t. */
INLINE void fetch_leaf(const ckks_twiddle *table, size_t t)
{
    for (size_t layer = 16; layer <= 64; layer *= 2)
        fetch(place(table, layer * t), 4 * 2 * layer, 2 * layer);
}

/* How many layers the next pass over a block takes, when `layers` are left before the leaves. */
static int pass_layers(int layers)
{
    if (layers == 4)
        return 2;
    return layers < 3 ? layers : 3;
}

/* ------------------------------------------------------------------ forward transform */

/* x + T and 2x - (x + T), where T = (w + q) y - (y + Q) q. */
INLINE void forward_pair(vec *x, vec *y, factor f, const prime *p)
{
    const vec twice = add(*x, *x);
    const vec sum = low(*x, *y, f.w);

    *x = low(sum, high(*y, *y, f.quotient), p->minus);
    *y = sub(twice, *x);
}

INLINE void forward_four(vec *x, factor root, factor left, factor right, const prime *p)
{
    forward_pair(&x[0], &x[2], root, p);
    forward_pair(&x[1], &x[3], root, p);
    forward_pair(&x[0], &x[1], left, p);
    forward_pair(&x[2], &x[3], right, p);
}

INLINE void forward_eight(vec *x, const factor *f, const prime *p)
{
    forward_pair(&x[0], &x[4], f[1], p);
    forward_pair(&x[1], &x[5], f[1], p);
    forward_pair(&x[2], &x[6], f[1], p);
    forward_pair(&x[3], &x[7], f[1], p);
    forward_four(x, f[2], f[4], f[5], p);
    forward_four(x + 4, f[3], f[6], f[7], p);
}

/* Four layers between sixteen vectors. */
INLINE void forward_sixteen(vec *x, const ckks_twiddle *table, size_t t, const prime *p)
{
    const factor root = of_node(table, t);
    factor f[8];

    forward_pair(&x[0], &x[8], root, p);
    forward_pair(&x[1], &x[9], root, p);
    forward_pair(&x[2], &x[10], root, p);
    forward_pair(&x[3], &x[11], root, p);
    forward_pair(&x[4], &x[12], root, p);
    forward_pair(&x[5], &x[13], root, p);
    forward_pair(&x[6], &x[14], root, p);
    forward_pair(&x[7], &x[15], root, p);
    of_tree(f, table, 2 * t);
    forward_eight(x, f, p);
    of_tree(f, table, 2 * t + 1);
    forward_eight(x + 8, f, p);
}

INLINE void shuffle_eight(vec *x)
{
    shuffle(&x[0], &x[1]);
    shuffle(&x[2], &x[3]);
    shuffle(&x[4], &x[5]);
    shuffle(&x[6], &x[7]);
}

/* The layers inside four pairs of vectors, whose factors begin at f. */
INLINE void forward_twos(vec *x, const uint64_t *f, const prime *p)
{
    shuffle_eight(x);
    forward_pair(&x[0], &x[1], of_two(f), p);
    forward_pair(&x[2], &x[3], of_two(f + 2), p);
    forward_pair(&x[4], &x[5], of_two(f + 4), p);
    forward_pair(&x[6], &x[7], of_two(f + 6), p);
}

INLINE void forward_fours(vec *x, const uint64_t *f, const prime *p)
{
    shuffle_eight(x);
    forward_pair(&x[0], &x[1], of_four(f), p);
    forward_pair(&x[2], &x[3], of_four(f + 4), p);
    forward_pair(&x[4], &x[5], of_four(f + 2 * LANES), p);
    forward_pair(&x[6], &x[7], of_four(f + 2 * LANES + 4), p);
}

INLINE void forward_eights(vec *x, const uint64_t *f, const prime *p)
{
    shuffle_eight(x);
    forward_pair(&x[0], &x[1], of_eight(f), p);
    forward_pair(&x[2], &x[3], of_eight(f + 2 * LANES), p);
    forward_pair(&x[4], &x[5], of_eight(f + 4 * LANES), p);
    forward_pair(&x[6], &x[7], of_eight(f + 6 * LANES), p);
}

INLINE vec forward_settle(vec x, const prime *p)
{
    return settle(barrett(x, p), p);
}

INLINE void forward_settle_eight(vec *x, const prime *p)
{
    x[0] = forward_settle(x[0], p);
    x[1] = forward_settle(x[1], p);
    x[2] = forward_settle(x[2], p);
    x[3] = forward_settle(x[3], p);
    x[4] = forward_settle(x[4], p);
    x[5] = forward_settle(x[5], p);
    x[6] = forward_settle(x[6], p);
    x[7] = forward_settle(x[7], p);
    shuffle_eight(x);
}

INLINE void forward_leaf(uint64_t *a, const ckks_twiddle *table, size_t t, const prime *p)
{
    vec x[16];

    load_rows(x, a, LANES, 8);
    load_rows(x + 8, a + 8 * LANES, LANES, 8);
    forward_sixteen(x, table, t, p);
    forward_twos(x, place(table, 16 * t), p);
    forward_twos(x + 8, place(table, 16 * t + 8), p);
    forward_fours(x, place(table, 32 * t), p);
    forward_fours(x + 8, place(table, 32 * t + 16), p);
    forward_eights(x, place(table, 64 * t), p);
    forward_eights(x + 8, place(table, 64 * t + 32), p);
    forward_settle_eight(x, p);
    forward_settle_eight(x + 8, p);
    store_rows(a, x, LANES, 8);
    store_rows(a + 8 * LANES, x + 8, LANES, 8);
}

/* The first `rows` = 2, 4 or 8 fold split of block t; offset is added to every x of the first
 * layer when `first` says so. Both are constants of the call. */
INLINE void forward_pass(uint64_t *a, size_t words, size_t t, const ckks_modulus *m, int rows,
                         int first)
{
    const size_t stride = words / (size_t)rows;
    const prime p = prime_of(m);
    const vec offset = all((uint64_t)m->log_n * m->q);
    factor f[8];

    if (rows == 8)
        of_tree(f, m->forward, t);
    f[1] = of_node(m->forward, t);
    if (rows == 4) {
        f[2] = of_node(m->forward, 2 * t);
        f[3] = of_node(m->forward, 2 * t + 1);
    }
    for (size_t i = 0; i < stride; i += LANES) {
        vec x[8];
        load_rows(x, a + i, stride, rows);
        if (first) {
            x[0] = add(x[0], offset);
            x[1] = rows > 2 ? add(x[1], offset) : x[1];
            x[2] = rows > 4 ? add(x[2], offset) : x[2];
            x[3] = rows > 4 ? add(x[3], offset) : x[3];
        }
        if (rows == 8)
            forward_eight(x, f, &p);
        else if (rows == 4)
            forward_four(x, f[1], f[2], f[3], &p);
        else
            forward_pair(&x[0], &x[1], f[1], &p);
        store_rows(a + i, x, stride, rows);
    }
}

INLINE void forward_split(uint64_t *a, size_t words, size_t t, const ckks_modulus *m, int layers,
                          int first)
{
    if (layers == 3)
        forward_pass(a, words, t, m, 8, first);
    else if (layers == 2)
        forward_pass(a, words, t, m, 4, first);
    else
        forward_pass(a, words, t, m, 2, first);
}

static void forward_leaves(uint64_t *a, size_t t, size_t count, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const int far = is_far(m);

    for (size_t i = 0; i < count; i++) {
        if (far)
            fetch_leaf(m->forward, t + i);
        forward_leaf(a + LEAF * i, m->forward, t + i, &p);
    }
}

static void forward_rest(uint64_t *a, int layers, size_t t, const ckks_modulus *m);

/* The halves, quarters or eighths of block t, from left to right. */
static void forward_parts(uint64_t *a, int layers, int done, size_t t, const ckks_modulus *m)
{
    const size_t count = (size_t)1 << done;

    if (layers == done) {
        forward_leaves(a, t << done, count, m);
        return;
    }
    for (size_t i = 0; i < count; i++)
        forward_rest(a + (i * LEAF << (layers - done)), layers - done, (t << done) + i, m);
}

/* Block t of LEAF << layers words. */
static void forward_rest(uint64_t *a, int layers, size_t t, const ckks_modulus *m)
{
    const int done = pass_layers(layers);
    const size_t words = (size_t)LEAF << layers;

    if (t == 1)
        forward_split(a, words, 1, m, done, 1);
    else
        forward_split(a, words, t, m, done, 0);
    forward_parts(a, layers, done, t, m);
}

void ckks_kernel_avx512_ntt_forward(uint64_t *a, const ckks_modulus *m)
{
    if (is_short(m))
        ckks_kernel_portable()->ntt_forward(a, m);
    else
        forward_rest(a, m->log_n - LOG_LEAF, 1, m);
}

/* ------------------------------------------------------------------ inverse transform */

/* x, y < bound -> x + y < 2 bound and (x - y + bound) f < 2q.  Range: bound <= 16q, so that
 * x - y + bound < 2^52 */
INLINE void inverse_pair(vec *x, vec *y, factor f, vec bound, const prime *p)
{
    const vec difference = sub(add(*x, bound), *y);

    *x = add(*x, *y);
    *y = product(difference, f, p);
}

INLINE void inverse_four(vec *x, factor root, factor left, factor right, vec bound, const prime *p)
{
    const vec bound2 = add(bound, bound);

    inverse_pair(&x[0], &x[1], left, bound, p);
    inverse_pair(&x[2], &x[3], right, bound, p);
    inverse_pair(&x[0], &x[2], root, bound2, p);
    inverse_pair(&x[1], &x[3], root, bound2, p);
}

/* The first two of three layers between eight vectors below `bound` <= 4q. The bound of the third,
 * which is the caller's, is returned. After it the vectors stand below 8 bound, 8q, 4q, 4q and four
 * times 2q: the first has only been summed, the others were products after the first, the second
 * or the third layer. */
INLINE vec inverse_quarters(vec *x, const factor *f, vec bound, const prime *p)
{
    const vec bound2 = add(bound, bound);

    inverse_four(x, f[2], f[4], f[5], bound, p);
    inverse_four(x + 4, f[3], f[6], f[7], bound, p);
    return add(bound2, bound2);
}

INLINE void unshuffle_eight(vec *x)
{
    unshuffle(&x[0], &x[1]);
    unshuffle(&x[2], &x[3]);
    unshuffle(&x[4], &x[5]);
    unshuffle(&x[6], &x[7]);
}

INLINE void inverse_eights(vec *x, const uint64_t *f, vec bound, const prime *p)
{
    unshuffle_eight(x);
    inverse_pair(&x[0], &x[1], of_eight(f), bound, p);
    inverse_pair(&x[2], &x[3], of_eight(f + 2 * LANES), bound, p);
    inverse_pair(&x[4], &x[5], of_eight(f + 4 * LANES), bound, p);
    inverse_pair(&x[6], &x[7], of_eight(f + 6 * LANES), bound, p);
}

INLINE void inverse_fours(vec *x, const uint64_t *f, vec bound, const prime *p)
{
    unshuffle_eight(x);
    inverse_pair(&x[0], &x[1], of_four(f), bound, p);
    inverse_pair(&x[2], &x[3], of_four(f + 4), bound, p);
    inverse_pair(&x[4], &x[5], of_four(f + 2 * LANES), bound, p);
    inverse_pair(&x[6], &x[7], of_four(f + 2 * LANES + 4), bound, p);
}

/* Below 16q, the sums are reduced to below 2q as the products are. */
INLINE void inverse_twos(vec *x, const uint64_t *f, vec bound, const prime *p)
{
    unshuffle_eight(x);
    inverse_pair(&x[0], &x[1], of_two(f), bound, p);
    inverse_pair(&x[2], &x[3], of_two(f + 2), bound, p);
    inverse_pair(&x[4], &x[5], of_two(f + 4), bound, p);
    inverse_pair(&x[6], &x[7], of_two(f + 6), bound, p);
    x[0] = barrett(x[0], p);
    x[2] = barrett(x[2], p);
    x[4] = barrett(x[4], p);
    x[6] = barrett(x[6], p);
    unshuffle_eight(x);
}

/* Three layers between eight vectors, from below `bound`, the last of them with four times that. */
INLINE void inverse_eight(vec *x, const ckks_twiddle *table, size_t t, vec bound, const prime *p)
{
    factor f[8];

    of_tree(f, table, t);
    bound = inverse_quarters(x, f, bound, p);
    inverse_pair(&x[0], &x[4], f[1], bound, p);
    inverse_pair(&x[1], &x[5], f[1], bound, p);
    inverse_pair(&x[2], &x[6], f[1], bound, p);
    inverse_pair(&x[3], &x[7], f[1], bound, p);
}

/* From [0,2q): after four layers between vectors, the first stands below 32q, the second below 16q,
 * the next two below 8q, the others below 4q. */
INLINE void inverse_leaf(uint64_t *a, const ckks_twiddle *table, size_t t, const prime *p)
{
    const factor root = of_node(table, t);
    const vec two = add(p->q, p->q);
    const vec four = add(two, two);
    const vec eight = add(four, four);
    const vec sixteen = add(eight, eight);
    vec x[16];

    load_rows(x, a, LANES, 8);
    load_rows(x + 8, a + 8 * LANES, LANES, 8);
    inverse_eights(x, place(table, 64 * t), two, p);
    inverse_eights(x + 8, place(table, 64 * t + 32), two, p);
    inverse_fours(x, place(table, 32 * t), four, p);
    inverse_fours(x + 8, place(table, 32 * t + 16), four, p);
    inverse_twos(x, place(table, 16 * t), eight, p);
    inverse_twos(x + 8, place(table, 16 * t + 8), eight, p);
    inverse_eight(x, table, 2 * t, two, p);
    inverse_eight(x + 8, table, 2 * t + 1, two, p);
    inverse_pair(&x[0], &x[8], root, sixteen, p);
    inverse_pair(&x[1], &x[9], root, sixteen, p);
    inverse_pair(&x[2], &x[10], root, sixteen, p);
    inverse_pair(&x[3], &x[11], root, sixteen, p);
    inverse_pair(&x[4], &x[12], root, sixteen, p);
    inverse_pair(&x[5], &x[13], root, sixteen, p);
    inverse_pair(&x[6], &x[14], root, sixteen, p);
    inverse_pair(&x[7], &x[15], root, sixteen, p);
    x[0] = barrett(x[0], p);
    x[1] = barrett(x[1], p);
    x[2] = barrett(x[2], p);
    x[3] = barrett(x[3], p);
    store_rows(a, x, LANES, 8);
    store_rows(a + 8 * LANES, x + 8, LANES, 8);
}

/* The root's layer: sum and difference with their factors, to [0,q), when `last`; else as any. */
INLINE void inverse_root(vec *x, vec *y, const factor *f, vec bound, const prime *p, int last)
{
    inverse_pair(x, y, f[1], bound, p);
    if (last) {
        *x = settle(product(*x, f[0], p), p);
        *y = settle(*y, p);
    }
}

/* The layers of block t that join its `rows` parts: from [0,4q) to [0,4q), or to [0,q) when `last`,
 * at the root of the tree. */
INLINE void inverse_pass(uint64_t *a, size_t words, size_t t, const ckks_modulus *m, int rows,
                         int last)
{
    const size_t stride = words / (size_t)rows;
    const prime p = prime_of(m);
    const vec four = all(4 * m->q);
    factor f[8];

    if (rows == 8)
        of_tree(f, m->inverse, t);
    f[0] = of_node(m->inverse, 0);
    f[1] = of_node(m->inverse, t);
    if (rows == 4) {
        f[2] = of_node(m->inverse, 2 * t);
        f[3] = of_node(m->inverse, 2 * t + 1);
    }
    for (size_t i = 0; i < stride; i += LANES) {
        vec x[8];
        vec bound = four;
        load_rows(x, a + i, stride, rows);
        if (rows == 8) {
            bound = inverse_quarters(x, f, four, &p);
            inverse_root(&x[0], &x[4], f, bound, &p, last);
            inverse_root(&x[1], &x[5], f, bound, &p, last);
            inverse_root(&x[2], &x[6], f, bound, &p, last);
            inverse_root(&x[3], &x[7], f, bound, &p, last);
        } else if (rows == 4) {
            bound = add(four, four);
            inverse_pair(&x[0], &x[1], f[2], four, &p);
            inverse_pair(&x[2], &x[3], f[3], four, &p);
            inverse_root(&x[0], &x[2], f, bound, &p, last);
            inverse_root(&x[1], &x[3], f, bound, &p, last);
        } else {
            inverse_root(&x[0], &x[1], f, bound, &p, last);
        }
        if (!last) {
            x[0] = barrett(x[0], &p);
            x[1] = rows == 8 ? barrett(x[1], &p) : x[1];
        }
        store_rows(a + i, x, stride, rows);
    }
}

INLINE void inverse_join(uint64_t *a, size_t words, size_t t, const ckks_modulus *m, int layers,
                         int last)
{
    if (layers == 3)
        inverse_pass(a, words, t, m, 8, last);
    else if (layers == 2)
        inverse_pass(a, words, t, m, 4, last);
    else
        inverse_pass(a, words, t, m, 2, last);
}

static void inverse_leaves(uint64_t *a, size_t t, size_t count, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const int far = is_far(m);

    for (size_t i = 0; i < count; i++) {
        if (far)
            fetch_leaf(m->inverse, t + i);
        inverse_leaf(a + LEAF * i, m->inverse, t + i, &p);
    }
}

static void inverse_rest(uint64_t *a, int layers, size_t t, const ckks_modulus *m);

static void inverse_parts(uint64_t *a, int layers, int left, size_t t, const ckks_modulus *m)
{
    const size_t count = (size_t)1 << left;

    if (layers == left) {
        inverse_leaves(a, t << left, count, m);
        return;
    }
    for (size_t i = 0; i < count; i++)
        inverse_rest(a + (i * LEAF << (layers - left)), layers - left, (t << left) + i, m);
}

static void inverse_rest(uint64_t *a, int layers, size_t t, const ckks_modulus *m)
{
    const int left = pass_layers(layers);
    const size_t words = (size_t)LEAF << layers;

    inverse_parts(a, layers, left, t, m);
    if (t == 1)
        inverse_join(a, words, 1, m, left, 1);
    else
        inverse_join(a, words, t, m, left, 0);
}

void ckks_kernel_avx512_ntt_inverse(uint64_t *a, const ckks_modulus *m)
{
    if (is_short(m))
        ckks_kernel_portable()->ntt_inverse(a, m);
    else
        inverse_rest(a, m->log_n - LOG_LEAF, 1, m);
}

#endif
