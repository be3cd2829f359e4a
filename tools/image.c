/* Pictures from PGM files and from sets of images. */
#include "tools/image.h"

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

static int from_pgm(float *out, nn_shape shape, const file_bytes *file, uint64_t index,
                    const char *name)
{
    char why[256] = "";
    pgm_image image;
    int st = pgm_parse(&image, file->data, file->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, name, why);
    st = check_shape(shape, 1, image.height, image.width, name);
    if (st == CLI_OK && index != 0)
        st = cli_fail(CLI_USAGE, name, "a PGM file has picture 0 only, not %llu",
                      (unsigned long long)index);
    if (st == CLI_OK)
        image_of_pixels(out, image.pixels, image.width * image.height);
    pgm_free(&image);
    return st;
}

static int from_dataset(float *out, nn_shape shape, const file_bytes *file, uint64_t index,
                        const char *name)
{
    size_t area = nn_shape_count(shape);
    char why[256] = "";
    dataset images;
    int st = dataset_parse(&images, file->data, file->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, name, why);
    st = check_shape(shape, images.c, images.h, images.w, name);
    if (st == CLI_OK && index >= images.count)
        st = cli_fail(CLI_USAGE, name, "there is no picture %llu, the file has %zu (from 0)",
                      (unsigned long long)index, images.count);
    if (st == CLI_OK)
        image_of_pixels(out, images.pixels + (size_t)index * area, area);
    dataset_free(&images);
    return st;
}

int image_read(float *out, nn_shape shape, const char *path, uint64_t index, int invert)
{
    file_bytes file;
    int st = file_read(&file, path, FILE_LIMIT);

    if (st != CLI_OK)
        return st;
    if (file.size >= 2 && file.data[0] == 'P' && (file.data[1] == '2' || file.data[1] == '5'))
        st = from_pgm(out, shape, &file, index, file_input_name(path));
    else if (file.size >= 2 && (file.data[0] == 0x1f || file.data[0] < DATASET_CLASSES))
        st = from_dataset(out, shape, &file, index, file_input_name(path));
    else
        st = cli_fail(CLI_DAMAGED, file_input_name(path),
                      "this is neither a PGM picture (P5, P2) nor an IDX file nor a CIFAR-10 "
                      "batch");
    file_free(&file);
    for (size_t i = 0; st == CLI_OK && invert && i < nn_shape_count(shape); i++)
        out[i] = 1.0f - out[i];
    return st;
}
