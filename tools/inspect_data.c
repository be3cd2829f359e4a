/* Networks, pictures, unit times, checkpoints. */
#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "tools/cli.h"
#include "tools/costs.h"
#include "tools/dataset.h"
#include "tools/idx.h"
#include "tools/inspect.h"
#include "tools/load.h"
#include "tools/pgm.h"
#include "tools/result.h"

enum { CHECKPOINT_HEAD = 12, CHECKPOINT_TAIL = 8, BATCH_RECORD = 3073 };

static int begins(const file_bytes *b, const void *magic, size_t length)
{
    return b->size >= length && memcmp(b->data, magic, length) == 0;
}

/* ---- networks ---- */

static void tell_model(const inspect_file *f, const nn_model *m)
{
    nn_shape in = nn_model_input(m);
    char shape[80];

    inspect_kind(f, "an ONNX network", 0);
    snprintf(shape, sizeof shape, "%zu x %zu x %zu", in.c, in.h, in.w);
    inspect_text(f, "input", shape);
    inspect_number(f, "logits", nn_model_outputs(m));
    inspect_text(f, "tail", nn_tail_name(nn_model_tail(m)));
    inspect_id(f, "model", nn_model_id(m));
    inspect_digest(f);
    inspect_truth(f, "checksum", 0);
}

static int model(const inspect_file *f)
{
    char why[WHY_BYTES] = "";
    nn_model *m = NULL;
    int st;

    /* Its constants may lie in files beside it, but not beside standard input. */
    if (strcmp(f->path, "-") != 0) {
        st = load_model(&m, f->path);
    } else {
        st = nn_model_read(&m, f->bytes->data, f->bytes->size, why, sizeof why);
        if (st != NN_OK)
            return cli_fail_status(st, f->name, why);
    }

    if (st == CLI_OK)
        tell_model(f, m);
    nn_model_free(m);
    return st;
}

/* ---- pictures ---- */

static void tell_images(const inspect_file *f, const char *kind, size_t count, const char *what,
                        size_t channels, size_t rows, size_t cols)
{
    char size[80];

    inspect_kind(f, kind, 0);
    inspect_number(f, what, count);
    if (channels > 0) {
        snprintf(size, sizeof size, "%zu x %zu x %zu", channels, rows, cols);
        inspect_text(f, "shape", size);
    }
    inspect_digest(f);
    inspect_truth(f, "checksum", 0);
}

static int picture(const inspect_file *f)
{
    char why[256] = "";
    pgm_image image;
    int st = pgm_parse(&image, f->bytes->data, f->bytes->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, f->name, why);
    tell_images(f, "a PGM picture", 1, "images", 1, image.height, image.width);
    pgm_free(&image);
    return CLI_OK;
}

static int pictures(const inspect_file *f)
{
    char why[256] = "", unheard[256];
    idx_array labels;
    dataset images;
    int st;

    st = idx_parse(&labels, f->bytes->data, f->bytes->size, 1, unheard, sizeof unheard);
    if (st == TOOL_ERR_MEMORY)
        return cli_fail_status(st, f->name, unheard);
    if (st == TOOL_OK) {
        tell_images(f, "a file of labels (IDX)", labels.count, "labels", 0, 0, 0);
        idx_free(&labels);
        return CLI_OK;
    }
    st = dataset_parse(&images, f->bytes->data, f->bytes->size, why, sizeof why);
    if (st != TOOL_OK)
        return cli_fail_status(st, f->name, why);
    tell_images(f, images.labels == NULL ? "pictures (IDX)" : "a batch of CIFAR-10", images.count,
                "images", images.c, images.h, images.w);
    dataset_free(&images);
    return CLI_OK;
}

/* ---- unit times ---- */

static int unit_times(const inspect_file *f)
{
    nn_costs costs;
    int st = costs_parse(&costs, f->bytes, f->name);

    if (st != CLI_OK)
        return st;
    inspect_kind(f, "unit times of a machine", 1);
    inspect_text(f, "kernel", costs.kernel);
    inspect_digest(f);
    inspect_truth(f, "checksum", 0);
    return CLI_OK;
}

/* ---- checkpoints: what train/checkpoint.h says of their head, sections and end ---- */

static int checkpoint(const inspect_file *f)
{
    const uint8_t *at = f->bytes->data;
    size_t size = f->bytes->size;

    if (size < CHECKPOINT_HEAD + CHECKPOINT_TAIL)
        return cli_fail(CLI_DAMAGED, f->name, "the checkpoint is cut short: it has %zu bytes",
                        size);
    if (envelope_key_id(at, size - CHECKPOINT_TAIL) != ckks_load_u64le(at + size - CHECKPOINT_TAIL))
        return cli_fail(CLI_DAMAGED, f->name,
                        "the checkpoint is damaged or cut short: its checksum is wrong");
    inspect_kind(f, "a checkpoint of a training", (int)ckks_load_u32le(at + 8));
    inspect_digest(f);
    inspect_truth(f, "checksum", 1);
    return CLI_OK;
}

int inspect_data(const inspect_file *f)
{
    const file_bytes *b = f->bytes;
    static const char costs[] = "unseen-costs", checkpoints[] = "UNSEENCK";

    if (begins(b, checkpoints, sizeof checkpoints - 1))
        return checkpoint(f);
    if (begins(b, costs, sizeof costs - 1))
        return unit_times(f);
    if (begins(b, "P5", 2) || begins(b, "P2", 2))
        return picture(f);
    /* A protocol buffer whose first field is a number, as the version is with which all exporters
     * begin; a batch can begin with the same byte, for a label. */
    if (begins(b, "\x08", 1) && b->size % BATCH_RECORD != 0)
        return model(f);
    if (b->size >= 2 && (b->data[0] == 0x1f || b->data[0] < DATASET_CLASSES))
        return pictures(f);
    return CLI_DONE;
}
