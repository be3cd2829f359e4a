/* Making the bases of a ring, and the two steps of a change of basis. */
#include "ckks/ring/rns.h"

#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"
#include "ckks/kernel/modulus.h"
#include "ckks/word/wide.h"

/* ------------------------------------------------------------------ counting and making the bases
 */

static int modulus_count(const ckks_ring *r)
{
    return r->q_count + r->p_count;
}

/* How many primes from Q_first on a digit may have: one, or as many as keep its product within a
 * factor 2 of the product of all special primes (a larger digit could never be switched). */
static int digit_limit(const ckks_ring *r, int first)
{
    uint64_t prime[CKKS_MAX_BASIS];
    uint64_t special[CKKS_MAX_P];
    double room;
    int count = 0;

    for (int k = 0; k < r->p_count; k++)
        special[k] = r->modulus[r->q_count + k].q;
    room = ckks_wide_log2_product(special, r->p_count) + 1;
    while (count < CKKS_MAX_BASIS && first + count < r->q_count) {
        prime[count] = r->modulus[first + count].q;
        if (count > 0 && ckks_wide_log2_product(prime, count + 1) > room)
            break;
        count++;
    }
    return count;
}

/* Words of the three tables of a basis with `count` primes. */
static size_t basis_words(const ckks_ring *r, int count)
{
    return (size_t)modulus_count(r) * ((size_t)count + 3);
}

/* Count the bases and the words they need, and note where they begin. */
static void lay_out(ckks_ring *r)
{
    size_t bases = 0;
    size_t words = 0;

    for (int first = 0; first < r->q_count; first++) {
        r->digit_first[first] = (int)bases;
        r->digit_limit[first] = digit_limit(r, first);
        for (int count = 1; count <= r->digit_limit[first]; count++, bases++)
            words += basis_words(r, count);
    }
    r->special_first = (int)bases;
    for (int special = 1; special <= r->p_count; special++) {
        bases += (size_t)r->q_count + 1;
        words += basis_words(r, special) + (size_t)r->q_count * basis_words(r, special + 1);
    }
    r->basis_count = bases;
    r->word_count = words;
}

/* Product modulo m of all primes of the basis but the one at place `without`. */
static uint64_t product_mod(const ckks_basis *b, int without, const ckks_modulus *m)
{
    uint64_t product = 1;

    for (int k = 0; k < b->count; k++) {
        uint64_t q = ckks_mod_reduce_u64(b->ring->modulus[b->index[k]].q, &m->mod);

        if (k != without)
            product = ckks_mod_mul(product, q, &m->mod);
    }
    return product;
}

/* Fill a basis whose count and index are set; its tables begin at words. Returns the words used. */
static size_t fill_basis(ckks_basis *b, const ckks_ring *r, uint64_t *words)
{
    const int moduli = modulus_count(r);
    uint64_t *product = words;
    uint64_t *inverse = product + moduli;
    uint64_t *cofactor = inverse + moduli;
    uint64_t prime[CKKS_MAX_BASIS];
    uint64_t ignored;

    b->ring = r;
    b->product = product;
    b->inverse = inverse;
    b->cofactor = cofactor;
    for (int i = 0; i < moduli; i++) {
        const ckks_modulus *m = &r->modulus[i];

        product[i] = product_mod(b, -1, m);
        inverse[i] = ckks_mod_inv(product[i], &m->mod);
        for (int k = 0; k < b->count; k++)
            *cofactor++ = product_mod(b, k, m);
        *cofactor++ = ckks_mod_neg(product[i], m->q);
    }
    for (int k = 0; k < b->count; k++) {
        const ckks_modulus *m = &r->modulus[b->index[k]];

        prime[k] = m->q;
        b->bits[k] = m->bits;
        b->weight[k] = ckks_mod_inv(product_mod(b, k, m), &m->mod);
        /* 2^(51+bits) as two words: bits >= 5, so 51 + bits may or may not reach 64. */
        b->fraction[k] = m->bits >= 13
                             ? ckks_u128_div_var(ckks_u128_make(UINT64_C(1) << (m->bits - 13), 0),
                                                 m->q, &ignored)
                             : ckks_u128_div_var(ckks_u128_make(0, UINT64_C(1) << (51 + m->bits)),
                                                 m->q, &ignored);
    }
    b->log2 = ckks_wide_log2_product(prime, b->count);
    return basis_words(r, b->count);
}

