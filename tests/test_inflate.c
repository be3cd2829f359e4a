/* Deflate and gzip: blocks of every kind against bytes made by zlib, truncation at every byte,
 * every single bit flipped, and codes that are none.
 */
#include "tests/testing.h"

#include "tools/inflate.h"
#include "tools/result.h"

/* Made by zlib (raw deflate). stored: level 0 of the first 40 characters of `sentence`; fixed: the
 * sentence three times with the strategy Z_FIXED; dynamic, runs: level 9 of make_noise and
 * make_runs.
 */
static const char sentence[] =
    "Unseen, unheard, untouched: the server counts what it cannot read. ";
static const uint8_t stored[45] = {
    0x01, 0x28, 0x00, 0xd7, 0xff, 0x55, 0x6e, 0x73, 0x65, 0x65, 0x6e, 0x2c, 0x20, 0x75, 0x6e,
    0x68, 0x65, 0x61, 0x72, 0x64, 0x2c, 0x20, 0x75, 0x6e, 0x74, 0x6f, 0x75, 0x63, 0x68, 0x65,
    0x64, 0x3a, 0x20, 0x74, 0x68, 0x65, 0x20, 0x73, 0x65, 0x72, 0x76, 0x65, 0x72, 0x20, 0x63};
static const uint8_t fixed[69] = {
    0x0b, 0xcd, 0x2b, 0x4e, 0x4d, 0xcd, 0xd3, 0x51, 0x28, 0xcd, 0xcb, 0x48, 0x4d, 0x2c,
    0x4a, 0x01, 0x31, 0x4a, 0xf2, 0x4b, 0x93, 0x33, 0x52, 0x53, 0xac, 0x14, 0x4a, 0x32,
    0x52, 0x15, 0x8a, 0x53, 0x8b, 0xca, 0x52, 0x8b, 0x14, 0x92, 0xf3, 0x81, 0xe2, 0xc5,
    0x0a, 0xe5, 0x19, 0x89, 0x25, 0x0a, 0x99, 0x25, 0x0a, 0xc9, 0x89, 0x79, 0x79, 0xf9,
    0x25, 0x0a, 0x45, 0xa9, 0x89, 0x29, 0x7a, 0x0a, 0xa1, 0x83, 0xc2, 0x08, 0x00};
