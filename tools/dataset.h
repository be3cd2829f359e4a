/* Sets of labelled images: IDX pairs (MNIST and its relatives) and CIFAR-10's binary batches, each
 * plain or compressed with gzip.
 *
 * A CIFAR-10 batch is a row of records of 3073 bytes: the label, then 1024 bytes each of red, green
 * and blue, row-major. A file lossy-records.txt beside such batches names records whose pixels are
 * not the original ones, a line each "FILE RECORD LABEL" ('#' begins a comment); they are marked,
 * so that accuracies can be given with and without them.
 */
#ifndef UNSEEN_TOOLS_DATASET_H
#define UNSEEN_TOOLS_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "nn/shape.h"

enum { DATASET_CLASSES = 10 };

typedef struct dataset {
    size_t count;    /* images */
    size_t c, h, w;  /* of one image: 1 channel for IDX, 3 for CIFAR-10 */
    uint8_t *pixels; /* [count][c][h][w] */
    uint8_t
        *labels;    /* [count], each below DATASET_CLASSES; NULL when there are none (IDX images) */
    uint8_t *lossy; /* [count], 1 for a marked record; NULL when no list lies beside */
} dataset;

/** Read images, and their labels, from files.
 *
 *  What the image file is, its content tells; "-" is standard input.
 *
 *  Out:     out          to be released with dataset_free
 *  In:      image_path   IDX images, or one CIFAR-10 batch, which has its labels within
 *           label_path   IDX labels; NULL: none (out->labels stays NULL for IDX images)
 *  Returns: CLI_OK or an exit code after the message was printed; out is then empty
 */
int dataset_read(dataset *out, const char *image_path, const char *label_path);

/** Read both halves of the set that lies in a folder: train-images-idx3-ubyte,
 *  train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or
 *  data_batch_1.bin ... data_batch_5.bin and test_batch.bin, each plain or with .gz.
 *
 *  Out:     train, test  with labels, of the same shape; to be released with dataset_free
 *  Returns: as dataset_read
 */
int dataset_read_folder(dataset *train, dataset *test, const char *folder);

/** Read images out of the bytes of a file, as dataset_read does.
 *
 *  Out:     why     on failure, one sentence
 *  In:      bytes   size bytes, plain or gzip, hostile
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY; out is then empty
 */
int dataset_parse(dataset *out, const uint8_t *bytes, size_t size, char *why, size_t why_size);

/** Give images that have none the labels of an IDX file.
 *
 *  Fails:   TOOL_ERR_FORMAT (also when the number differs, or there are labels already),
 *           TOOL_ERR_MEMORY; d is then as before
 */
int dataset_parse_labels(dataset *d, const uint8_t *bytes, size_t size, char *why, size_t why_size);

/** Mark the records of one batch that a list of lossy records names.
 *
 *  In:      list    size bytes of text
 *           file    the batch's name in the list
 *           first   index in d of the batch's record 0; count records belong to it
 *  Fails:   TOOL_ERR_FORMAT (a line is no record, or the record is not there or has another
 *           label), TOOL_ERR_MEMORY
 */
int dataset_mark(dataset *d, const uint8_t *list, size_t size, const char *file, size_t first,
                 size_t count, char *why, size_t why_size);

/** Number of marked images among first .. first + count - 1. */
size_t dataset_lossy(const dataset *d, size_t first, size_t count);

/* Images out of a set, as --images, --labels, --first and --count say. */
typedef struct dataset_choice {
    const char *images, *labels;
    uint64_t first, count; /* count 0: all that follow */
} dataset_choice;

/** Take one of these options.
 *
 *  Returns: CLI_OK, an exit code, or CLI_DONE when name is none of them
 */
int dataset_take(dataset_choice *c, const char *name, const char *value);

/** Hold the images, and the choice among them, to what a network takes.
 *
 *  In/out:  c      count 0 becomes all images from number `first` on, at most `most` (0: no bound)
 *  In:      shape  of an image of the network
 *  Returns: CLI_OK, or CLI_MISMATCH or CLI_USAGE after a complaint
 */
int dataset_choose(const dataset *d, dataset_choice *c, nn_shape shape, uint64_t most);

/** Release; an empty one is fine. */
void dataset_free(dataset *d);

#endif
