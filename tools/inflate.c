/* Deflate by canonical codes decoded bit by bit from counts (the method of RFC 1951 3.2.2), behind
 * one table of 2^9 entries per code for the short words. The output buffer is the window: a copy
 * reaches back into what has been produced, so no distance can point outside it.
 */
#include "tools/inflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/result.h"

enum { MAX_BITS = 15, FAST_BITS = 9, LITERALS = 288, DISTANCES = 30, LENGTH_CODES = 19 };

typedef struct {
    uint16_t count[MAX_BITS + 1];  /* how many words have each length */
    uint16_t symbol[LITERALS];     /* symbols in the order of their words */
    uint16_t fast[1 << FAST_BITS]; /* symbol << 4 | length; 0 where the word is longer */
} huffman;

typedef struct {
    const uint8_t *in;
    size_t in_size;
    size_t in_at;
    uint32_t held; /* the next bits, low first */
    int held_bits; /* at most 31 */
    uint8_t *out;
    size_t out_size;
    size_t out_room;
    size_t limit;
    char *why;
    size_t why_size;
} stream;

static int fail(stream *s, int status, const char *what)
{
    snprintf(s->why, s->why_size, "%s (at compressed byte %zu)", what, s->in_at);
    return status;
}

/* Hold at least `bits` <= 24 bits if the input has them; past the end, zeros are not invented. */
static void refill(stream *s)
{
    while (s->held_bits <= 23 && s->in_at < s->in_size) {
        s->held |= (uint32_t)s->in[s->in_at++] << s->held_bits;
        s->held_bits += 8;
    }
}

static int take_bits(stream *s, int bits, uint32_t *value)
{
    refill(s);
    if (s->held_bits < bits)
        return fail(s, TOOL_ERR_FORMAT, "the compressed data ends too early");
    *value = s->held & ((1u << bits) - 1u);
    s->held >>= bits;
    s->held_bits -= bits;
    return TOOL_OK;
}

static int make_room(stream *s, size_t more)
{
    if (more > s->limit - s->out_size)
        return fail(s, TOOL_ERR_FORMAT, "the data unpacks to more than the allowed size");
    if (more <= s->out_room - s->out_size)
        return TOOL_OK;
    size_t room = s->out_room < s->limit / 2 ? s->out_room * 2 : s->limit;
    if (room < s->out_size + more)
        room = s->out_size + more;
    uint8_t *grown = realloc(s->out, room);
    if (grown == NULL)
        return fail(s, TOOL_ERR_MEMORY, "no memory for the unpacked data");
    s->out = grown;
    s->out_room = room;
    return TOOL_OK;
}

static uint32_t reversed(uint32_t word, int bits)
{
    uint32_t r = 0;
    for (int i = 0; i < bits; i++)
        r |= ((word >> i) & 1u) << (bits - 1 - i);
    return r;
}

/* The canonical code of `n` lengths. Over-subscribed codes are refused; an incomplete one is taken
 * only with a single word of one bit or none at all, as RFC 1951 allows for distances.
 */
static int build(huffman *h, const uint8_t *lengths, int n)
{
    uint16_t offset[MAX_BITS + 2] = {0};
    uint32_t next[MAX_BITS + 2] = {0};
    memset(h, 0, sizeof *h);
    for (int i = 0; i < n; i++)
        h->count[lengths[i]]++;
    int used = n - h->count[0];
    h->count[0] = 0;
    int32_t left = 1;
    uint32_t word = 0;
    for (int b = 1; b <= MAX_BITS; b++) {
        left = 2 * left - h->count[b];
        if (left < 0)
            return -1;
        next[b] = word;
        word = (word + h->count[b]) << 1;
        offset[b + 1] = (uint16_t)(offset[b] + h->count[b]);
    }
    if (left > 0 && !(used == 0 || (used == 1 && h->count[1] == 1)))
        return -1;
    for (int i = 0; i < n; i++) {
        int b = lengths[i];
        if (b == 0)
            continue;
        h->symbol[offset[b]++] = (uint16_t)i;
        uint32_t w = next[b]++;
        if (b > FAST_BITS)
            continue;
        for (uint32_t at = reversed(w, b); at < (1u << FAST_BITS); at += 1u << b)
            h->fast[at] = (uint16_t)(i << 4 | b);
    }
    return 0;
}

