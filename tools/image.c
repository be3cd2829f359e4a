/* Pictures from PGM and IDX files. */
#include "tools/image.h"

#include "tools/cli.h"
#include "tools/file.h"
#include "tools/idx.h"
#include "tools/pgm.h"
#include "tools/result.h"

/* The training images of MNIST, unpacked, are 47 MB. */
enum { FILE_LIMIT = 1 << 30 };

void image_of_pixels(float *out, const uint8_t *pixels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)pixels[i] / 255.0f;
}

static int check_shape(nn_shape shape, size_t rows, size_t cols, const char *name)
{
    if (shape.c == 1 && shape.h == rows && shape.w == cols)
        return CLI_OK;
    return cli_fail(CLI_MISMATCH, name,
                    "the picture is %zu x %zu grey and the network takes %zu x %zu with %zu "
                    "channel%s",
                    cols, rows, shape.w, shape.h, shape.c, shape.c == 1 ? "" : "s");
}

static int from_pgm(float *out, nn_shape shape, const file_bytes *file, uint64_t index,
                    const char *name)
{
    char why[256] = "";
    pgm_image image;
    int st = pgm_parse(&image, file->data, file->size, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, name, why);
    st = check_shape(shape, image.height, image.width, name);
    if (st == CLI_OK && index != 0)
        st = cli_fail(CLI_USAGE, name, "a PGM file has picture 0 only, not %llu",
                      (unsigned long long)index);
    if (st == CLI_OK)
        image_of_pixels(out, image.pixels, image.width * image.height);
    pgm_free(&image);
    return st;
}

static int from_idx(float *out, nn_shape shape, const file_bytes *file, uint64_t index,
                    const char *name)
{
    char why[256] = "";
    idx_array images;
    int st = idx_parse(&images, file->data, file->size, 3, why, sizeof why);

    if (st != TOOL_OK)
        return cli_fail_status(st, name, why);
    st = check_shape(shape, images.rows, images.cols, name);
    if (st == CLI_OK && index >= images.count)
        st = cli_fail(CLI_USAGE, name, "there is no picture %llu, the file has %zu (from 0)",
                      (unsigned long long)index, images.count);
    if (st == CLI_OK)
        image_of_pixels(out, images.data + (size_t)index * images.rows * images.cols,
                        images.rows * images.cols);
    idx_free(&images);
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
    else if (file.size >= 2 && (file.data[0] == 0x1f || file.data[0] == 0))
        st = from_idx(out, shape, &file, index, file_input_name(path));
    else
        st = cli_fail(CLI_DAMAGED, file_input_name(path),
                      "this is neither a PGM picture (P5, P2) nor an IDX file");
    file_free(&file);
    for (size_t i = 0; st == CLI_OK && invert && i < nn_shape_count(shape); i++)
        out[i] = 1.0f - out[i];
    return st;
}
