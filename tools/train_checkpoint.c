/* Bytes in and out of a run. Reading checks everything that could differ before it touches the run.
 */
#include "tools/train_checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/file.h"
#include "tools/inflate.h"

enum { FILE_LIMIT = 1 << 30, HEAD = 80, NAME_AT = 12, NAME_SIZE = 32, VERSION = 1 };
static const char magic[8] = {'U', 'N', 'S', 'E', 'E', 'N', 'C', 'K'};

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint8_t *put_floats(uint8_t *at, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++, at += 4) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        put(at, bits, 4);
    }
    return at;
}

static const uint8_t *get_floats(const uint8_t *at, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++, at += 4) {
        uint32_t bits = (uint32_t)get(at, 4);
        memcpy(&x[i], &bits, sizeof bits);
    }
    return at;
}

static void put_head(uint8_t *head, const train_run *run)
{
    memset(head, 0, HEAD);
    memcpy(head, magic, sizeof magic);
    put(head + 8, VERSION, 4);
    memcpy(head + NAME_AT, run->net.recipe->name, strlen(run->net.recipe->name));
    put(head + 44, run->seed, 8);
    put(head + 52, run->epochs, 4);
    put(head + 56, run->done, 4);
    put(head + 60, run->train_count, 8);
    put(head + 68, run->data->crc, 4);
    put(head + 72, run->net.param_count, 8);
}

static size_t file_size(const train_run *run)
{
    return HEAD + 4 * 3 * run->net.param_count + 4;
}

int train_checkpoint_write(const train_run *run, const char *path)
{
    size_t size = file_size(run);
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return cli_fail(CLI_MEMORY, path, "no memory for a checkpoint of %zu bytes", size);
    put_head(bytes, run);
    uint8_t *at = bytes + HEAD;
    at = put_floats(at, run->net.params, run->net.param_count);
    at = put_floats(at, run->momentum, run->net.param_count);
    at = put_floats(at, run->energy, run->net.param_count);
    put(at, inflate_crc32(0, bytes, size - 4), 4);
    int code = output_whole(path, OUTPUT_BINARY, bytes, size);
    free(bytes);
    return code;
}

/* What in a well-formed header differs from the run, or NULL. */
static const char *difference(const uint8_t *theirs, const train_run *run)
{
    uint8_t ours[HEAD];
    put_head(ours, run);
    if (memcmp(ours + NAME_AT, theirs + NAME_AT, NAME_SIZE) != 0)
        return "another network";
    if (memcmp(ours + 44, theirs + 44, 8) != 0)
        return "another seed";
    if (memcmp(ours + 52, theirs + 52, 4) != 0)
        return "another number of epochs";
    if (memcmp(ours + 60, theirs + 60, 8) != 0)
        return "another number of training images";
    if (memcmp(ours + 68, theirs + 68, 4) != 0)
        return "other training data";
    if (memcmp(ours + 72, theirs + 72, 8) != 0)
        return "another shape of the network";
    return get(theirs + 56, 4) > run->epochs ? "a longer training" : NULL;
}

static int accept(train_run *run, const file_bytes *file, const char *path)
{
    const uint8_t *bytes = file->data;
    size_t size = file_size(run);
    if (file->size < HEAD + 4 || memcmp(bytes, magic, sizeof magic) != 0)
        return cli_fail(CLI_DAMAGED, path, "this is not a checkpoint of `unseen train`");
    if (get(bytes + 8, 4) != VERSION)
        return cli_fail(CLI_DAMAGED, path, "the checkpoint has version %u; this program reads %d",
                        (unsigned int)get(bytes + 8, 4), VERSION);
    const char *other = difference(bytes, run);
    if (other != NULL)
        return cli_fail(CLI_MISMATCH, path, "the checkpoint belongs to %s", other);
    if (file->size != size || get(bytes + size - 4, 4) != inflate_crc32(0, bytes, size - 4))
        return cli_fail(CLI_DAMAGED, path, "the checkpoint's length or checksum is wrong");
    const uint8_t *at = bytes + HEAD;
    run->done = (uint32_t)get(bytes + 56, 4);
    at = get_floats(at, run->net.params, run->net.param_count);
    at = get_floats(at, run->momentum, run->net.param_count);
    get_floats(at, run->energy, run->net.param_count);
    return CLI_OK;
}

int train_checkpoint_read(train_run *run, const char *path)
{
    file_bytes file;
    int code = file_read(&file, path, FILE_LIMIT);
    if (code == CLI_OK)
        code = accept(run, &file, path);
    file_free(&file);
    return code;
}