static void fill_bases(ckks_ring *r)
{
    ckks_basis *b = r->basis;
    uint64_t *words = r->words;

    for (int first = 0; first < r->q_count; first++) {
        for (int count = 1; count <= r->digit_limit[first]; count++, b++) {
            b->count = count;
            for (int k = 0; k < count; k++)
                b->index[k] = first + k;
            words += fill_basis(b, r, words);
        }
    }
    for (int special = 1; special <= r->p_count; special++) {
        for (int with_q = -1; with_q < r->q_count; with_q++, b++) {
            b->count = 0;
            if (with_q >= 0)
                b->index[b->count++] = with_q;
            for (int k = 0; k < special; k++)
                b->index[b->count++] = r->q_count + k;
            words += fill_basis(b, r, words);
        }
    }
}

/* ------------------------------------------------------------------ the ring */

static size_t table_bytes(const ckks_ring *r)
{
    return (size_t)modulus_count(r) * ckks_modulus_room(r->log_n);
}

static int are_distinct(const uint64_t *a, int a_count, const uint64_t *b, int b_count)
{
    for (int i = 0; i < a_count; i++) {
        for (int j = i + 1; j < a_count; j++) {
            if (a[i] == a[j])
                return 0;
        }
        for (int j = 0; j < b_count; j++) {
            if (a[i] == b[j])
                return 0;
        }
    }
    return 1;
}

static ckks_status init_moduli(ckks_ring *r, const uint64_t *q, const uint64_t *p, const char *name)
{
    const ckks_cpu_features cpu = ckks_cpu_detect();
    const size_t scratch_bytes = 2 * r->n * sizeof(uint64_t);
    uint64_t *scratch = ckks_mem_alloc(&r->alloc, scratch_bytes);
    ckks_status st = CKKS_OK;

    if (scratch == NULL)
        return CKKS_ERR_MEMORY;
    for (int i = 0; i < modulus_count(r); i++) {
        const uint64_t prime = i < r->q_count ? q[i] : p[i - r->q_count];
        const ckks_kernel *kernel = ckks_kernel_select(cpu, prime, name);

        if (kernel == NULL) {
            st = prime > CKKS_MAX_PRIME ? CKKS_ERR_PARAMS : CKKS_ERR_ARG;
            goto out;
        }
        CKKS_TRY(ckks_modulus_init_in(&r->modulus[i], prime, r->kind, r->log_n, kernel,
                                      r->tables + (size_t)i * 2 * r->n));
        CKKS_TRY(ckks_kernel_selftest(&r->modulus[i], scratch));
    }
out:
    ckks_mem_free(&r->alloc, scratch, scratch_bytes);
    return st;
}

ckks_status ckks_ring_init(ckks_ring *r, int kind, int log_n, const uint64_t *q, int q_count,
                           const uint64_t *p, int p_count, const char *kernel,
                           const ckks_allocator *alloc)
{
    ckks_status st = CKKS_OK;

    memset(r, 0, sizeof *r);
    if ((kind != CKKS_RING_COMPLEX && kind != CKKS_RING_REAL) || log_n < CKKS_MIN_LOG_N ||
        log_n > CKKS_MAX_LOG_N || q_count < 1 || q_count > CKKS_MAX_Q || p_count < 0 ||
        p_count > CKKS_MAX_P)
        return CKKS_ERR_ARG;
    if (!are_distinct(q, q_count, p, p_count) || !are_distinct(p, p_count, q, 0))
        return CKKS_ERR_PARAMS;
    r->kind = kind;
    r->log_n = log_n;
    r->n = (size_t)1 << log_n;
    r->q_count = q_count;
    r->p_count = p_count;
    if (alloc != NULL)
        r->alloc = *alloc;
    r->modulus = ckks_mem_alloc_zero(&r->alloc, CKKS_MAX_MODULI * sizeof *r->modulus);
    r->tables = ckks_mem_alloc(&r->alloc, table_bytes(r));
    if (r->modulus == NULL || r->tables == NULL) {
        st = CKKS_ERR_MEMORY;
        goto out;
    }
    CKKS_TRY(init_moduli(r, q, p, kernel));
    lay_out(r);
    r->basis = ckks_mem_alloc_zero(&r->alloc, r->basis_count * sizeof *r->basis);
    r->words = ckks_mem_alloc(&r->alloc, r->word_count * sizeof *r->words);
    if (r->basis == NULL || r->words == NULL) {
        st = CKKS_ERR_MEMORY;
        goto out;
    }
    fill_bases(r);
out:
    if (st != CKKS_OK)
        ckks_ring_clear(r);
    return st;
}

