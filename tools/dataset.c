/* What a file is, its content tells; which set lies in a folder, the names in it do. */
#define _POSIX_C_SOURCE 200809L

#include "tools/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/file.h"
#include "tools/idx.h"
#include "tools/inflate.h"
#include "tools/result.h"

enum { SIDE = 32, RECORD = 1 + 3 * SIDE * SIDE, PATH_BYTES = 4096, WHY_BYTES = 512 };

/* More than any published set of small images, little enough to hold in memory. */
static const size_t size_limit = (size_t)1 << 30;

static const char lossy_list[] = "lossy-records.txt";

/* ---- one file ---------------------------------------------------------------------------------
 */

static int parse_cifar(dataset *out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    size_t count = size / RECORD, area = RECORD - 1;

    for (size_t i = 0; i < count; i++) {
        if (bytes[i * RECORD] >= DATASET_CLASSES) {
            snprintf(why, why_size,
                     "record %zu has label %d; in a CIFAR-10 batch labels go from 0 to %d", i,
                     bytes[i * RECORD], DATASET_CLASSES - 1);
            return TOOL_ERR_FORMAT;
        }
    }
    out->pixels = malloc(count * area);
    out->labels = malloc(count);
    if (out->pixels == NULL || out->labels == NULL) {
        dataset_free(out);
        snprintf(why, why_size, "no memory for %zu images", count);
        return TOOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        out->labels[i] = bytes[i * RECORD];
        memcpy(out->pixels + i * area, bytes + i * RECORD + 1, area);
    }
    out->count = count;
    out->c = 3;
    out->h = out->w = SIDE;
    return TOOL_OK;
}

static int parse_plain(dataset *out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    static const uint8_t idx_images[4] = {0, 0, 8, 3};
    int like_idx = size >= 4 && memcmp(bytes, idx_images, 4) == 0;
    idx_array images;

    /* A batch can begin with the same four bytes, but an IDX file of whole records cannot be told
     * to be one by chance: its dimensions would have to agree with its size. */
    if (size > 0 && size % RECORD == 0 &&
        (!like_idx || idx_parse(&images, bytes, size, 3, why, why_size) != TOOL_OK))
        return parse_cifar(out, bytes, size, why, why_size);
    if (!like_idx) {
        snprintf(why, why_size,
                 "this is neither an IDX file of images nor a CIFAR-10 batch (%zu bytes are no "
                 "multiple of %d)",
                 size, RECORD);
        return TOOL_ERR_FORMAT;
    }
    if (size % RECORD != 0) {
        int st = idx_parse(&images, bytes, size, 3, why, why_size);
        if (st != TOOL_OK)
            return st;
    }
    *out = (dataset){images.count, 1, images.rows, images.cols, images.data, NULL, NULL};
    return TOOL_OK;
}

int dataset_parse(dataset *out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    memset(out, 0, sizeof *out);
    if (!inflate_is_gzip(bytes, size))
        return parse_plain(out, bytes, size, why, why_size);
    uint8_t *plain;
    size_t plain_size;
    int st = inflate_gzip(&plain, &plain_size, bytes, size, size_limit, why, why_size);
    if (st == TOOL_OK) {
        st = parse_plain(out, plain, plain_size, why, why_size);
        free(plain);
    }
    return st;
}

int dataset_parse_labels(dataset *d, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    idx_array labels;

    if (d->labels != NULL) {
        snprintf(why, why_size, "the images have their labels within");
        return TOOL_ERR_FORMAT;
    }
    int st = idx_parse(&labels, bytes, size, 1, why, why_size);
    if (st != TOOL_OK)
        return st;
    if (labels.count != d->count) {
        snprintf(why, why_size, "there are %zu labels for %zu images", labels.count, d->count);
        st = TOOL_ERR_FORMAT;
    }
    if (st == TOOL_OK)
        d->labels = labels.data;
    else
        idx_free(&labels);
    return st;
}

/* ---- lossy records ----------------------------------------------------------------------------
 */

/* One line without its end: 1 when it names a record of `file`, 0 when it does not, negative when
 * it is none. */
static int parse_line(const char *line, const char *file, size_t *record, unsigned int *label)
{
    char name[64];
    int end = 0;

    if (sscanf(line, " %n", &end) == EOF || line[end] == '\0' || line[end] == '#')
        return 0;
    if (sscanf(line, "%63s %zu %u %n", name, record, label, &end) != 3 || line[end] != '\0')
        return -1;
    return strcmp(name, file) == 0;
}

