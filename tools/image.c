/* Pictures from PGM files and from sets of images. */
#include "tools/image.h"

#include <stdlib.h>

#include "tools/cli.h"
#include "tools/dataset.h"
#include "tools/file.h"
#include "tools/pgm.h"
#include "tools/result.h"

/* The training images of MNIST, unpacked, are 47 MB. */
enum { FILE_LIMIT = 1 << 30 };

void image_of_pixels(float *out, const uint8_t *pixels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)pixels[i] / 255.0f;
}

static int check_shape(nn_shape shape, size_t channels, size_t rows, size_t cols, const char *name)
{
    if (shape.c == channels && shape.h == rows && shape.w == cols)
        return CLI_OK;
    return cli_fail(CLI_MISMATCH, name,
                    "the picture is %zu x %zu with %zu channel%s and the network takes %zu x %zu "
                    "with %zu",
                    cols, rows, channels, channels == 1 ? "" : "s", shape.w, shape.h, shape.c);
}

/* The parsers' pixels are from malloc, and are taken over. */
static int from_pgm(image_set *out, const file_bytes *file)
{
    char why[256] = "";
    pgm_image image;
    int st = pgm_parse(&image, file->data, file->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, out->name, why);
    out->count = 1;
    out->pixels = image.pixels;
    out->bytes = image.width * image.height;
    return check_shape(out->shape, 1, image.height, image.width, out->name);
}

static int from_dataset(image_set *out, const file_bytes *file)
{
    char why[256] = "";
    dataset images;
    int st = dataset_parse(&images, file->data, file->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, out->name, why);
    out->count = images.count;
    out->pixels = images.pixels;
    out->bytes = images.count * images.c * images.h * images.w;
    images.pixels = NULL;
    st = check_shape(out->shape, images.c, images.h, images.w, out->name);
    dataset_free(&images);
    return st;
}

int image_set_read(image_set *out, nn_shape shape, const char *path)
{
    file_bytes file;
    int st = file_read(&file, path, FILE_LIMIT);

    *out = (image_set){.shape = shape, .name = file_input_name(path)};
    if (st != CLI_OK)
        return st;
    if (file.size >= 2 && file.data[0] == 'P' && (file.data[1] == '2' || file.data[1] == '5'))
        st = from_pgm(out, &file);
    else if (file.size >= 2 && (file.data[0] == 0x1f || file.data[0] < DATASET_CLASSES))
        st = from_dataset(out, &file);
    else
        st = cli_fail(CLI_DAMAGED, out->name,
                      "this is neither a PGM picture (P5, P2) nor an IDX file nor a CIFAR-10 "
                      "batch");
    file_free(&file);
    return st;
}

int image_set_take(float *out, const image_set *s, uint64_t index, int invert)
{
    size_t area = nn_shape_count(s->shape);

    if (index >= s->count)
        return cli_fail(CLI_USAGE, s->name, "there is no picture %llu, the file has %zu (from 0)",
                        (unsigned long long)index, s->count);
    image_of_pixels(out, s->pixels + (size_t)index * area, area);
    for (size_t i = 0; invert && i < area; i++)
        out[i] = 1.0f - out[i];
    return CLI_OK;
}

void image_set_free(image_set *s)
{
    if (s->pixels != NULL)
        file_wipe(s->pixels, s->bytes);
    free(s->pixels);
    *s = (image_set){.count = 0};
}

int image_read(float *out, nn_shape shape, const char *path)
{
    image_set set;
    int st = image_set_read(&set, shape, path);

    if (st == CLI_OK)
        st = image_set_take(out, &set, 0, 0);
    image_set_free(&set);
    return st;
}
