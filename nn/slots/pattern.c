/* Patterns by hashing, and sets of differences by shifting bit sets.
 *
 * Patterns that have the same places but for a shift, of columns and of rows, form a class. Its
 * differences are found once, and entered once for each pattern, moved by the two shifts. */
#include "nn/slots/pattern.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SEED 0x9e3779b97f4a7c15u

/* One round of a multiplicative hash; equality is always checked afterwards. */
static uint64_t mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 29);
}

void nn_pattern_clear(nn_pattern *p)
{
    if (p == NULL)
        return;
    free(p->first);
    free(p->row);
    *p = (nn_pattern){0};
}

/* ---- grouping rows */

static size_t row_length(const nn_affine *a, size_t o)
{
    return a->row_start[o + 1] - a->row_start[o];
}

static int same_columns(const nn_affine *a, size_t o, size_t q)
{
    size_t n = row_length(a, o);
    return n == row_length(a, q) &&
           memcmp(&a->col[a->row_start[o]], &a->col[a->row_start[q]], n * sizeof *a->col) == 0;
}

/* Give every row the number of its pattern; the hash table holds 1 + the first row of a pattern. */
static size_t number_rows(uint32_t *number, uint32_t *table, size_t size, const nn_affine *a)
{
    size_t count = 0;
    for (size_t o = 0; o < a->rows; o++) {
        uint64_t hash = HASH_SEED;
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            hash = mix(hash, a->col[k]);
        size_t at = hash & (size - 1);
        while (table[at] != 0 && !same_columns(a, o, table[at] - 1))
            at = (at + 1) & (size - 1);
        if (table[at] == 0) {
            table[at] = (uint32_t)o + 1;
            number[o] = (uint32_t)count++;
        } else {
            number[o] = number[table[at] - 1];
        }
    }
    return count;
}

nn_status nn_pattern_find(nn_pattern *p, const nn_affine *a)
{
    size_t size = nn_layout_pow2(2 * a->rows);
    uint32_t *number = malloc(a->rows * sizeof *number), *table = calloc(size, sizeof *table);
    nn_status st = number == NULL || table == NULL ? NN_ERR_MEMORY : NN_OK;
    *p = (nn_pattern){.affine = a};
    if (st == NN_OK) {
        p->count = number_rows(number, table, size, a);
        p->first = calloc(p->count + 2, sizeof *p->first);
        p->row = malloc(a->rows * sizeof *p->row);
        st = p->first == NULL || p->row == NULL ? NN_ERR_MEMORY : NN_OK;
    }
    /* first[p + 1] walks from the beginning of pattern p to its end as its rows are filled in. */
    for (size_t o = 0; o < a->rows && st == NN_OK; o++)
        p->first[number[o] + 2]++;
    for (size_t k = 2; k < p->count + 2 && st == NN_OK; k++)
        p->first[k] += p->first[k - 1];
    for (size_t o = 0; o < a->rows && st == NN_OK; o++)
        p->row[p->first[number[o] + 1]++] = (uint32_t)o;
    free(number);
    free(table);
    if (st != NN_OK)
        nn_pattern_clear(p);
    return st;
}

/* ---- differences */

/* A list of elements, the columns or the rows of a pattern, and where they lie. */
typedef struct elements {
    const uint32_t *list;
    size_t count;
} elements;

/* One pattern as a member of its class. */
typedef struct shifted {
    uint64_t hash;
    size_t pattern;
    size_t shift; /* place of its first column less that of its first row, modulo g */
} shifted;

typedef struct marking {
    const nn_pattern *p;
    uint32_t *in, *out; /* per element: part * g + place modulo g */
    size_t in_parts, out_parts, g;
    uint64_t *columns, *rows; /* bit sets of g places per part, of one class */
    uint64_t *steps;          /* of g residues per block, likewise */
    unsigned char *member;
} marking;

static elements columns_of(const nn_pattern *p, size_t pattern)
{
    const nn_affine *a = p->affine;
    size_t o = p->row[p->first[pattern]];
    return (elements){&a->col[a->row_start[o]], row_length(a, o)};
}

static elements rows_of(const nn_pattern *p, size_t pattern)
{
    return (elements){&p->row[p->first[pattern]], p->first[pattern + 1] - p->first[pattern]};
}

/* Place of element k relative to the list's first, with its part. */
static size_t relative(const uint32_t *place, elements e, size_t k, size_t g)
{
    size_t at = place[e.list[k]], first = place[e.list[0]];
    return (at & ~(g - 1)) | ((at - first) & (g - 1));
}

static uint64_t hash_places(uint64_t hash, const uint32_t *place, elements e, size_t g)
{
    for (size_t k = 0; k < e.count; k++)
        hash = mix(hash, relative(place, e, k, g));
    return mix(hash, e.count);
}

static int same_places(const uint32_t *place, elements e, elements f, size_t g)
{
    size_t k = 0;
    while (k < e.count && k < f.count && relative(place, e, k, g) == relative(place, f, k, g))
        k++;
    return k == e.count && k == f.count;
}