static const uint8_t dynamic[303] = {
    0x1d, 0x52, 0x09, 0x0e, 0x80, 0x30, 0x0c, 0xa2, 0x07, 0xbd, 0xfe, 0xff, 0x60, 0x99, 0xc6, 0xc4,
    0x6e, 0x6b, 0x81, 0x81, 0x57, 0x41, 0xe7, 0x14, 0x6e, 0xf4, 0x64, 0x57, 0x20, 0x33, 0x1c, 0x7a,
    0x77, 0x87, 0x57, 0xed, 0x8d, 0x2b, 0x7a, 0xda, 0x18, 0x83, 0x47, 0x14, 0xb6, 0x1a, 0xeb, 0xa8,
    0x52, 0x17, 0x03, 0x1d, 0xbb, 0x0b, 0x98, 0x3b, 0x6c, 0x60, 0x71, 0x85, 0x80, 0xd5, 0x04, 0x00,
    0x76, 0x7a, 0x99, 0x50, 0x4a, 0x8b, 0xbc, 0xeb, 0x6d, 0x36, 0x3c, 0x82, 0x5d, 0x25, 0x42, 0x75,
    0x2e, 0xe6, 0x2d, 0x96, 0xbe, 0x1b, 0x2e, 0x3a, 0xe4, 0xc3, 0xf1, 0xf5, 0x44, 0xbb, 0xfa, 0xc7,
    0xb4, 0x83, 0xe2, 0x76, 0x10, 0x3b, 0xc5, 0x6e, 0x6d, 0x8a, 0x8f, 0xc2, 0x1c, 0x89, 0x33, 0xd0,
    0x47, 0x7a, 0x42, 0x60, 0xa2, 0x10, 0x09, 0x9e, 0x3e, 0xe0, 0x78, 0xd8, 0x76, 0x35, 0x21, 0xb7,
    0x18, 0x13, 0x7b, 0xdd, 0x92, 0x08, 0x8d, 0x3a, 0xd2, 0x6f, 0x25, 0x34, 0x75, 0x18, 0xdb, 0x2b,
    0x88, 0x89, 0x1c, 0x40, 0x2d, 0x3c, 0x19, 0x10, 0x26, 0x69, 0xe0, 0xec, 0xa8, 0xe2, 0x84, 0x26,
    0x1f, 0x61, 0x68, 0x02, 0xe3, 0x36, 0x39, 0x4b, 0x71, 0x6d, 0x3e, 0x3e, 0xf4, 0x8d, 0x14, 0xb5,
    0x15, 0xec, 0x84, 0x96, 0x26, 0xaf, 0x28, 0x3a, 0x2e, 0x4b, 0xb2, 0xf6, 0xe1, 0xeb, 0xba, 0x88,
    0x79, 0xd7, 0x91, 0xc9, 0xea, 0x2c, 0xb3, 0x84, 0x5c, 0x28, 0xa9, 0xcb, 0xf7, 0x89, 0xf3, 0xa3,
    0xe6, 0x20, 0xae, 0x12, 0x97, 0xd0, 0xf5, 0xcd, 0x16, 0x6e, 0xc8, 0x42, 0x9a, 0xc5, 0x9c, 0x0f,
    0xfe, 0x50, 0x4e, 0xb9, 0x6d, 0x2b, 0x90, 0xc9, 0x3c, 0xa9, 0x73, 0xc3, 0xf9, 0x9a, 0x0a, 0x9d,
    0xe7, 0x52, 0x51, 0x96, 0xa7, 0x5c, 0xce, 0xf6, 0x98, 0xbd, 0x80, 0x92, 0x6a, 0x67, 0xab, 0xaa,
    0xc7, 0x11, 0x21, 0xe9, 0x32, 0xbc, 0x65, 0x31, 0x57, 0xd4, 0xa1, 0x3b, 0xe9, 0xc8, 0x15, 0xa1,
    0xdc, 0x91, 0x81, 0xdd, 0xc3, 0x3c, 0x84, 0xc4, 0x8d, 0x4a, 0x9c, 0xf1, 0x37, 0x56, 0x79, 0x79,
    0xea, 0xaf, 0x79, 0x11, 0x6f, 0xc9, 0xab, 0xca, 0x27, 0xf2, 0x19, 0x98, 0xb4, 0xc5, 0x07};
static const uint8_t runs[49] = {0xd5, 0x8d, 0xc1, 0x0d, 0x00, 0x20, 0x0c, 0x02, 0x67, 0xe3,
                                 0x0c, 0xfb, 0xaf, 0xa4, 0x25, 0xca, 0x0e, 0xf2, 0x68, 0x02,
                                 0x3d, 0x82, 0xc0, 0xf6, 0x7a, 0x32, 0x48, 0x82, 0xa4, 0xc9,
                                 0xcf, 0x1d, 0xab, 0x11, 0x25, 0xf3, 0x25, 0xa4, 0xdb, 0x0f,
                                 0xa9, 0xdb, 0xc7, 0x05, 0x63, 0xf5, 0xff, 0xd0, 0x06};

static char why[256];

static size_t make_noise(uint8_t *out)
{
    uint32_t s = 1;
    for (size_t i = 0; i < 600; i++) {
        s = (s * 1103515245u + 12345u) & 0x7fffffffu;
        out[i] = (uint8_t)((s >> 16) % 7u * (s >> 20) % 11u);
    }
    return 600;
}

static size_t make_runs(uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k <= i % 5; k++)
            out[n++] = (uint8_t)(65 + i * i % 7);
    return n;
}

static size_t make_sentences(uint8_t *out)
{
    for (size_t k = 0; k < 3; k++)
        memcpy(out + k * (sizeof sentence - 1), sentence, sizeof sentence - 1);
    return 3 * (sizeof sentence - 1);
}

static void expect(const uint8_t *in, size_t size, const uint8_t *want, size_t want_size)
{
    uint8_t padded[512] = {0};
    uint8_t *out;
    size_t out_size, used;
    memcpy(padded, in, size); /* bytes after the stream must not be counted as used */
    assert_int_equal(
        inflate_raw(&out, &out_size, &used, padded, size + 9, want_size, why, sizeof why), TOOL_OK);
    assert_int_equal(out_size, want_size);
    assert_int_equal(used, size);
    assert_memory_equal(out, want, want_size);
    free(out);
    if (want_size > 0)
        assert_int_equal(
            inflate_raw(&out, &out_size, &used, in, size, want_size - 1, why, sizeof why),
            TOOL_ERR_FORMAT);
}

