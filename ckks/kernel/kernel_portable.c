/* The portable kernels: 64-bit words and 64x64->128 products, right for every prime of the library.
 *
 * The forward transform adds at most 2q a layer and never corrects: it starts below 4q, and after
 * log_n <= 16 layers stands below (4 + 2*16) q = 36 q < 2^52. The inverse doubles a layer and never
 * corrects: it starts below 2q, and after 16 layers stands below 2^17 q < 2^17 * 2^46.8 < 2^64.
 * Two layers are merged in one pass over memory.
 *
 * Indices: i coefficient or block, j place in a block, k term of a sum.
 * Source: [Har14] for the lazy butterflies; without their corrections, by the bounds above
 */
#include "ckks/base/check.h"
#include "ckks/kernel/kernel.h"
#include "ckks/kernel/pack.h"
#include "ckks/kernel/real.h"

static uint64_t portable_quotient(uint64_t w, const ckks_mod *m)
{
    return ckks_mod_shoup(w, m);
}

/* The loops below read the tables as they are made. */
static void portable_arrange(ckks_modulus *m)
{
    (void)m;
}

/* y * t.w  in [0,2q), for any word y. */
static inline uint64_t lazy(uint64_t y, ckks_twiddle t, uint64_t q)
{
    return ckks_mod_mul_shoup_lazy(y, t.w, t.quotient, q);
}

/* ------------------------------------------------------------------ forward transform */

/* Cooley-Tukey: (x, y) -> (x + wy, x - wy + 2q). Bounds: x < Bq -> both < (B+2)q, and
 * x - wy + 2q > 0 because wy < 2q. */
static inline void forward_pair(uint64_t *x, uint64_t *y, ckks_twiddle t, uint64_t q)
{
    uint64_t product = lazy(*y, t, q);

    *y = *x - product + 2 * q;
    *x = *x + product;
}

/* Layer of one block, the first when log_n is odd. */
static void forward_first(uint64_t *a, const ckks_modulus *m)
{
    size_t half = m->n / 2;
    ckks_twiddle t = m->forward[1];

    for (size_t j = 0; j < half; j++)
        forward_pair(&a[j], &a[j + half], t, m->q);
}

/* The layers of `blocks` and of 2 * blocks blocks; quarter = N / (4 blocks) > 1. */
static void forward_pass(uint64_t *a, size_t blocks, size_t quarter, const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < blocks; i++) {
        const ckks_twiddle t = m->forward[blocks + i];
        const ckks_twiddle t0 = m->forward[2 * (blocks + i)];
        const ckks_twiddle t1 = m->forward[2 * (blocks + i) + 1];
        uint64_t *p0 = a + 4 * quarter * i;
        uint64_t *p1 = p0 + quarter;
        uint64_t *p2 = p1 + quarter;
        uint64_t *p3 = p2 + quarter;

        for (size_t j = 0; j < quarter; j++) {
            uint64_t x0 = p0[j];
            uint64_t x1 = p1[j];
            uint64_t x2 = p2[j];
            uint64_t x3 = p3[j];

            forward_pair(&x0, &x2, t, q);
            forward_pair(&x1, &x3, t, q);
            forward_pair(&x0, &x1, t0, q);
            forward_pair(&x2, &x3, t1, q);
            p0[j] = x0;
            p1[j] = x1;
            p2[j] = x2;
            p3[j] = x3;
        }
    }
}

/* The last two layers, and from [0,36q) to [0,q). */
static void forward_last(uint64_t *a, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const ckks_mod mod = m->mod;
    size_t blocks = m->n / 4;

    for (size_t i = 0; i < blocks; i++) {
        const ckks_twiddle t = m->forward[blocks + i];
        const ckks_twiddle t0 = m->forward[2 * (blocks + i)];
        const ckks_twiddle t1 = m->forward[2 * (blocks + i) + 1];
        uint64_t x0 = a[4 * i];
        uint64_t x1 = a[4 * i + 1];
        uint64_t x2 = a[4 * i + 2];
        uint64_t x3 = a[4 * i + 3];

        forward_pair(&x0, &x2, t, q);
        forward_pair(&x1, &x3, t, q);
        forward_pair(&x0, &x1, t0, q);
        forward_pair(&x2, &x3, t1, q);
        a[4 * i] = ckks_mod_reduce_u64(x0, &mod);
        a[4 * i + 1] = ckks_mod_reduce_u64(x1, &mod);
        a[4 * i + 2] = ckks_mod_reduce_u64(x2, &mod);
        a[4 * i + 3] = ckks_mod_reduce_u64(x3, &mod);
    }
}

