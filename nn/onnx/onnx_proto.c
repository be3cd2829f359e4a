/* The wire format, see nn/onnx/onnx_proto.h. */

#include "nn/onnx/onnx_proto.h"

#include <stdlib.h>
#include <string.h>

static int take_varint(nn_onnx_cursor *c, uint64_t *value)
{
    uint64_t v = 0;

    for (unsigned int k = 0; k < 10 && k < c->left; k++) {
        uint64_t byte = c->at[k];
        if (k == 9 && byte > 1)
            return -1; /* more than 64 bits */
        v |= (byte & 0x7f) << (7 * k);
        if (byte < 0x80) {
            c->at += k + 1;
            c->left -= k + 1;
            *value = v;
            return 1;
        }
    }
    return -1;
}

static int take_fixed(nn_onnx_cursor *c, uint64_t *value, size_t size)
{
    uint64_t v = 0;

    if (c->left < size)
        return -1;
    for (size_t k = size; k-- > 0;)
        v = v << 8 | c->at[k];
    c->at += size;
    c->left -= size;
    *value = v;
    return 1;
}

int nn_onnx_next(nn_onnx_cursor *c, nn_onnx_field *f)
{
    uint64_t key, size;

    *f = (nn_onnx_field){.number = 0};
    if (c->left == 0)
        return 0;
    if (take_varint(c, &key) < 0 || key >> 3 == 0 || key >> 3 > (UINT32_C(1) << 29) - 1)
        return -1;
    f->number = (uint32_t)(key >> 3);
    switch (key & 7) {
    case NN_ONNX_VARINT:
        f->wire = NN_ONNX_VARINT;
        return take_varint(c, &f->value);
    case NN_ONNX_FIXED64:
        f->wire = NN_ONNX_FIXED64;
        return take_fixed(c, &f->value, 8);
    case NN_ONNX_FIXED32:
        f->wire = NN_ONNX_FIXED32;
        return take_fixed(c, &f->value, 4);
    case NN_ONNX_BYTES:
        f->wire = NN_ONNX_BYTES;
        if (take_varint(c, &size) < 0 || size > c->left)
            return -1;
        f->bytes = (nn_onnx_cursor){c->at, (size_t)size};
        c->at += size;
        c->left -= (size_t)size;
        return 1;
    default:
        return -1;
    }
}

int nn_onnx_number(nn_onnx_list *rest, uint64_t *value, const nn_onnx_field *f, nn_onnx_wire wire)
{
    if (!rest->started) {
        rest->started = 1;
        if (f->wire == wire) {
            *value = f->value;
            return 1;
        }
        if (f->wire != NN_ONNX_BYTES)
            return -1;
        rest->rest = f->bytes;
    }
    if (rest->rest.left == 0)
        return 0;
    if (wire == NN_ONNX_VARINT)
        return take_varint(&rest->rest, value);
    return take_fixed(&rest->rest, value, wire == NN_ONNX_FIXED64 ? 8 : 4);
}

nn_status nn_onnx_text(char **text, const nn_onnx_field *f, size_t most)
{
    *text = NULL;
    if (f->wire != NN_ONNX_BYTES || f->bytes.left > most ||
        (f->bytes.left > 0 && memchr(f->bytes.at, 0, f->bytes.left) != NULL))
        return NN_ERR_FORMAT;
    char *copy = malloc(f->bytes.left + 1);
    if (copy == NULL)
        return NN_ERR_MEMORY;
    if (f->bytes.left > 0)
        memcpy(copy, f->bytes.at, f->bytes.left);
    copy[f->bytes.left] = '\0';
    *text = copy;
    return NN_OK;
}

static void append(nn_onnx_buffer *b, const void *bytes, size_t size)
{
    if (b->failed || size == 0)
        return;
    if (size > b->room - b->size) {
        size_t room = b->room < 256 ? 256 : b->room;
        while (room - b->size < size && room <= SIZE_MAX / 2)
            room *= 2;
        uint8_t *moved = room - b->size < size ? NULL : realloc(b->bytes, room);
        if (moved == NULL) {
            b->failed = 1;
            return;
        }
        b->bytes = moved;
        b->room = room;
    }
    memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static void append_varint(nn_onnx_buffer *b, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    append(b, bytes, n);
}

static void append_key(nn_onnx_buffer *b, uint32_t number, nn_onnx_wire wire)
{
    append_varint(b, (uint64_t)number << 3 | (uint64_t)wire);
}

void nn_onnx_put_varint(nn_onnx_buffer *b, uint32_t number, uint64_t value)
{
    append_key(b, number, NN_ONNX_VARINT);
    append_varint(b, value);
}

void nn_onnx_put_fixed64(nn_onnx_buffer *b, uint32_t number, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t k = 0; k < sizeof bytes; k++)
        bytes[k] = (uint8_t)(value >> (8 * k));
    append_key(b, number, NN_ONNX_FIXED64);
    append(b, bytes, sizeof bytes);
}

void nn_onnx_put_fixed32(nn_onnx_buffer *b, uint32_t number, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};

    append_key(b, number, NN_ONNX_FIXED32);
    append(b, bytes, sizeof bytes);
}

void nn_onnx_put_bytes(nn_onnx_buffer *b, uint32_t number, const void *bytes, size_t size)
{
    append_key(b, number, NN_ONNX_BYTES);
    append_varint(b, size);
    append(b, bytes, size);
}

void nn_onnx_put_text(nn_onnx_buffer *b, uint32_t number, const char *text)
{
    nn_onnx_put_bytes(b, number, text, strlen(text));
}

void nn_onnx_put_message(nn_onnx_buffer *b, uint32_t number, nn_onnx_buffer *message)
{
    b->failed |= message->failed;
    nn_onnx_put_bytes(b, number, message->bytes, message->size);
    nn_onnx_buffer_clear(message);
}

void nn_onnx_buffer_clear(nn_onnx_buffer *b)
{
    free(b->bytes);
    *b = (nn_onnx_buffer){.bytes = NULL};
}
