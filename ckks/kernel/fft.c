/* Tables of the transforms between slots and coefficient pairs; the passes are in fft_passes.h.
 *
 * The butterflies are those of the cyclic transform; only the twiddles, exp(i pi 5^j / (4h)), know
 * that slots follow the powers of 5.  Source: [CKKS17] 3.1
 *
 * Indices: h half length of a block, j place in it.
 */
#include "ckks/kernel/fft.h"

#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"

#define CKKS_FFT_LANES 1
#include "ckks/kernel/fft_passes.h"

/* ------------------------------------------------------------------ roots of unity
 * All twiddles are powers of exp(2 pi i / 2^FINEST). They are made as unevaluated sums of two
 * doubles, about 100 bits, and rounded once: within 0.5 ulp and a trifle. */

enum {
    FINEST = CKKS_MAX_LOG_N + 2,
    LOW_BITS = (FINEST - 2) / 2,
    LOW = 1 << LOW_BITS,
    HIGH = 1 << (FINEST - 3 - LOW_BITS)
};

typedef struct twice {
    double hi, lo;
} twice;

typedef struct complex_twice {
    twice re, im;
} complex_twice;

/* The exact sum of two doubles.  Source: [Dek71] */
static twice sum_of(double a, double b)
{
    double s = a + b;
    double t = s - a;
    twice r = {s, (a - (s - t)) + (b - t)};

    return r;
}

/* The exact product; factors far from overflow. magic: 134217729 == 2^27 + 1 */
static twice product_of(double a, double b)
{
    double p = a * b;
    double ca = 134217729.0 * a;
    double cb = 134217729.0 * b;
    double ah = ca - (ca - a);
    double bh = cb - (cb - b);
    double al = a - ah;
    double bl = b - bh;
    twice r = {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};

    return r;
}

static twice add(twice a, twice b)
{
    twice s = sum_of(a.hi, b.hi);

    return sum_of(s.hi, s.lo + (a.lo + b.lo));
}

static twice negative(twice a)
{
    twice r = {-a.hi, -a.lo};

    return r;
}