int dataset_mark(dataset *d, const uint8_t *list, size_t size, const char *file, size_t first,
                 size_t count, char *why, size_t why_size)
{
    size_t number = 1;

    if (d->lossy == NULL)
        d->lossy = calloc(d->count, 1);
    if (d->lossy == NULL) {
        snprintf(why, why_size, "no memory for %zu marks", d->count);
        return TOOL_ERR_MEMORY;
    }
    for (size_t at = 0; at < size; number++) {
        const uint8_t *end = memchr(list + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - (list + at)) : size - at, record;
        unsigned int label;
        char line[256];
        int named = -1;

        if (length < sizeof line) {
            memcpy(line, list + at, length);
            line[length] = '\0';
            named = parse_line(line, file, &record, &label);
        }
        if (named < 0) {
            snprintf(why, why_size, "line %zu is not \"FILE RECORD LABEL\"", number);
            return TOOL_ERR_FORMAT;
        }
        if (named > 0 && (record >= count || d->labels[first + record] != label)) {
            snprintf(why, why_size, "line %zu: %s has no record %zu with label %u", number, file,
                     record, label);
            return TOOL_ERR_FORMAT;
        }
        if (named > 0)
            d->lossy[first + record] = 1;
        at += length + 1;
    }
    return TOOL_OK;
}

size_t dataset_lossy(const dataset *d, size_t first, size_t count)
{
    size_t marked = 0;
    for (size_t i = first; d->lossy != NULL && i < first + count; i++)
        marked += d->lossy[i];
    return marked;
}

/* The batch's name in the list: without folder and without .gz. */
static void list_name(char *name, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash != NULL ? slash + 1 : path);
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".gz") == 0)
        name[length - 3] = '\0';
}

/* What cannot be looked at is there: reading it says why. */
static int exists(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Mark what the list beside the batch at path says about it; no list, no marks. */
static int mark_beside(dataset *d, const char *path, size_t first, size_t count)
{
    char list[PATH_BYTES], name[256], why[WHY_BYTES] = "";
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    file_bytes bytes;

    if (strcmp(path, "-") == 0 || folder + sizeof lossy_list > sizeof list)
        return CLI_OK;
    memcpy(list, path, folder);
    memcpy(list + folder, lossy_list, sizeof lossy_list);
    if (!exists(list))
        return CLI_OK;
    int code = file_read(&bytes, list, 1 << 20);
    if (code != CLI_OK)
        return code;
    list_name(name, sizeof name, path);
    int st = dataset_mark(d, bytes.data, bytes.size, name, first, count, why, sizeof why);
    file_free(&bytes);
    return st == TOOL_OK ? CLI_OK : cli_fail_status(st, list, why);
}

/* ---- files and folders ------------------------------------------------------------------------
 */

static int read_images(dataset *out, const char *path)
{
    char why[WHY_BYTES] = "";
    file_bytes bytes;
    int code = file_read(&bytes, path, size_limit);

    memset(out, 0, sizeof *out);
    if (code != CLI_OK)
        return code;
    int st = dataset_parse(out, bytes.data, bytes.size, why, sizeof why);
    file_free(&bytes);
    return st == TOOL_OK ? CLI_OK : cli_fail_status(st, file_input_name(path), why);
}

static int read_labels(dataset *d, const char *path)
{
    char why[WHY_BYTES] = "";
    file_bytes bytes;
    int code = file_read(&bytes, path, size_limit);

    if (code != CLI_OK)
        return code;
    int st = dataset_parse_labels(d, bytes.data, bytes.size, why, sizeof why);
    file_free(&bytes);
    return st == TOOL_OK ? CLI_OK : cli_fail_status(st, file_input_name(path), why);
}

int dataset_read(dataset *out, const char *image_path, const char *label_path)
{
    int code = read_images(out, image_path);
    if (code == CLI_OK && label_path != NULL)
        code = read_labels(out, label_path);
    if (code == CLI_OK && out->c == 3)
        code = mark_beside(out, image_path, 0, out->count);
    if (code != CLI_OK)
        dataset_free(out);
    return code;
}

int dataset_take(dataset_choice *c, const char *name, const char *value)
{
    if (strcmp(name, "images") == 0)
        c->images = value;
    else if (strcmp(name, "labels") == 0)
        c->labels = value;
    else if (strcmp(name, "first") == 0)
        return cli_number(&c->first, name, value, 0, UINT32_MAX);
    else if (strcmp(name, "count") == 0)
        return cli_number(&c->count, name, value, 1, UINT32_MAX);
    else
        return CLI_DONE;
    return CLI_OK;
}

int dataset_choose(const dataset *d, dataset_choice *c, nn_shape shape, uint64_t most)
{
    if (shape.c != d->c || shape.h != d->h || shape.w != d->w)
        return cli_fail(CLI_MISMATCH, c->images,
                        "the images are %zu x %zu with %zu channel%s and the network takes %zu x "
                        "%zu with %zu",
                        d->w, d->h, d->c, d->c == 1 ? "" : "s", shape.w, shape.h, shape.c);
    if (c->first >= d->count)
        return cli_usage("--first %llu: there are %zu images", (unsigned long long)c->first,
                         d->count);
    uint64_t left = d->count - c->first;
    if (c->count == 0)
        c->count = most != 0 && left > most ? most : left;
    if (c->count > left)
        return cli_usage("--count %llu: %llu images follow number %llu",
                         (unsigned long long)c->count, (unsigned long long)left,
                         (unsigned long long)c->first);
    return CLI_OK;
}

/* folder/name if there is such a file, else folder/name.gz; 0 when there is neither. */
static int find(char path[PATH_BYTES], const char *folder, const char *name)
{
    static const char *const suffix[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path, PATH_BYTES, "%s/%s%s", folder, name, suffix[i]);
        if (n > 0 && n < PATH_BYTES && exists(path))
            return 1;
    }
    return 0;
}