static void blocks_of_every_kind(void **state)
{
    (void)state;
    uint8_t want[1024];
    expect(stored, sizeof stored, (const uint8_t *)sentence, 40);
    expect(fixed, sizeof fixed, want, make_sentences(want));
    expect(dynamic, sizeof dynamic, want, make_noise(want));
    expect(runs, sizeof runs, want, make_runs(want));
    static const uint8_t empty[2] = {0x03, 0x00};
    expect(empty, sizeof empty, want, 0);
}

/* Every proper prefix is an error, and reads nothing past itself (the copy has no byte more). */
static void truncation(void **state)
{
    (void)state;
    const struct {
        const uint8_t *bytes;
        size_t size;
    } streams[] = {{stored, sizeof stored},
                   {fixed, sizeof fixed},
                   {dynamic, sizeof dynamic},
                   {runs, sizeof runs}};
    for (size_t s = 0; s < 4; s++) {
        for (size_t n = 0; n < streams[s].size; n++) {
            uint8_t *copy = malloc(n + (n == 0));
            uint8_t *out;
            size_t out_size, used;
            memcpy(copy, streams[s].bytes, n);
            why[0] = '\0';
            assert_int_equal(inflate_raw(&out, &out_size, &used, copy, n, 1 << 16, why, sizeof why),
                             TOOL_ERR_FORMAT);
            assert_null(out);
            assert_int_equal(out_size, 0);
            assert_true(why[0] != '\0');
            free(copy);
        }
    }
}

/* gzip of what deflate says: header, stream, CRC, length. */
static size_t wrap(uint8_t *to, const uint8_t *stream, size_t size, const uint8_t *plain, size_t n)
{
    static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    uint32_t tail[2] = {inflate_crc32(0, plain, n), (uint32_t)n};
    memcpy(to, head, sizeof head);
    memcpy(to + 10, stream, size);
    for (size_t i = 0; i < 8; i++)
        to[10 + size + i] = (uint8_t)(tail[i / 4] >> (8 * (i % 4)));
    return size + 18;
}

/* A flipped bit is an error, or leaves the output as it was (bits that mean nothing: the file time,
 * the operating system, padding). Never a wrong output: the CRC sees to that.
 */
static void flipped_bits(void **state)
{
    (void)state;
    uint8_t plain[1024], file[512];
    size_t n = make_noise(plain);
    size_t size = wrap(file, dynamic, sizeof dynamic, plain, n);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        uint8_t *out;
        size_t out_size;
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int st = inflate_gzip(&out, &out_size, file, size, 1 << 16, why, sizeof why);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        refused += st != TOOL_OK;
        if (st == TOOL_OK) {
            assert_int_equal(out_size, n);
            assert_memory_equal(out, plain, n);
        } else {
            assert_null(out);
        }
        free(out);
    }
    assert_true(refused > 8 * sizeof dynamic);
}

static void noise_is_survived(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(2000); i++) {
        uint8_t bytes[96];
        uint8_t *out;
        size_t out_size, used;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)testing_u64(&rng);
        int st = inflate_raw(&out, &out_size, &used, bytes, sizeof bytes, 1 << 16, why, sizeof why);
        assert_true(st == TOOL_OK || st == TOOL_ERR_FORMAT);
        assert_true(used <= sizeof bytes && out_size <= 1 << 16);
        free(out);
    }
}

static void refuse_raw(const uint8_t *bytes, size_t size)
{
    uint8_t *out;
    size_t out_size, used;
    assert_int_equal(inflate_raw(&out, &out_size, &used, bytes, size, 1 << 16, why, sizeof why),
                     TOOL_ERR_FORMAT);
    assert_null(out);
}