static twice mul(twice a, twice b)
{
    twice p = product_of(a.hi, b.hi);

    return sum_of(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

/* a / b and sqrt(a): the double's answer, and what is left over, divided in double. */
static twice divide(twice a, twice b)
{
    double first = a.hi / b.hi;
    twice left = add(a, negative(mul(b, sum_of(first, 0))));

    return sum_of(first, left.hi / b.hi);
}

static twice square_root(twice a)
{
    double first = sqrt(a.hi);
    twice left = add(a, negative(product_of(first, first)));

    return sum_of(first, left.hi / (2 * first));
}

static complex_twice complex_mul(complex_twice a, complex_twice b)
{
    complex_twice r = {add(mul(a.re, b.re), negative(mul(a.im, b.im))),
                       add(mul(a.re, b.im), mul(a.im, b.re))};

    return r;
}

/* Roots of the first octant: exp(2 pi i (a LOW + b) / 2^FINEST) = coarse[a] * fine[b]. */
typedef struct root_table {
    complex_twice coarse[HIGH + 1], fine[LOW];
} root_table;

/* table[j] = base^j for j < count, where base^(2^i) = power[i]. */
static void fill(complex_twice *table, size_t count, const complex_twice *power)
{
    static const complex_twice one = {{1, 0}, {0, 0}};

    table[0] = one;
    for (size_t j = 1; j < count; j++) {
        int i = 0;

        /* j without its lowest bit is done already. */
        while ((j >> i & 1) == 0)
            i++;
        table[j] = complex_mul(table[j & (j - 1)], power[i]);
    }
}

static void make_roots(root_table *t)
{
    static const twice one = {1, 0};
    complex_twice power[FINEST + 1]; /* [i] = exp(2 pi i 2^i / 2^FINEST) */

    /* Halve the angle: cos(x/2) = sqrt((1 + cos x) / 2), sin(x/2) = sin x / (2 cos(x/2)). */
    power[FINEST - 2].re = sum_of(0, 0);
    power[FINEST - 2].im = one;
    for (int i = FINEST - 3; i >= 0; i--) {
        twice c = add(one, power[i + 1].re);
        twice half;

        c.hi /= 2;
        c.lo /= 2;
        power[i].re = square_root(c);
        half.hi = power[i + 1].im.hi / 2;
        half.lo = power[i + 1].im.lo / 2;
        power[i].im = divide(half, power[i].re);
    }
    fill(t->fine, LOW, power);
    fill(t->coarse, HIGH + 1, power + LOW_BITS);
}

/* cos and sin of 2 pi k / 2^FINEST for 0 <= 8k <= 2^FINEST. */
static void octant(const root_table *t, uint64_t k, double *c, double *s)
{
    complex_twice r = complex_mul(t->coarse[k / LOW], t->fine[k % LOW]);

    *c = r.re.hi;
    *s = r.im.hi;
}

/* cos and sin of 2 pi k / 2^FINEST for 0 <= k < 2^FINEST. */
static void unit_root(const root_table *t, uint64_t k, double *c, double *s)
{
    const uint64_t quarter = UINT64_C(1) << (FINEST - 2);
    const uint64_t within = k % quarter;
    double a;
    double b;

    if (2 * within <= quarter)
        octant(t, within, &a, &b);
    else
        octant(t, quarter - within, &b, &a);
    switch (k / quarter) {
    case 0:
        *c = a;
        *s = b;
        break;
    case 1:
        *c = -b;
        *s = a;
        break;
    case 2:
        *c = -a;
        *s = -b;
        break;
    default:
        *c = b;
        *s = -a;
        break;
    }
}

ckks_status ckks_fft_init(ckks_fft *f, int log_n, const ckks_kernel *kernel,
                          const ckks_allocator *alloc)
{
    root_table roots;

    memset(f, 0, sizeof *f);
    f->kernel = kernel->client;
    f->log_n = log_n;
    f->slots = (size_t)1 << (log_n - 1);
    if (alloc != NULL)
        f->allocator = *alloc;
    f->re = ckks_mem_alloc_zero(&f->allocator, 2 * f->slots * sizeof(double));
    if (f->re == NULL) {
        memset(f, 0, sizeof *f);
        return CKKS_ERR_MEMORY;
    }
    f->im = f->re + f->slots;
    make_roots(&roots);
    for (int log_h = 0; log_h <= log_n - 2; log_h++) {
        const size_t h = (size_t)1 << log_h;
        uint64_t power = 1;

        for (size_t j = 0; j < h; j++) {
            unit_root(&roots, power << (FINEST - 3 - log_h), &f->re[h + j], &f->im[h + j]);
            power = power * 5 % (8 * h);
        }
    }
    return CKKS_OK;
}

void ckks_fft_clear(ckks_fft *f)
{
    ckks_allocator allocator = f->allocator;

    ckks_mem_free(&allocator, f->re, 2 * f->slots * sizeof(double));
    memset(f, 0, sizeof *f);
}

/* ------------------------------------------------------------------ transforms */

/* Fewer slots than a tile of the kernels. */
static void reverse_few(double *x, size_t slots)
{
    int bits = 0;

    while ((size_t)1 << bits < slots)
        bits++;
    for (size_t i = 0; i < slots; i++) {
        const size_t other = fft_reversed(i, bits);

        if (i < other) {
            const double t = x[i];

            x[i] = x[other];
            x[other] = t;
        }
    }
}

static void forward_few(fft_rows a, fft_roots w, size_t slots)
{
    reverse_few(a.re, slots);
    reverse_few(a.im, slots);
    for (size_t h = 1; h < slots; h *= 2) {
        for (size_t i = 0; i < slots; i += 2 * h)
            fft_one_layer(a, w, i, h, 0);
    }
}

static void inverse_few(fft_rows a, fft_roots w, size_t slots)
{
    const double scale = 1.0 / (double)slots;

    for (size_t h = slots / 2; h >= 1; h /= 2) {
        for (size_t i = 0; i < slots; i += 2 * h)
            fft_one_layer(a, w, i, h, 1);
    }
    reverse_few(a.re, slots);
    reverse_few(a.im, slots);
    for (size_t i = 0; i < slots; i++) {
        a.re[i] *= scale;
        a.im[i] *= scale;
    }
}

void ckks_fft_forward(const ckks_fft *f, double *re, double *im, size_t slots)
{
    CKKS_VERIFY(slots >= 1 && slots <= f->slots && (slots & (slots - 1)) == 0);
    if (slots < FFT_TILE)
        forward_few((fft_rows){re, im}, (fft_roots){f->re, f->im}, slots);
    else
        f->kernel->fft_forward(re, im, f->re, f->im, slots);
}

void ckks_fft_inverse(const ckks_fft *f, double *re, double *im, size_t slots)
{
    CKKS_VERIFY(slots >= 1 && slots <= f->slots && (slots & (slots - 1)) == 0);
    if (slots < FFT_TILE)
        inverse_few((fft_rows){re, im}, (fft_roots){f->re, f->im}, slots);
    else
        f->kernel->fft_inverse(re, im, f->re, f->im, slots);
}
