/* IDX files: header and bounds. */
#include "tools/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/inflate.h"
#include "tools/result.h"

/* More than any published set of small images, little enough to hold in memory. */
static const size_t size_limit = (size_t)1 << 30;

static uint32_t load_big32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static int parse_plain(idx_array *out, const uint8_t *bytes, size_t size, int dimensions, char *why,
                       size_t why_size)
{
    size_t shape[3] = {1, 1, 1};
    size_t head = 4 + 4 * (size_t)dimensions;
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0) {
        snprintf(why, why_size, "this is not an IDX file");
        return TOOL_ERR_FORMAT;
    }
    if (bytes[2] != 8) {
        snprintf(why, why_size, "the elements have IDX type %d; only unsigned bytes (8) are read",
                 bytes[2]);
        return TOOL_ERR_FORMAT;
    }
    if (bytes[3] != dimensions) {
        snprintf(why, why_size, "the file has %d dimensions where %s have %d", bytes[3],
                 dimensions == 3 ? "images" : "labels", dimensions);
        return TOOL_ERR_FORMAT;
    }
    if (size < head) {
        snprintf(why, why_size, "the file ends inside its header");
        return TOOL_ERR_FORMAT;
    }
    size_t total = 1;
    for (int d = 0; d < dimensions; d++) {
        shape[d] = load_big32(bytes + 4 + 4 * (size_t)d);
        if (shape[d] == 0 || shape[d] > size_limit / total) {
            snprintf(why, why_size, "dimension %d of the file is %zu, which is out of range", d + 1,
                     shape[d]);
            return TOOL_ERR_FORMAT;
        }
        total *= shape[d];
    }
    if (size - head != total) {
        snprintf(why, why_size, "the header promises %zu bytes of data and the file has %zu", total,
                 size - head);
        return TOOL_ERR_FORMAT;
    }
    out->data = malloc(total);
    if (out->data == NULL) {
        snprintf(why, why_size, "no memory for %zu bytes", total);
        return TOOL_ERR_MEMORY;
    }
    memcpy(out->data, bytes + head, total);
    out->count = shape[0];
    out->rows = shape[1];
    out->cols = shape[2];
    return TOOL_OK;
}

int idx_parse(idx_array *out, const uint8_t *bytes, size_t size, int dimensions, char *why,
              size_t why_size)
{
    memset(out, 0, sizeof *out);
    if (!inflate_is_gzip(bytes, size))
        return parse_plain(out, bytes, size, dimensions, why, why_size);
    uint8_t *plain;
    size_t plain_size;
    int st = inflate_gzip(&plain, &plain_size, bytes, size, size_limit + 16, why, why_size);
    if (st != TOOL_OK)
        return st;
    st = parse_plain(out, plain, plain_size, dimensions, why, why_size);
    free(plain);
    return st;
}

void idx_free(idx_array *array)
{
    free(array->data);
    memset(array, 0, sizeof *array);
}
