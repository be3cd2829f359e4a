/* Running the program unseen from a test: a folder of its own, command lines, what they print, and
 * a small network for 28 x 28 pictures that is planned, keyed and run in a moment.
 */
#ifndef UNSEEN_TESTS_PROGRAM_H
#define UNSEEN_TESTS_PROGRAM_H

#include "tests/testing.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nn/nn.h"

enum { PROGRAM_TEXT = 1 << 16, PROGRAM_SIDE = 28, PROGRAM_LABELS = 10 };

/* What the last command printed. */
static char program_out[PROGRAM_TEXT], program_err[PROGRAM_TEXT];
static char program_path[4096], program_folder[] = "test_cli_XXXXXX";

static inline size_t program_slurp(char *text, size_t size, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n = f != NULL ? fread(text, 1, size - 1, f) : 0;

    text[n] = '\0';
    if (f != NULL)
        fclose(f);
    return n;
}

/** Run "unseen ARGUMENTS", a shell line in the test's folder where $U is the program; returns the
 * exit status, or 128 + the signal. Redirections in the line win. */
static inline int program_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline int program_run(const char *format, ...)
{
    static char line[16384];
    va_list args;
    int status, n = snprintf(line, sizeof line, "{ U='%s'; $U ", program_path);

    va_start(args, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    n += snprintf(line + n, sizeof line - (size_t)n, "\n} >.out 2>.err </dev/null");
    assert_true(n < (int)sizeof line);
    status = system(line);
    program_slurp(program_out, sizeof program_out, ".out");
    program_slurp(program_err, sizeof program_err, ".err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** The last command said nothing but one line on stderr, a sentence that holds `part`. */
static inline void program_one_sentence(const char *subcommand, const char *part)
{
    char head[64];
    size_t length = strlen(program_err);

    snprintf(head, sizeof head, "unseen %s: ", subcommand);
    if (length == 0 || strchr(program_err, '\n') != program_err + length - 1 ||
        strncmp(program_err, head, strlen(head)) != 0 || strstr(program_err, part) == NULL ||
        strstr(program_err, "_ERR_") != NULL || length < 30) {
        print_error("stderr is: %s(wanted one sentence with \"%s\")\n", program_err, part);
        fail();
    }
    assert_string_equal(program_out, "");
}

/** Fails unless the command leaves with this status; prints what it said. */
#define program_expect(status, ...)                                                                \
    do {                                                                                           \
        int program_got = program_run(__VA_ARGS__);                                                \
        if (program_got != (status)) {                                                             \
            print_error("status %d, not %d; it said: %s\n", program_got, (status), program_err);   \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/** Whether a file is there. */
static inline int program_has(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static inline size_t program_file_size(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

/** How many entries the folder has; those of program_run itself not counted. */
static inline int program_entries(void)
{
    DIR *d = opendir(".");
    int count = 0;

    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        const char *name = e->d_name;
        count += strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, ".out") != 0 &&
                 strcmp(name, ".err") != 0;
    }
    closedir(d);
    return count;
}

static inline void program_write(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/** Copy a file with `change` applied: keep the first `keep` bytes (0: all), flip one bit of byte
 * `at` when at >= 0. */
static inline void program_spoil(const char *to, const char *from, size_t keep, long at)
{
    size_t size = program_file_size(from);
    uint8_t *bytes = malloc(size + 1);
    FILE *f = fopen(from, "rb");

    assert_non_null(bytes);
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, size, f), size);
    fclose(f);
    if (at >= 0) {
        assert_true((size_t)at < size);
        bytes[at] ^= 0x10;
    }
    program_write(to, bytes, keep > 0 && keep < size ? keep : size);
    free(bytes);
}

/** Add the nodes of a convolution, squared, and a dense layer; `squares` more squares between. */
static inline void program_nodes(nn_graph *g, testing_rng *rng, int squares)
{
    enum { KERNEL = 5, STRIDE = 4, OUT = 6 };
    static float kernel[KERNEL * KERNEL], dense[PROGRAM_LABELS * OUT * OUT], bias[PROGRAM_LABELS];
    /* With many squares, 25 weights below 1/25 keep every value below 1. */
    const double reach = squares > 0 ? 0.04 : 0.2;
    char from[24] = "square", to[24];

    for (size_t i = 0; i < sizeof kernel / sizeof *kernel; i++)
        kernel[i] = (float)testing_uniform(rng, -reach, reach);
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        dense[i] = (float)testing_uniform(rng, -1.0, 1.0);
    for (size_t i = 0; i < PROGRAM_LABELS; i++)
        bias[i] = (float)testing_uniform(rng, -0.5, 0.5);
    nn_graph_input(g, "image", (nn_shape){1, PROGRAM_SIDE, PROGRAM_SIDE});
    nn_graph_initializer(g, "kernel", 4, (const size_t[]){1, 1, KERNEL, KERNEL}, kernel);
    nn_graph_initializer(g, "dense", 2, (const size_t[]){PROGRAM_LABELS, OUT * OUT}, dense);
    nn_graph_initializer(g, "bias", 1, (const size_t[]){PROGRAM_LABELS}, bias);
    nn_graph_node(g, "Conv", "convolution", (const char *const[]){"image", "kernel"}, 2, "conv");
    nn_graph_attr_ints(g, "strides", (const int64_t[]){STRIDE, STRIDE}, 2);
    nn_graph_node(g, "Mul", "first square", (const char *const[]){"conv", "conv"}, 2, from);
    for (int i = 0; i < squares; i++) {
        snprintf(to, sizeof to, "square%d", i);
        nn_graph_node(g, "Mul", "more squares", (const char *const[]){from, from}, 2, to);
        memcpy(from, to, sizeof from);
    }
    nn_graph_node(g, "Flatten", "flatten", (const char *const[]){from}, 1, "flat");
    nn_graph_node(g, "Gemm", "dense layer", (const char *const[]){"flat", "dense", "bias"}, 3,
                  "logits");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "logits");
}

/** Write a small network as an ONNX file; equal seeds give equal files. */
static inline void program_model(const char *path, uint64_t seed, int squares)
{
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    testing_rng rng;

    testing_rng_init(&rng, seed);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    program_nodes(g, &rng, squares);
    assert_string_equal(nn_graph_error(g), "");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    nn_graph_free(g);
}

static inline void program_picture(uint8_t *pixels, testing_rng *rng)
{
    for (size_t i = 0; i < PROGRAM_SIDE * PROGRAM_SIDE; i++)
        pixels[i] = (uint8_t)testing_u64(rng);
}

/** Write a PGM picture of noise. */
static inline void program_pgm(const char *path, uint64_t seed)
{
    uint8_t file[13 + PROGRAM_SIDE * PROGRAM_SIDE];
    testing_rng rng;

    testing_rng_init(&rng, seed);
    memcpy(file, "P5\n28 28\n255\n", 13);
    program_picture(file + 13, &rng);
    program_write(path, file, sizeof file);
}

/** Write IDX files of `count` < 256 pictures of noise, and labels that are all 3. */
static inline void program_idx(const char *images, const char *labels, size_t count, uint64_t seed)
{
    const size_t area = PROGRAM_SIDE * PROGRAM_SIDE;
    uint8_t *file = calloc(16 + count * area, 1), name[8 + 256] = {0, 0, 8, 1, 0, 0, 0, 0};
    const uint8_t head[16] = {0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, 28, 0, 0, 0, 28};
    testing_rng rng;

    assert_non_null(file);
    testing_rng_init(&rng, seed);
    memcpy(file, head, sizeof head);
    for (size_t i = 0; i < count; i++)
        program_picture(file + 16 + i * area, &rng);
    program_write(images, file, 16 + count * area);
    name[7] = (uint8_t)count;
    memset(name + 8, 3, count);
    program_write(labels, name, 8 + count);
    free(file);
}

/** Group setup: find the program, make the folder and go there. */
static inline int program_begin(void **state)
{
    const char *build = getenv("top_builddir");
    char here[3072];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    snprintf(program_path, sizeof program_path, "%s/unseen", build != NULL ? build : here);
    assert_int_equal(access(program_path, X_OK), 0);
    assert_non_null(mkdtemp(program_folder));
    assert_int_equal(chdir(program_folder), 0);
    return 0;
}

/** Group teardown: the folder goes. */
static inline int program_end(void **state)
{
    char line[128];

    (void)state;
    assert_int_equal(chdir(".."), 0);
    snprintf(line, sizeof line, "rm -rf '%s'", program_folder);
    return system(line);
}

/** Everything of one job, from seed: m.onnx, m.plan, m.secret, m.eval, m.pgm, m.request,
 * m.response, with NAME for m. */
static inline void program_job(const char *name, uint64_t seed)
{
    char path[64];

    snprintf(path, sizeof path, "%s.onnx", name);
    program_model(path, seed, 0);
    snprintf(path, sizeof path, "%s.pgm", name);
    program_pgm(path, seed);
    program_expect(0, "plan %s.onnx -o %s.plan", name, name);
    program_expect(0, "keygen %s.plan -s %s.secret -e %s.eval", name, name, name);
    program_expect(0, "encrypt %s.plan %s.secret %s.pgm -o %s.request", name, name, name, name);
    program_expect(0, "infer %s.onnx %s.eval %s.request -o %s.response", name, name, name, name);
}

#endif
