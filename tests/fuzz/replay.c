/* A fuzz target without a fuzzer: its corpus, and mutations of it (TEST_ITERS times as many;
 * TEST_SEED repeats them).
 */
#define _POSIX_C_SOURCE 200809L

#include "tests/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { SEEDS = 256, LONGEST = 1 << 16, MUTATIONS = 1000 };

typedef struct seed {
    char name[256];
    uint8_t *bytes;
    size_t size;
} seed;

static seed corpus[SEEDS];
static size_t seeds;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const seed *)a)->name, ((const seed *)b)->name);
}

static void load(const char *folder, const char *name)
{
    static uint8_t bytes[LONGEST];
    seed *s = &corpus[seeds];
    char path[4600];
    FILE *f;

    assert_true(seeds < SEEDS);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    s->size = fread(bytes, 1, sizeof bytes, f);
    assert_true(s->size < LONGEST);
    fclose(f);
    snprintf(s->name, sizeof s->name, "%s", name);
    /* A block of the exact size: a sanitizer then sees what reads beyond. */
    s->bytes = malloc(s->size + (s->size == 0));
    assert_non_null(s->bytes);
    memcpy(s->bytes, bytes, s->size);
    seeds++;
}

static int begin(void **state)
{
    const char *top = getenv("top_srcdir");
    char folder[4200];
    DIR *d;

    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top != NULL ? top : "..", fuzz_name);
    d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.')
            load(folder, e->d_name);
    }
    closedir(d);
    assert_true(seeds > 0);
    qsort(corpus, seeds, sizeof *corpus, by_name); /* a seed then means the same everywhere */
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < seeds; i++)
        free(corpus[i].bytes);
    return 0;
}

/* Readers of the program say to stderr why they refuse. */
static void quietly(const uint8_t *bytes, size_t size)
{
    static int null = -1, before;

    if (null < 0) {
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        before = dup(STDERR_FILENO);
    }
    fflush(stderr);
    dup2(null, STDERR_FILENO);
    (void)LLVMFuzzerTestOneInput(bytes, size);
    dup2(before, STDERR_FILENO);
}

static void the_corpus(void **state)
{
    int good = 0;

    (void)state;
    quietly(NULL, 0);
    for (size_t i = 0; i < seeds; i++) {
        size_t before = fuzz_taken;
        quietly(corpus[i].bytes, corpus[i].size);
        if (strncmp(corpus[i].name, "good", 4) != 0)
            continue;
        good++;
        if (fuzz_taken == before) {
            print_error("%s is refused\n", corpus[i].name);
            fail();
        }
    }
    assert_true(good > 0);
}

/* One change: a bit, a number of 1, 4 or 8 bytes at an edge, a piece of another seed, an end. */
static size_t mutate(uint8_t *bytes, size_t size, testing_rng *rng)
{
    static const size_t widths[] = {1, 4, 8};
    size_t at = testing_below(rng, size);
    const seed *other = &corpus[testing_below(rng, seeds)];
    uint64_t number = testing_edge_u64(rng);
    size_t width = widths[testing_below(rng, 3)];

    switch (testing_below(rng, 8)) {
    case 0:
        return at;
    case 1:
    case 2:
        for (size_t i = 0; i < width && at + i < size; i++)
            bytes[at + i] = (uint8_t)(number >> (8 * i));
        return size;
    case 3:
        for (size_t i = 0; i < 16 && at + i < size && at + i < other->size; i++)
            bytes[at + i] = other->bytes[at + i];
        return size;
    default:
        bytes[at] ^= (uint8_t)(1 << testing_below(rng, 8));
        return size;
    }
}

static void mutations(void **state)
{
    int iters = testing_iters(MUTATIONS);
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < iters; i++) {
        const seed *s = &corpus[testing_below(&rng, seeds)];
        size_t size = s->size;
        uint8_t *bytes = malloc(size + (size == 0)), *cut;
        assert_non_null(bytes);
        memcpy(bytes, s->bytes, size);
        for (size_t n = 1 + testing_below(&rng, 3); n > 0 && size > 0; n--)
            size = mutate(bytes, size, &rng);
        cut = realloc(bytes, size + (size == 0));
        quietly(cut != NULL ? cut : bytes, size);
        free(cut != NULL ? cut : bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus),
        cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests_name(fuzz_name, tests, begin, end);
}