static int read_idx_half(dataset *out, const char *folder, const char *prefix)
{
    char image_path[PATH_BYTES], label_path[PATH_BYTES], name[64];

    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    if (!find(image_path, folder, name))
        return cli_fail(CLI_NO_FILE, folder, "has neither %s nor %s.gz", name, name);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    if (!find(label_path, folder, name))
        return cli_fail(CLI_NO_FILE, folder, "has neither %s nor %s.gz", name, name);
    return dataset_read(out, image_path, label_path);
}

/* Put the images of `more` behind those of d. */
static int append(dataset *d, const dataset *more)
{
    size_t area = more->c * more->h * more->w, count = d->count + more->count;
    uint8_t *pixels = realloc(d->pixels, count * area);
    if (pixels != NULL)
        d->pixels = pixels;
    uint8_t *labels = realloc(d->labels, count);
    if (labels != NULL)
        d->labels = labels;
    if (pixels == NULL || labels == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu images", count);
    memcpy(pixels + d->count * area, more->pixels, more->count * area);
    memcpy(labels + d->count, more->labels, more->count);
    d->count = count;
    d->c = more->c;
    d->h = more->h;
    d->w = more->w;
    return CLI_OK;
}

static int read_cifar_train(dataset *out, const char *folder)
{
    char path[5][PATH_BYTES];
    size_t first[6] = {0};
    int code = CLI_OK;

    for (int b = 0; b < 5 && code == CLI_OK; b++) {
        char name[32];
        dataset batch;
        snprintf(name, sizeof name, "data_batch_%d.bin", b + 1);
        if (!find(path[b], folder, name))
            return cli_fail(CLI_NO_FILE, folder, "has neither %s nor %s.gz", name, name);
        code = read_images(&batch, path[b]);
        if (code == CLI_OK && batch.c != 3)
            code = cli_fail(CLI_DAMAGED, path[b], "this is not a CIFAR-10 batch");
        if (code == CLI_OK)
            code = append(out, &batch);
        dataset_free(&batch);
        first[b + 1] = out->count;
    }
    for (int b = 0; b < 5 && code == CLI_OK; b++)
        code = mark_beside(out, path[b], first[b], first[b + 1] - first[b]);
    return code;
}

static int read_folder(dataset *train, dataset *test, const char *folder)
{
    char path[PATH_BYTES];

    if (find(path, folder, "train-images-idx3-ubyte")) {
        int code = read_idx_half(train, folder, "train");
        return code == CLI_OK ? read_idx_half(test, folder, "t10k") : code;
    }
    if (!find(path, folder, "test_batch.bin"))
        return cli_fail(CLI_NO_FILE, folder,
                        "has neither train-images-idx3-ubyte nor test_batch.bin, plain or .gz");
    int code = dataset_read(test, path, NULL);
    if (code == CLI_OK && test->c != 3)
        code = cli_fail(CLI_DAMAGED, path, "this is not a CIFAR-10 batch");
    return code == CLI_OK ? read_cifar_train(train, folder) : code;
}

int dataset_read_folder(dataset *train, dataset *test, const char *folder)
{
    memset(train, 0, sizeof *train);
    memset(test, 0, sizeof *test);
    int code = read_folder(train, test, folder);
    if (code == CLI_OK && (train->h != test->h || train->w != test->w))
        code = cli_fail(CLI_DAMAGED, folder, "training images are %zux%zu and test images %zux%zu",
                        train->h, train->w, test->h, test->w);
    if (code != CLI_OK) {
        dataset_free(train);
        dataset_free(test);
    }
    return code;
}

void dataset_free(dataset *d)
{
    free(d->pixels);
    free(d->labels);
    free(d->lossy);
    memset(d, 0, sizeof *d);
}