static void portable_ntt_forward(uint64_t *a, const ckks_modulus *m)
{
    size_t blocks = 1;

    if (m->log_n % 2 != 0) {
        forward_first(a, m);
        blocks = 2;
    }
    for (; 4 * blocks < m->n; blocks *= 4)
        forward_pass(a, blocks, m->n / (4 * blocks), m);
    forward_last(a, m);
}

/* ------------------------------------------------------------------ inverse transform */

/* Gentleman-Sande: (x, y) -> (x + y, (x - y) w). With x, y < bound, a multiple of q: the sum is
 * below 2 bound, x - y + bound in (0, 2 bound), and the product below 2q <= 2 bound. */
static inline void inverse_pair(uint64_t *x, uint64_t *y, ckks_twiddle t, uint64_t bound,
                                uint64_t q)
{
    uint64_t difference = *x - *y + bound;

    *x = *x + *y;
    *y = lazy(difference, t, q);
}

/* Layer of N/2 blocks, the first when log_n is odd. */
static void inverse_first(uint64_t *a, uint64_t bound, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const ckks_twiddle *t = m->inverse + m->n / 2;

    for (size_t i = 0; i < m->n / 2; i++)
        inverse_pair(&a[2 * i], &a[2 * i + 1], t[i], bound, q);
}

/* The layers of 2 * blocks and of `blocks` blocks; quarter = N / (4 blocks), inputs below bound. */
static inline void inverse_pass(uint64_t *a, size_t blocks, size_t quarter, uint64_t bound,
                                const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < blocks; i++) {
        const ckks_twiddle t = m->inverse[blocks + i];
        const ckks_twiddle t0 = m->inverse[2 * (blocks + i)];
        const ckks_twiddle t1 = m->inverse[2 * (blocks + i) + 1];
        uint64_t *p0 = a + 4 * quarter * i;
        uint64_t *p1 = p0 + quarter;
        uint64_t *p2 = p1 + quarter;
        uint64_t *p3 = p2 + quarter;

        for (size_t j = 0; j < quarter; j++) {
            uint64_t x0 = p0[j];
            uint64_t x1 = p1[j];
            uint64_t x2 = p2[j];
            uint64_t x3 = p3[j];

            inverse_pair(&x0, &x1, t0, bound, q);
            inverse_pair(&x2, &x3, t1, bound, q);
            inverse_pair(&x0, &x2, t, 2 * bound, q);
            inverse_pair(&x1, &x3, t, 2 * bound, q);
            p0[j] = x0;
            p1[j] = x1;
            p2[j] = x2;
            p3[j] = x3;
        }
    }
}

/* The layers of two blocks and of one block with the factor 1/N, and to [0,q). */
static void inverse_last(uint64_t *a, uint64_t bound, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const size_t quarter = m->n / 4;
    const ckks_twiddle scale = m->inverse[0];
    const ckks_twiddle t = m->inverse[1];
    const ckks_twiddle t0 = m->inverse[2];
    const ckks_twiddle t1 = m->inverse[3];
    uint64_t *p1 = a + quarter;
    uint64_t *p2 = p1 + quarter;
    uint64_t *p3 = p2 + quarter;

    for (size_t j = 0; j < quarter; j++) {
        uint64_t x0 = a[j];
        uint64_t x1 = p1[j];
        uint64_t x2 = p2[j];
        uint64_t x3 = p3[j];

        inverse_pair(&x0, &x1, t0, bound, q);
        inverse_pair(&x2, &x3, t1, bound, q);
        inverse_pair(&x0, &x2, t, 2 * bound, q);
        inverse_pair(&x1, &x3, t, 2 * bound, q);
        a[j] = ckks_mod_once(lazy(x0, scale, q), q);
        p1[j] = ckks_mod_once(lazy(x1, scale, q), q);
        p2[j] = ckks_mod_once(x2, q);
        p3[j] = ckks_mod_once(x3, q);
    }
}

static void portable_ntt_inverse(uint64_t *a, const ckks_modulus *m)
{
    size_t quarter = 1;
    uint64_t bound = 2 * m->q;

    if (m->log_n % 2 != 0) {
        inverse_first(a, bound, m);
        quarter = 2;
        bound *= 2;
    }
    if (quarter == 1 && m->n > 4) {
        inverse_pass(a, m->n / 4, 1, bound, m);
        quarter = 4;
        bound *= 4;
    }
    for (; 4 * quarter < m->n; quarter *= 4, bound *= 4)
        inverse_pass(a, m->n / (4 * quarter), quarter, bound, m);
    inverse_last(a, bound, m);
}

/* ------------------------------------------------------------------ place by place */

static void portable_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                         const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_add(a[i], b[i], q);
}

static void portable_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                         const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_sub(a[i], b[i], q);
}

