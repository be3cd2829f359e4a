/* Metadata in the bytes of a model, see nn/fit/onnx_meta.h. */

#include "nn/fit/onnx_meta.h"

#include <stdlib.h>
#include <string.h>

#include "nn/onnx/onnx_proto.h"

enum { MODEL_METADATA = 14, PAIR_KEY = 1, PAIR_VALUE = 2 }; /* of onnx.proto */

static int is_key(const nn_onnx_cursor *text, const nn_onnx_pair *pair, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (strlen(pair[k].key) == text->left && memcmp(pair[k].key, text->at, text->left) == 0)
            return 1;
    return 0;
}

/* Whether a metadata entry has one of the keys; -1 when its bytes are damaged. */
static int is_replaced(nn_onnx_cursor entry, const nn_onnx_pair *pair, size_t count)
{
    nn_onnx_field f;
    int more, replaced = 0;

    while ((more = nn_onnx_next(&entry, &f)) == 1)
        if (f.number == PAIR_KEY && f.wire == NN_ONNX_BYTES)
            replaced = is_key(&f.bytes, pair, count);
    return more < 0 ? -1 : replaced;
}

/* The fields that stay, one behind the other. */
static nn_status keep_fields(uint8_t *out, size_t *size, nn_onnx_cursor model,
                             const nn_onnx_pair *pair, size_t count)
{
    for (;;) {
        const uint8_t *begin = model.at;
        nn_onnx_field f;
        int replaced = 0, more = nn_onnx_next(&model, &f);

        if (more == 1 && f.number == MODEL_METADATA && f.wire == NN_ONNX_BYTES)
            replaced = is_replaced(f.bytes, pair, count);
        if (more < 0 || replaced < 0)
            return NN_ERR_FORMAT;
        if (more == 0)
            return NN_OK;
        size_t length = (size_t)(model.at - begin);
        if (!replaced) {
            memcpy(out + *size, begin, length);
            *size += length;
        }
    }
}

static void put_pairs(nn_onnx_buffer *b, const nn_onnx_pair *pair, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        nn_onnx_buffer entry = {NULL, 0, 0, 0};
        nn_onnx_put_text(&entry, PAIR_KEY, pair[k].key);
        nn_onnx_put_text(&entry, PAIR_VALUE, pair[k].value);
        nn_onnx_put_message(b, MODEL_METADATA, &entry);
    }
}

nn_status nn_onnx_set_meta(uint8_t **out, size_t *size, const uint8_t *bytes, size_t in_size,
                           const nn_onnx_pair *pair, size_t count)
{
    nn_onnx_buffer added = {NULL, 0, 0, 0};
    nn_status st = NN_ERR_MEMORY;

    *out = NULL;
    *size = 0;
    put_pairs(&added, pair, count);
    uint8_t *copy = added.failed ? NULL : malloc(in_size + added.size + 1);
    if (copy != NULL)
        st = keep_fields(copy, size, (nn_onnx_cursor){bytes, in_size}, pair, count);
    if (st == NN_OK) {
        if (added.size > 0)
            memcpy(copy + *size, added.bytes, added.size);
        *size += added.size;
        *out = copy;
    } else {
        free(copy);
        *size = 0;
    }
    nn_onnx_buffer_clear(&added);
    return st;
}
