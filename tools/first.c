/* Examples and guesses. */
#define _XOPEN_SOURCE 700

#include "tools/first.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, WORD = 24 };

/* A line each; "unseen" at its begin becomes what the program was called, @ the folder of the data
 * that came with it. tests/first_run.sh runs them one after the other. */
static const struct {
    const char *name, *text;
} examples[] = {
    {"plan", "unseen plan @/mnist/cryptonets.onnx -o digits.plan\n"},
    {"keygen", "unseen keygen digits.plan -s secret.key -e eval.keys\n"},
    {"encrypt", "unseen encrypt digits.plan secret.key @/digits/7.pgm -o request\n"},
    {"infer", "unseen infer @/mnist/cryptonets.onnx eval.keys request -o response\n"},
    {"decrypt", "unseen decrypt digits.plan secret.key response\n"},
    {"serve", "unseen serve --model @/mnist/cryptonets.onnx --listen 127.0.0.1:7117\n"},
    {"ask", "unseen ask 127.0.0.1:7117 @/digits/7.pgm\n"},
    {"stat", "unseen stat 127.0.0.1:7117\n"},
    {"fit",
     "unseen fit mine.onnx --images train-images-idx3-ubyte.gz --count 100 -o fitted.onnx\n"},
    {"check", "unseen check fitted.onnx --images t10k-images-idx3-ubyte.gz --count 5\n"},
    {"eval", "unseen eval @/mnist/cryptonets.onnx --images t10k-images-idx3-ubyte.gz "
             "--labels t10k-labels-idx1-ubyte.gz --count 20\n"},
    {"collect",
     "unseen encrypt digits.plan secret.key t10k-images-idx3-ubyte.gz --count 3 --output-dir "
     "requests --manifest list\n"
     "unseen infer @/mnist/cryptonets.onnx eval.keys --manifest list --output-dir responses\n"
     "unseen collect list --output-dir responses\n"},
    {"inspect", "unseen inspect digits.plan eval.keys request response\n"},
    {"report", "unseen plan @/mnist/cryptonets.onnx --json | unseen report - -o plan.html\n"},
    {"train", "unseen train --data mnist --net @/nets/mnist-cryptonets.net -o mine.onnx\n"},
};

static const char steps[] =
    "The order: plan (server), keygen and encrypt (client), infer (server), "
    "decrypt (client).\n";

static const char *program = "unseen";

void first_called(const char *argv0)
{
    if (argv0 != NULL && strchr(argv0, '/') != NULL)
        program = argv0;
}

/* The folder of the data as short as it can be written: below where we are, its rest is enough. */
static void data_folder(char folder[PATH_BYTES])
{
    char path[PATH_BYTES], here[PATH_BYTES], *whole = NULL;
    size_t length;

    snprintf(folder, PATH_BYTES, "data");
    if (first_find(path, sizeof path, "mnist"))
        whole = realpath(path, NULL);
    if (whole != NULL && strlen(whole) < PATH_BYTES) {
        *strrchr(whole, '/') = '\0';
        length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
        if (length > 0 && strncmp(whole, here, length) == 0 && whole[length] == '/')
            snprintf(folder, PATH_BYTES, "%s", whole + length + 1);
        else
            snprintf(folder, PATH_BYTES, "%s", whole);
    }
    free(whole);
}

int first_find(char *path, size_t size, const char *file)
{
    static const char *const places[] = {UNSEEN_DATADIR "/data", UNSEEN_SOURCE_DATADIR};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, size, "%s/%s", places[i], file);
        if (access(path, R_OK) == 0)
            return 1;
    }
    return 0;
}

static void print_command(FILE *out, const char *text)
{
    char folder[PATH_BYTES];
    const char *at = text;

    data_folder(folder);
    while (*at != '\0') {
        if (strncmp(at, "unseen ", 7) == 0 && (at == text || at[-1] == '\n' || at[-1] == ' ')) {
            fprintf(out, "%s%s", at == text || at[-1] == '\n' ? "    " : "", program);
            at += 6;
        } else if (*at == '@') {
            fputs(folder, out);
            at++;
        } else {
            fputc(*at++, out);
        }
    }
}

int first_example(FILE *out, const char *subcommand)
{
    for (size_t k = 0; k < sizeof examples / sizeof examples[0]; k++) {
        if (strcmp(examples[k].name, subcommand) != 0)
            continue;
        if (out == NULL)
            return 1;
        fputs("For example:\n", out);
        print_command(out, examples[k].text);
        if (k >= 1 && k <= 4) /* keygen, encrypt, infer, decrypt */
            fputs(steps, out);
        return 1;
    }
    return 0;
}

void first_words(FILE *out)
{
    fputs("A client encrypts an image, a server runs a neural network on the ciphertext, and only "
          "the "
          "client\ncan read the answer. To begin:\n",
          out);
#ifdef UNSEEN_CLIENT_ONLY
    print_command(out, "unseen keygen digits.plan -s secret.key -e eval.keys\n"
                       "unseen --help\n");
#else
    print_command(out, "unseen demo\n"
                       "unseen plan @/mnist/cryptonets.onnx\n"
                       "unseen --help\n");
#endif
}

/* ---- guesses */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, leave out, replace, or swap with their neighbour. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD + 1][WORD + 1], m = strlen(a), n = strlen(b);

    if (m > WORD || n > WORD)
        return WORD;
    for (size_t i = 0; i <= m; i++) {
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                row[i][j] = i + j;
                continue;
            }
            row[i][j] = least(least(row[i - 1][j], row[i][j - 1]) + 1,
                              row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
        }
    }
    return row[m][n];
}

const char *first_nearest(const char *word, const char *(*next)(const void *names, size_t k),
                          const void *names)
{
    const char *best = NULL, *name;
    size_t far = strlen(word) > 4 ? 3 : 2;

    for (size_t k = 0; (name = next(names, k)) != NULL; k++) {
        size_t d = distance(word, name);
        if (d < far) {
            far = d;
            best = name;
        }
    }
    return best;
}