static void portable_neg(uint64_t *out, const uint64_t *a, size_t n, const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_neg(a[i], q);
}

static void portable_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                         const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_mul(a[i], b[i], &mod);
}

static void portable_mul_add(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
                             size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_reduce_u128(ckks_u128_add_u64(ckks_u128_mul(a[i], b[i]), c[i]), &mod);
}

static void portable_add_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                                const ckks_modulus *m)
{
    const uint64_t q = m->q;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_add(a[i], w, q);
}

static void portable_mul_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                                const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const uint64_t w_shoup = ckks_mod_shoup(w, &m->mod);

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_mul_shoup(a[i], w, w_shoup, q);
}

static void portable_mul_scalar_add(uint64_t *out, const uint64_t *a, uint64_t w, const uint64_t *b,
                                    size_t n, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const uint64_t w_shoup = ckks_mod_shoup(w, &m->mod);

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_add(ckks_mod_mul_shoup(a[i], w, w_shoup, q), b[i], q);
}

static void portable_sub_mul_scalar(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
                                    size_t n, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const uint64_t w_shoup = ckks_mod_shoup(w, &m->mod);

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_mul_shoup(a[i] - b[i] + q, w, w_shoup, q);
}

/* ------------------------------------------------------------------ into this modulus */

static void portable_reduce(uint64_t *out, const uint64_t *x, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_reduce_u64(x[i], &mod);
}

static void portable_reduce_centred(uint64_t *out, const uint64_t *x, uint64_t from, size_t n,
                                    const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;
    const uint64_t half = from / 2;
    const uint64_t from_here = ckks_mod_reduce_u64(from, &mod);

    for (size_t i = 0; i < n; i++) {
        /* The borrow of half - x; both are below 2^63. */
        uint64_t above = ckks_ct_mask_bit((half - x[i]) >> 63);
        uint64_t r = ckks_mod_reduce_u64(x[i], &mod);

        out[i] = ckks_mod_sub(r, from_here & above, mod.q);
    }
}

static void portable_reduce_i64(uint64_t *out, const int64_t *x, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_reduce_i64(x[i], &mod);
}

static void portable_reduce_i8(uint64_t *out, const int8_t *x, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;
    const uint64_t offset = ckks_mod_neg(ckks_mod_reduce_u64(128, &mod), mod.q);

    /* x + 128 >= 0, and -128 is added back modulo q: below 256 + q. */
    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_reduce_u64((uint64_t)(x[i] + 128) + offset, &mod);
}

/* ------------------------------------------------------------------ sums of products */

/* A tile of places is summed over a few terms at a time: their rows' addresses and one sum stay in
 * registers, the sums of the tile wait in cache, and every row is read in order.
 * Bound: 4096 products below 2^46.8 q, plus init < q: below 2^58.8 q + q, covered by
 * ckks_mod_reduce_u128, whose proof has room for a factor 1 + 2^-58. */
enum { TILE = 256, TERMS = 4 };

/* tile[i] += sum over k < terms of x[k][base + i] * y[k][base + i]; terms is a constant of the
 * call. */
static inline void tile_terms(ckks_u128 *restrict tile, size_t length, const uint64_t *const *x,
                              const uint64_t *const *y, size_t base, int terms)
{
    const uint64_t *xk[TERMS];
    const uint64_t *yk[TERMS];

    for (int k = 0; k < terms; k++) {
        xk[k] = x[k] + base;
        yk[k] = y[k] + base;
    }
    for (size_t i = 0; i < length; i++) {
        ckks_u128 sum = tile[i];

        for (int k = 0; k < terms; k++)
            sum = ckks_u128_mac(sum, xk[k][i], yk[k][i]);
        tile[i] = sum;
    }
}

/* A short sum needs no tile: terms <= TERMS is a constant of the call. */
static inline void dot_few(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                           const uint64_t *const *y, size_t n, const ckks_mod *mod, int terms)
{
    const uint64_t *xk[TERMS];
    const uint64_t *yk[TERMS];
    const ckks_mod m = *mod;

    for (int k = 0; k < terms; k++) {
        xk[k] = x[k];
        yk[k] = y[k];
    }
    for (size_t i = 0; i < n; i++) {
        ckks_u128 sum = ckks_u128_make(0, init != NULL ? init[i] : 0);

        for (int k = 0; k < terms; k++)
            sum = ckks_u128_mac(sum, xk[k][i], yk[k][i]);
        out[i] = ckks_mod_reduce_u128(sum, &m);
    }
}