static int by_hash(const void *a, const void *b)
{
    const shifted *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

static int same_class(const marking *m, const shifted *x, const shifted *y)
{
    return x->hash == y->hash &&
           same_places(m->in, columns_of(m->p, x->pattern), columns_of(m->p, y->pattern), m->g) &&
           same_places(m->out, rows_of(m->p, x->pattern), rows_of(m->p, y->pattern), m->g);
}

/* Words of a bit set of g places; at least one. */
static size_t words_of(size_t g)
{
    return (g + 63) / 64;
}

/* to |= from moved up by `shift` modulo g, g a multiple of 64. */
static void or_moved(uint64_t *to, const uint64_t *from, size_t g, size_t shift)
{
    size_t words = g / 64, whole = shift / 64;
    unsigned bits = (unsigned)(shift % 64);
    for (size_t w = 0; w < words; w++) {
        size_t source = (w + words - whole) % words;
        uint64_t x = from[source] << bits;
        if (bits != 0)
            x |= from[(source + words - 1) % words] >> (64 - bits);
        to[w] |= x;
    }
}

static void collect(uint64_t *set, const uint32_t *place, elements e, size_t g)
{
    for (size_t k = 0; k < e.count; k++) {
        size_t r = relative(place, e, k, g);
        set[r / g * words_of(g) + r % g / 64] |= (uint64_t)1 << (r % 64);
    }
}

/* Differences of one class, unshifted: for each place of a row, all places of columns moved down.
 */
static void class_steps(marking *m, size_t pattern)
{
    size_t g = m->g, words = words_of(g);
    memset(m->columns, 0, m->in_parts * words * sizeof *m->columns);
    memset(m->rows, 0, m->out_parts * words * sizeof *m->rows);
    memset(m->steps, 0, m->in_parts * m->out_parts * words * sizeof *m->steps);
    collect(m->columns, m->in, columns_of(m->p, pattern), g);
    collect(m->rows, m->out, rows_of(m->p, pattern), g);
    for (size_t r = 0; r < m->out_parts * g; r++) {
        if ((m->rows[r / g * words + r % g / 64] >> (r % 64) & 1) == 0)
            continue;
        for (size_t q = 0; q < m->in_parts; q++)
            or_moved(&m->steps[(q * m->out_parts + r / g) * words], &m->columns[q * words], g,
                     (g - r % g) & (g - 1));
    }
}

/* Enter the differences of one pattern of the class. */
static void enter_class(const marking *m, size_t shift)
{
    size_t g = m->g, words = words_of(g);
    for (size_t b = 0; b < m->in_parts * m->out_parts; b++)
        for (size_t w = 0; w < words; w++)
            for (uint64_t x = m->steps[b * words + w], d = 64 * w; x != 0; x >>= 1, d++)
                if (x & 1)
                    m->member[b * g + ((d + shift) & (g - 1))] = 1;
}

/* Enter a pattern of few entries one by one. */
static void enter_entries(const marking *m, size_t pattern)
{
    elements columns = columns_of(m->p, pattern), rows = rows_of(m->p, pattern);
    size_t g = m->g;
    for (size_t o = 0; o < rows.count; o++)
        for (size_t i = 0; i < columns.count; i++) {
            size_t p = m->out[rows.list[o]], s = m->in[columns.list[i]];
            m->member[(s / g * m->out_parts + p / g) * g + ((s - p) & (g - 1))] = 1;
        }
}

static void set_places(uint32_t *place, const nn_layout *l, long base, size_t g)
{
    for (size_t e = 0; e < l->count; e++) {
        size_t slot = nn_layout_place(l, e);
        size_t within = (size_t)((long)(slot % l->slots) - base) & (g - 1);
        place[e] = (uint32_t)(slot / l->slots * g + within);
    }
}

/* All patterns by class. */
static void enter_all(marking *m, const shifted *s, size_t count)
{
    for (size_t k = 0; k < count;) {
        size_t end = k + 1;
        while (end < count && same_class(m, &s[k], &s[end]))
            end++;
        size_t entries = columns_of(m->p, s[k].pattern).count * rows_of(m->p, s[k].pattern).count;
        if (m->g < 64 || (end - k) * entries <= words_of(m->g)) {
            for (; k < end; k++)
                enter_entries(m, s[k].pattern);
            continue;
        }
        class_steps(m, s[k].pattern);
        for (; k < end; k++)
            enter_class(m, s[k].shift);
    }
}

static size_t set_classes(shifted *s, const marking *m)
{
    size_t count = 0;
    for (size_t p = 0; p < m->p->count; p++) {
        elements columns = columns_of(m->p, p), rows = rows_of(m->p, p);
        if (columns.count == 0)
            continue;
        uint64_t hash = hash_places(HASH_SEED, m->in, columns, m->g);
        size_t shift = (size_t)m->in[columns.list[0]] - m->out[rows.list[0]];
        s[count++] = (shifted){hash_places(hash, m->out, rows, m->g), p, shift & (m->g - 1)};
    }
    qsort(s, count, sizeof *s, by_hash);
    return count;
}

nn_status nn_pattern_steps(unsigned char *member, const nn_pattern *p, const nn_layout *in,
                           const nn_layout *out, size_t g)
{
    marking m = {.p = p, .in_parts = in->parts, .out_parts = out->parts, .g = g, .member = member};
    size_t words = words_of(g), sets = in->parts + out->parts + in->parts * out->parts;
    shifted *s = malloc((p->count + 1) * sizeof *s);
    m.in = malloc((in->count + out->count) * sizeof *m.in);
    m.columns = malloc(sets * words * sizeof *m.columns);
    nn_status st = s == NULL || m.in == NULL || m.columns == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK) {
        m.out = m.in + in->count;
        m.rows = m.columns + in->parts * words;
        m.steps = m.rows + out->parts * words;
        set_places(m.in, in, in->base, g);
        set_places(m.out, out, 0, g);
        enter_all(&m, s, set_classes(s, &m));
    }
    free(s);
    free(m.in);
    free(m.columns);
    return st;
}