static void bad_streams(void **state)
{
    (void)state;
    static const uint8_t unknown_type[] = {0x07, 0, 0, 0, 0};
    static const uint8_t bad_length_check[] = {0x01, 4, 0, 0, 0, 1, 2, 3, 4};
    /* fixed code, first symbol 257 (length 3) at distance 1: nothing is there yet */
    static const uint8_t before_start[] = {0x03, 0x02, 0x00, 0x00, 0x00};
    /* dynamic with all code lengths zero: no end of block */
    static const uint8_t no_codes[] = {0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    /* dynamic with 31 distance codes, one too many */
    static const uint8_t too_many[] = {0x05, 0x1e, 0, 0, 0, 0, 0, 0};
    refuse_raw(unknown_type, sizeof unknown_type);
    refuse_raw(bad_length_check, sizeof bad_length_check);
    refuse_raw(before_start, sizeof before_start);
    refuse_raw(no_codes, sizeof no_codes);
    refuse_raw(too_many, sizeof too_many);
}

static void known_checksums(void **state)
{
    (void)state;
    const uint8_t *digits = (const uint8_t *)"123456789";
    assert_int_equal(inflate_crc32(0, digits, 9), 0xcbf43926u); /* the check value of CRC-32 */
    assert_int_equal(inflate_crc32(inflate_crc32(0, digits, 4), digits + 4, 5), 0xcbf43926u);
    assert_int_equal(inflate_crc32(0, digits, 0), 0);
}

static void gzip_members(void **state)
{
    (void)state;
    uint8_t plain[1024], file[1024] = {0};
    uint8_t *out;
    size_t out_size;
    size_t n = make_sentences(plain);
    size_t one = wrap(file, fixed, sizeof fixed, plain, n);
    size_t two = one + wrap(file + one, fixed, sizeof fixed, plain, n);
    assert_int_equal(inflate_gzip(&out, &out_size, file, two, 1 << 16, why, sizeof why), TOOL_OK);
    assert_int_equal(out_size, 2 * n);
    assert_memory_equal(out, plain, n);
    assert_memory_equal(out + n, plain, n);
    free(out);
    /* zeros behind it are padding; anything else is not */
    assert_int_equal(inflate_gzip(&out, &out_size, file, two + 5, 1 << 16, why, sizeof why),
                     TOOL_OK);
    free(out);
    file[two] = 1;
    assert_int_equal(inflate_gzip(&out, &out_size, file, two + 5, 1 << 16, why, sizeof why),
                     TOOL_ERR_FORMAT);
    assert_null(out);
    for (size_t cut = 0; cut < one; cut++)
        assert_int_equal(inflate_gzip(&out, &out_size, file, cut, 1 << 16, why, sizeof why),
                         TOOL_ERR_FORMAT);
    /* the limit holds for the sum of the members */
    assert_int_equal(inflate_gzip(&out, &out_size, file, two, 2 * n - 1, why, sizeof why),
                     TOOL_ERR_FORMAT);
}

/* A header with every optional part: extra field, name, comment, its own CRC. */
static void gzip_header_parts(void **state)
{
    (void)state;
    uint8_t plain[1024], bare[512], file[600];
    uint8_t *out;
    size_t out_size;
    size_t n = make_sentences(plain);
    size_t size = wrap(bare, fixed, sizeof fixed, plain, n);
    static const uint8_t head[] = {
        0x1f, 0x8b, 8, 2 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3, 3, 0, 'e', 'x', 't', 'a', 0, 'b', 'c', 0};
    memcpy(file, head, sizeof head);
    uint32_t crc = inflate_crc32(0, head, sizeof head);
    file[sizeof head] = (uint8_t)crc;
    file[sizeof head + 1] = (uint8_t)(crc >> 8);
    memcpy(file + sizeof head + 2, bare + 10, size - 10);
    size_t total = sizeof head + 2 + size - 10;
    assert_int_equal(inflate_gzip(&out, &out_size, file, total, 1 << 16, why, sizeof why), TOOL_OK);
    assert_memory_equal(out, plain, n);
    free(out);
    file[sizeof head] ^= 1;
    assert_int_equal(inflate_gzip(&out, &out_size, file, total, 1 << 16, why, sizeof why),
                     TOOL_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_every_kind), cmocka_unit_test(truncation),
        cmocka_unit_test(flipped_bits),         cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(bad_streams),          cmocka_unit_test(known_checksums),
        cmocka_unit_test(gzip_members),         cmocka_unit_test(gzip_header_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