static void dot_many(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                     const uint64_t *const *y, size_t count, size_t n, const ckks_mod *mod)
{
    ckks_u128 tile[TILE];

    for (size_t base = 0; base < n; base += TILE) {
        size_t length = n - base < TILE ? n - base : TILE;
        size_t k = 0;

        for (size_t i = 0; i < length; i++)
            tile[i] = ckks_u128_make(0, init != NULL ? init[base + i] : 0);
        for (; k + TERMS <= count; k += TERMS)
            tile_terms(tile, length, x + k, y + k, base, TERMS);
        if (count - k == 3)
            tile_terms(tile, length, x + k, y + k, base, 3);
        else if (count - k == 2)
            tile_terms(tile, length, x + k, y + k, base, 2);
        else if (count - k == 1)
            tile_terms(tile, length, x + k, y + k, base, 1);
        for (size_t i = 0; i < length; i++)
            out[base + i] = ckks_mod_reduce_u128(tile[i], mod);
    }
}

static inline void dot_rows(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                            const uint64_t *const *y, size_t count, size_t n, const ckks_mod *mod)
{
    switch (count) {
    case 1:
        dot_few(out, init, x, y, n, mod, 1);
        break;
    case 2:
        dot_few(out, init, x, y, n, mod, 2);
        break;
    case 3:
        dot_few(out, init, x, y, n, mod, 3);
        break;
    case TERMS:
        dot_few(out, init, x, y, n, mod, TERMS);
        break;
    default:
        dot_many(out, init, x, y, count, n, mod);
        break;
    }
}

static void portable_dot(uint64_t *out, const uint64_t *const *x, const uint64_t *const *y,
                         size_t count, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % 8 == 0);
    dot_rows(out, NULL, x, y, count, n, &mod);
}

static void portable_dot_add(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                             const uint64_t *const *y, size_t count, size_t n,
                             const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % 8 == 0);
    dot_rows(out, init, x, y, count, n, &mod);
}

static void portable_dot_scalar(uint64_t *out, const uint64_t *const *x, const uint64_t *w,
                                size_t count, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % 8 == 0);
    for (size_t i = 0; i < n; i++) {
        ckks_u128 sum = ckks_u128_make(0, 0);

        for (size_t k = 0; k < count; k++)
            sum = ckks_u128_mac(sum, x[k][i], w[k]);
        out[i] = ckks_mod_reduce_u128(sum, &mod);
    }
}

void ckks_kernel_dot_scalars_each(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                                  const uint64_t *const *w, size_t count, size_t n,
                                  const ckks_modulus *m)
{
    for (size_t r = 0; r < rows; r++)
        m->kernel->dot_scalar(out[r], x, w[r], count, n, m);
}

static void portable_round_quotient(uint64_t *v, const uint64_t *const *y, const uint64_t *c,
                                    const int *bits, size_t count, size_t n)
{
    /* floor(y 2^(51-b) C / 2^52) = floor(y 2^(63-b) C / 2^64), and y 2^(63-b) < 2^63. */
    for (size_t i = 0; i < n; i++)
        v[i] = UINT64_C(1) << 49;
    for (size_t k = 0; k < count; k++) {
        const uint64_t *yk = y[k];
        const uint64_t ck = c[k];
        const int shift = 63 - bits[k];

        for (size_t i = 0; i < n; i++)
            v[i] += ckks_u128_mul_hi(yk[i] << shift, ck);
    }
    for (size_t i = 0; i < n; i++)
        v[i] >>= 50;
}

static void portable_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[index[i]];
}

static const ckks_kernel portable = {
    .name = "portable",
    .max_prime = CKKS_MAX_PRIME,
    .client = &ckks_kernel_client_portable,
    .quotient = portable_quotient,
    .arrange = portable_arrange,
    .ntt_forward = portable_ntt_forward,
    .ntt_inverse = portable_ntt_inverse,
    .real_fold = ckks_real_fold,
    .real_unfold = ckks_real_unfold,
    .add = portable_add,
    .sub = portable_sub,
    .neg = portable_neg,
    .mul = portable_mul,
    .mul_add = portable_mul_add,
    .add_scalar = portable_add_scalar,
    .mul_scalar = portable_mul_scalar,
    .mul_scalar_add = portable_mul_scalar_add,
    .sub_mul_scalar = portable_sub_mul_scalar,
    .reduce = portable_reduce,
    .reduce_centred = portable_reduce_centred,
    .reduce_i64 = portable_reduce_i64,
    .reduce_i8 = portable_reduce_i8,
    .dot = portable_dot,
    .dot_add = portable_dot_add,
    .dot_scalar = portable_dot_scalar,
    .dot_scalars = ckks_kernel_dot_scalars_each,
    .round_quotient = portable_round_quotient,
    .permute = portable_permute,
    .dot_key = ckks_pack_dot_key,
    .dot_pair = ckks_pack_dot_pair,
};

const ckks_kernel *ckks_kernel_portable(void)
{
    return &portable;
}
