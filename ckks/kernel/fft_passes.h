/* The passes of the embedding's transform (fft.h) on FFT_LANES places side by side; a file includes
 * this after it has defined CKKS_FFT_LANES, a power of two up to 8. Without it all is empty. Sums
 * and products are the same, one by one, for any number of lanes, and so are the results, bit for
 * bit.
 *
 * The layers of half length h = 1, 2, 4 lie within eight places, and the order of bits is reversed
 * before them (forward) or after them (inverse). Both are done at once, tile by tile: with s slots
 * a place is (high, middle, low), three bits, log2 s - 6 and three, and reversed it is (brv(low),
 * brv(middle), brv(high)). Row r of tile `middle` are the eight places (brv(r), middle, 0..7): so
 * reversal puts row r, column c of a tile to row c, column r of the tile brv(middle), and in
 * reversed order these layers work down the columns. Tiles change places in pairs.
 *
 * Indices: h half length of a block, i start of a block, j place in it, r row, c column.
 */
#ifndef UNSEEN_CKKS_KERNEL_FFT_PASSES_H
#define UNSEEN_CKKS_KERNEL_FFT_PASSES_H

#include <stddef.h>
#include <string.h>

#ifdef CKKS_FFT_LANES

enum { FFT_LANES = CKKS_FFT_LANES, FFT_SIDE = 8, FFT_TILE = FFT_SIDE * FFT_SIDE };

#if CKKS_FFT_LANES > 1
typedef double fft_vec __attribute__((vector_size(8 * CKKS_FFT_LANES)));
#else
typedef double fft_vec;
#endif

/* FFT_LANES complex numbers. */
typedef struct fft_value {
    fft_vec re, im;
} fft_value;

/* The two parts of a row. */
typedef struct fft_rows {
    double *re, *im;
} fft_rows;

/* The twiddles of all layers: those of half length h stand at h. */
typedef struct fft_roots {
    const double *re, *im;
} fft_roots;

static inline fft_value fft_load(const double *re, const double *im, size_t at)
{
    fft_value x;

    memcpy(&x.re, re + at, sizeof x.re);
    memcpy(&x.im, im + at, sizeof x.im);
    return x;
}

static inline void fft_store(fft_rows a, size_t at, fft_value x)
{
    memcpy(a.re + at, &x.re, sizeof x.re);
    memcpy(a.im + at, &x.im, sizeof x.im);
}

/* One twiddle in all lanes. */
static inline fft_value fft_root(fft_roots w, size_t at)
{
    const fft_vec zero = {0};

    return (fft_value){w.re[at] + zero, w.im[at] + zero};
}

/* (x, y) -> (x + wy, x - wy) */
static inline void fft_forward_pair(fft_value *x, fft_value *y, fft_value w)
{
    const fft_vec re = y->re * w.re - y->im * w.im;
    const fft_vec im = y->re * w.im + y->im * w.re;

    y->re = x->re - re;
    y->im = x->im - im;
    x->re += re;
    x->im += im;
}

/* (x, y) -> (x + y, (x - y) conj(w)) */
static inline void fft_inverse_pair(fft_value *x, fft_value *y, fft_value w)
{
    const fft_vec re = x->re - y->re;
    const fft_vec im = x->im - y->im;

    x->re += y->re;
    x->im += y->im;
    y->re = re * w.re + im * w.im;
    y->im = im * w.re - re * w.im;
}

/* ------------------------------------------------------------------ layers of eight places and
 * more first is the block's first place, inverse a constant of the call. */

/* The layer h of one block. */
static inline void fft_one_layer(fft_rows a, fft_roots w, size_t first, size_t h, int inverse)
{
    for (size_t j = 0; j < h; j += FFT_LANES) {
        const fft_value root = fft_load(w.re, w.im, h + j);
        fft_value x = fft_load(a.re, a.im, first + j);
        fft_value y = fft_load(a.re, a.im, first + h + j);

        if (inverse)
            fft_inverse_pair(&x, &y, root);
        else
            fft_forward_pair(&x, &y, root);
        fft_store(a, first + j, x);
        fft_store(a, first + h + j, y);
    }
}

/* The layers h and 2h of one block of 4h places, the smaller first unless inverse. */
static inline void fft_two_layers(fft_rows a, fft_roots w, size_t first, size_t h, int inverse)
{
    for (size_t j = 0; j < h; j += FFT_LANES) {
        const fft_value small = fft_load(w.re, w.im, h + j);
        const fft_value low = fft_load(w.re, w.im, 2 * h + j);
        const fft_value high = fft_load(w.re, w.im, 3 * h + j);
        fft_value x0 = fft_load(a.re, a.im, first + j);
        fft_value x1 = fft_load(a.re, a.im, first + h + j);
        fft_value x2 = fft_load(a.re, a.im, first + 2 * h + j);
        fft_value x3 = fft_load(a.re, a.im, first + 3 * h + j);

        if (inverse) {
            fft_inverse_pair(&x0, &x2, low);
            fft_inverse_pair(&x1, &x3, high);
            fft_inverse_pair(&x0, &x1, small);
            fft_inverse_pair(&x2, &x3, small);
        } else {
            fft_forward_pair(&x0, &x1, small);
            fft_forward_pair(&x2, &x3, small);
            fft_forward_pair(&x0, &x2, low);
            fft_forward_pair(&x1, &x3, high);
        }
        fft_store(a, first + j, x0);
        fft_store(a, first + h + j, x1);
        fft_store(a, first + 2 * h + j, x2);
        fft_store(a, first + 3 * h + j, x3);
    }
}