void ckks_ring_clear(ckks_ring *r)
{
    ckks_allocator alloc = r->alloc;

    ckks_mem_free(&alloc, r->tables, table_bytes(r));
    ckks_mem_free(&alloc, r->modulus, CKKS_MAX_MODULI * sizeof *r->modulus);
    ckks_mem_free(&alloc, r->basis, r->basis_count * sizeof *r->basis);
    ckks_mem_free(&alloc, r->words, r->word_count * sizeof *r->words);
    memset(r, 0, sizeof *r);
}

size_t ckks_ring_bytes(const ckks_ring *r)
{
    return table_bytes(r) + CKKS_MAX_MODULI * sizeof *r->modulus +
           r->basis_count * sizeof *r->basis + r->word_count * sizeof *r->words;
}

/* ------------------------------------------------------------------ change of basis */

const ckks_basis *ckks_ring_digit(const ckks_ring *r, int first, int count)
{
    if (first < 0 || first >= r->q_count || count < 1 || count > r->digit_limit[first])
        return NULL;
    return &r->basis[r->digit_first[first] + count - 1];
}

const ckks_basis *ckks_ring_special(const ckks_ring *r, int special, int with_q)
{
    if (special < 0 || special > r->p_count || with_q < -1 || with_q >= r->q_count)
        return NULL;
    if (special == 0)
        return ckks_ring_digit(r, with_q, 1);
    return &r->basis[r->special_first + (special - 1) * (r->q_count + 1) + with_q + 1];
}

void ckks_basis_quotient(const ckks_basis *b, uint64_t *v, const uint64_t *const *y, size_t first,
                         size_t n)
{
    const uint64_t *rows[CKKS_MAX_BASIS];

    if (b->count == 1)
        return;
    for (int k = 0; k < b->count; k++)
        rows[k] = y[k] + first;
    b->ring->modulus[b->index[0]].kernel->round_quotient(v + first, rows, b->fraction, b->bits,
                                                         (size_t)b->count, n);
}

void ckks_basis_prepare(const ckks_basis *b, uint64_t *const *y, uint64_t *v,
                        const uint64_t *const *x)
{
    const ckks_ring *r = b->ring;
    const uint64_t *rows[CKKS_MAX_BASIS];

    if (b->count == 1) {
        if (y[0] != x[0])
            memcpy(y[0], x[0], r->n * sizeof *y[0]);
        return;
    }
    for (int k = 0; k < b->count; k++) {
        const ckks_modulus *m = &r->modulus[b->index[k]];

        m->kernel->mul_scalar(y[k], x[k], b->weight[k], r->n, m);
        rows[k] = y[k];
    }
    ckks_basis_quotient(b, v, rows, 0, r->n);
}

void ckks_basis_convert(const ckks_basis *b, uint64_t *out, int modulus, const uint64_t *const *y,
                        const uint64_t *v)
{
    const ckks_ring *r = b->ring;
    const ckks_modulus *m = &r->modulus[modulus];
    const size_t count = (size_t)b->count;
    const uint64_t *rows[CKKS_MAX_BASIS + 1];

    if (count == 1) {
        m->kernel->reduce_centred(out, y[0], r->modulus[b->index[0]].q, r->n, m);
        return;
    }
    memcpy(rows, y, count * sizeof *rows);
    rows[count] = v;
    m->kernel->dot_scalar(out, rows, b->cofactor + (size_t)modulus * (count + 1), count + 1, r->n,
                          m);
}
