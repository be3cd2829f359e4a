/* The IDX files in which MNIST and its relatives are published, plain or compressed with gzip.
 *
 * Format: bytes 0, 0, type (8 = unsigned byte, the only one taken), number of dimensions; then each
 * dimension as a big-endian 32-bit number; then the elements, row-major. Images have three
 * dimensions (count, rows, columns) and labels one.
 */
#ifndef UNSEEN_TOOLS_IDX_H
#define UNSEEN_TOOLS_IDX_H

#include <stddef.h>
#include <stdint.h>

typedef struct idx_array {
    size_t count;  /* images or labels */
    size_t rows;   /* 1 for labels */
    size_t cols;   /* 1 for labels */
    uint8_t *data; /* count * rows * cols bytes, from malloc */
} idx_array;

/** Read an array of images or labels out of the bytes of an IDX file.
 *
 *  Out:     out         filled; to be released with idx_free
 *           why         on failure, one sentence
 *  In:      bytes       size bytes, plain or gzip
 *           dimensions  3 for images, 1 for labels
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY; out is then empty
 */
int idx_parse(idx_array *out, const uint8_t *bytes, size_t size, int dimensions, char *why,
              size_t why_size);

/** Release what a reader filled; an empty array is fine. */
void idx_free(idx_array *array);

#endif