/* ------------------------------------------------------------------ tiles */

typedef struct fft_tile {
    _Alignas(64) double re[FFT_TILE];
    _Alignas(64) double im[FFT_TILE];
} fft_tile;

/* x reversed in `bits` bits. */
static inline size_t fft_reversed(size_t x, int bits)
{
    size_t r = 0;

    for (int b = 0; b < bits; b++)
        r |= (x >> b & 1) << (bits - 1 - b);
    return r;
}

/* Where row r of a tile stands, in units of an eighth of all places. */
static inline size_t fft_row(size_t r)
{
    return fft_reversed(r, 3);
}

/* A tile from and to its place; turned: columns become rows. */
static inline void fft_take(double *t, const double *x, size_t apart, int turned)
{
    for (size_t r = 0; r < FFT_SIDE; r++) {
        for (size_t c = 0; c < FFT_SIDE; c++)
            t[turned ? FFT_SIDE * c + r : FFT_SIDE * r + c] = x[fft_row(r) * apart + c];
    }
}

static inline void fft_put(double *x, const double *t, size_t apart, int turned)
{
    for (size_t r = 0; r < FFT_SIDE; r++) {
        for (size_t c = 0; c < FFT_SIDE; c++)
            x[fft_row(r) * apart + c] = t[turned ? FFT_SIDE * c + r : FFT_SIDE * r + c];
    }
}

/* The layers 1, 2 and 4 down the columns, and the factor of an inverse transform. */
static inline void fft_three_layers(fft_tile *t, fft_roots w, double scale, int inverse)
{
    const fft_rows a = {t->re, t->im};

    for (size_t c = 0; c < FFT_SIDE; c += FFT_LANES) {
        fft_value x[FFT_SIDE];

        for (size_t r = 0; r < FFT_SIDE; r++)
            x[r] = fft_load(a.re, a.im, FFT_SIDE * r + c);
        for (size_t layer = 0; layer < 3; layer++) {
            const size_t h = inverse ? (size_t)4 >> layer : (size_t)1 << layer;

            for (size_t r = 0; r < FFT_SIDE; r++) {
                if ((r & h) != 0)
                    continue;
                if (inverse)
                    fft_inverse_pair(&x[r], &x[r + h], fft_root(w, h + r % h));
                else
                    fft_forward_pair(&x[r], &x[r + h], fft_root(w, h + r % h));
            }
        }
        for (size_t r = 0; r < FFT_SIDE; r++) {
            if (inverse) {
                x[r].re *= scale;
                x[r].im *= scale;
            }
            fft_store(a, FFT_SIDE * r + c, x[r]);
        }
    }
}

/* The layers 1, 2, 4 and the reversal of the order, for 64 slots and more. */
static inline void fft_tiles(fft_rows a, fft_roots w, size_t slots, int inverse)
{
    const size_t apart = slots / FFT_SIDE;
    const double scale = 1.0 / (double)slots;
    int bits = 0;

    while ((size_t)FFT_TILE << bits < slots)
        bits++;
    for (size_t m = 0; m < slots / FFT_TILE; m++) {
        const size_t at[2] = {FFT_SIDE * m, FFT_SIDE * fft_reversed(m, bits)};
        fft_tile t[2];

        if (at[0] > at[1])
            continue;
        for (size_t k = 0; k < 2; k++) {
            fft_take(t[k].re, a.re + at[k], apart, inverse);
            fft_take(t[k].im, a.im + at[k], apart, inverse);
        }
        for (size_t k = 0; k < 2; k++)
            fft_three_layers(&t[k], w, scale, inverse);
        for (size_t k = 0; k < 2; k++) {
            fft_put(a.re + at[1 - k], t[k].re, apart, !inverse);
            fft_put(a.im + at[1 - k], t[k].im, apart, !inverse);
        }
    }
}

/* ------------------------------------------------------------------ whole transforms */

static inline void fft_forward(fft_rows a, fft_roots w, size_t slots)
{
    size_t h = FFT_SIDE;

    fft_tiles(a, w, slots, 0);
    for (; 4 * h <= slots; h *= 4) {
        for (size_t i = 0; i < slots; i += 4 * h)
            fft_two_layers(a, w, i, h, 0);
    }
    if (h < slots)
        fft_one_layer(a, w, 0, h, 0);
}

static inline void fft_inverse(fft_rows a, fft_roots w, size_t slots)
{
    size_t length = slots;

    for (; length >= 4 * FFT_SIDE; length /= 4) {
        for (size_t i = 0; i < slots; i += length)
            fft_two_layers(a, w, i, length / 4, 1);
    }
    for (size_t i = 0; length > FFT_SIDE && i < slots; i += length)
        fft_one_layer(a, w, i, length / 2, 1);
    fft_tiles(a, w, slots, 1);
}

#endif
#endif