static int decode(stream *s, const huffman *h, uint32_t *symbol)
{
    refill(s);
    uint32_t entry = h->fast[s->held & ((1u << FAST_BITS) - 1u)];
    int length = (int)(entry & 15u);
    if (length > 0 && length <= s->held_bits) {
        s->held >>= length;
        s->held_bits -= length;
        *symbol = entry >> 4;
        return TOOL_OK;
    }
    /* code - first counts words of this length below ours; index is where they begin in symbol[],
     * so index + (code - first) < index + count stays inside it. */
    int32_t code = 0;
    int32_t first = 0;
    int32_t index = 0;
    for (int b = 1; b <= MAX_BITS; b++) {
        uint32_t bit;
        int st = take_bits(s, 1, &bit);
        if (st != TOOL_OK)
            return st;
        code |= (int32_t)bit;
        int32_t count = h->count[b];
        if (code - first < count) {
            *symbol = h->symbol[index + (code - first)];
            return TOOL_OK;
        }
        index += count;
        first = (first + count) * 2;
        code *= 2;
    }
    return fail(s, TOOL_ERR_FORMAT, "the compressed data uses a word outside its code");
}

static const uint16_t length_base[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                         15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                         67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[DISTANCES] = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[DISTANCES] = {0, 0, 0,  0,  1,  1,  2,  2,  3,  3,
                                                  4, 4, 5,  5,  6,  6,  7,  7,  8,  8,
                                                  9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static int copy_match(stream *s, uint32_t length_symbol, const huffman *distances)
{
    uint32_t extra;
    uint32_t symbol;
    if (length_symbol >= 29)
        return fail(s, TOOL_ERR_FORMAT, "the compressed data has an invalid length");
    int st = take_bits(s, length_extra[length_symbol], &extra);
    if (st != TOOL_OK)
        return st;
    size_t length = (size_t)length_base[length_symbol] + extra;
    st = decode(s, distances, &symbol);
    if (st != TOOL_OK)
        return st;
    if (symbol >= DISTANCES)
        return fail(s, TOOL_ERR_FORMAT, "the compressed data has an invalid distance");
    st = take_bits(s, distance_extra[symbol], &extra);
    if (st != TOOL_OK)
        return st;
    size_t distance = (size_t)distance_base[symbol] + extra;
    if (distance > s->out_size)
        return fail(s, TOOL_ERR_FORMAT, "the compressed data refers to bytes before its start");
    st = make_room(s, length);
    if (st != TOOL_OK)
        return st;
    uint8_t *to = s->out + s->out_size;
    const uint8_t *from = to - distance;
    for (size_t i = 0; i < length; i++) /* the two may overlap: byte by byte is the definition */
        to[i] = from[i];
    s->out_size += length;
    return TOOL_OK;
}

static int codes_block(stream *s, const huffman *literals, const huffman *distances)
{
    for (;;) {
        uint32_t symbol;
        int st = decode(s, literals, &symbol);
        if (st != TOOL_OK)
            return st;
        if (symbol == 256)
            return TOOL_OK;
        if (symbol < 256) {
            st = make_room(s, 1);
            if (st != TOOL_OK)
                return st;
            s->out[s->out_size++] = (uint8_t)symbol;
        } else {
            st = copy_match(s, symbol - 257, distances);
            if (st != TOOL_OK)
                return st;
        }
    }
}

static int stored_block(stream *s)
{
    uint32_t length;
    uint32_t inverse;
    uint32_t skipped;
    int st = take_bits(s, s->held_bits & 7, &skipped);
    if (st == TOOL_OK)
        st = take_bits(s, 16, &length);
    if (st == TOOL_OK)
        st = take_bits(s, 16, &inverse);
    if (st != TOOL_OK)
        return st;
    if ((length ^ inverse) != 0xffffu)
        return fail(s, TOOL_ERR_FORMAT, "a stored block's length does not match its check");
    st = make_room(s, length);
    /* What is held is whole bytes now: use them up before copying from the input. */
    while (st == TOOL_OK && length > 0 && s->held_bits > 0) {
        s->out[s->out_size++] = (uint8_t)(s->held & 0xffu);
        s->held >>= 8;
        s->held_bits -= 8;
        length--;
    }
    if (st != TOOL_OK)
        return st;
    if (length > s->in_size - s->in_at)
        return fail(s, TOOL_ERR_FORMAT, "the compressed data ends too early");
    memcpy(s->out + s->out_size, s->in + s->in_at, length);
    s->out_size += length;
    s->in_at += length;
    return TOOL_OK;
}

static int fixed_block(stream *s)
{
    uint8_t lengths[LITERALS];
    huffman literals;
    huffman distances;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    if (build(&literals, lengths, LITERALS) != 0)
        return fail(s, TOOL_ERR_FORMAT, "the fixed code cannot be built");
    memset(lengths, 5, 32); /* words 30 and 31 exist in the code and are refused when met */
    if (build(&distances, lengths, 32) != 0)
        return fail(s, TOOL_ERR_FORMAT, "the fixed code cannot be built");
    return codes_block(s, &literals, &distances);
}

/* The lengths of both codes, themselves coded with runs (RFC 1951 3.2.7). */
static int read_lengths(stream *s, const huffman *code, uint8_t *lengths, uint32_t total)
{
    uint32_t at = 0;
    while (at < total) {
        uint32_t symbol;
        uint32_t extra;
        int st = decode(s, code, &symbol);
        if (st != TOOL_OK)
            return st;
        if (symbol < 16) {
            lengths[at++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && at == 0)
            return fail(s, TOOL_ERR_FORMAT, "a code begins by repeating nothing");
        st = take_bits(s, symbol == 16 ? 2 : symbol == 17 ? 3 : 7, &extra);
        if (st != TOOL_OK)
            return st;
        uint32_t run = extra + (symbol == 18 ? 11u : 3u);
        if (run > total - at)
            return fail(s, TOOL_ERR_FORMAT, "a code's lengths run past their end");
        memset(lengths + at, symbol == 16 ? lengths[at - 1] : 0, run);
        at += run;
    }
    return TOOL_OK;
}

static int dynamic_block(stream *s)
{
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + 32] = {0};
    huffman code;
    huffman distances;
    uint32_t literal_count = 0;
    uint32_t distance_count = 0;
    uint32_t length_count = 0;
    int st = take_bits(s, 5, &literal_count);
    if (st == TOOL_OK)
        st = take_bits(s, 5, &distance_count);
    if (st == TOOL_OK)
        st = take_bits(s, 4, &length_count);
    if (st != TOOL_OK)
        return st;
    literal_count += 257;
    distance_count += 1;
    length_count += 4;
    if (literal_count > 286 || distance_count > 30)
        return fail(s, TOOL_ERR_FORMAT, "a code has too many symbols");
    for (uint32_t i = 0; i < length_count; i++) {
        uint32_t length;
        st = take_bits(s, 3, &length);
        if (st != TOOL_OK)
            return st;
        lengths[order[i]] = (uint8_t)length;
    }
    if (build(&code, lengths, LENGTH_CODES) != 0)
        return fail(s, TOOL_ERR_FORMAT, "the code of the code lengths is not a code");
    memset(lengths, 0, sizeof lengths);
    st = read_lengths(s, &code, lengths, literal_count + distance_count);
    if (st != TOOL_OK)
        return st;
    if (lengths[256] == 0)
        return fail(s, TOOL_ERR_FORMAT, "a block has no end");
    if (build(&code, lengths, (int)literal_count) != 0 ||
        build(&distances, lengths + literal_count, (int)distance_count) != 0)
        return fail(s, TOOL_ERR_FORMAT, "a block's code is not a code");
    return codes_block(s, &code, &distances);
}

static int blocks(stream *s)
{
    for (;;) {
        uint32_t last;
        uint32_t type;
        int st = take_bits(s, 1, &last);
        if (st == TOOL_OK)
            st = take_bits(s, 2, &type);
        if (st != TOOL_OK)
            return st;
        if (type == 0)
            st = stored_block(s);
        else if (type == 1)
            st = fixed_block(s);
        else if (type == 2)
            st = dynamic_block(s);
        else
            st = fail(s, TOOL_ERR_FORMAT, "the compressed data has a block of unknown type");
        if (st != TOOL_OK || last)
            return st;
    }
}

int inflate_raw(uint8_t **out, size_t *out_size, size_t *used, const uint8_t *bytes, size_t size,
                size_t limit, char *why, size_t why_size)
{
    stream s = {.in = bytes, .in_size = size, .limit = limit, .why = why, .why_size = why_size};
    *out = NULL;
    *out_size = 0;
    *used = 0;
    s.out_room = limit < 4096 ? limit : 4096;
    s.out = malloc(s.out_room > 0 ? s.out_room : 1);
    if (s.out == NULL)
        return fail(&s, TOOL_ERR_MEMORY, "no memory for the unpacked data");
    int st = blocks(&s);
    if (st != TOOL_OK) {
        free(s.out);
        return st;
    }
    *out = s.out;
    *out_size = s.out_size;
    *used = s.in_at - (size_t)(s.held_bits / 8); /* give whole bytes back */
    return TOOL_OK;
}
