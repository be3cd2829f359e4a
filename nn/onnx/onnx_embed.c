/* Constants of other files put into the model, see nn/onnx_embed.h. Fields are copied as they come;
 * of the graph only the messages of external constants are written anew. */

#include "nn/onnx_embed.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/onnx/onnx_proto.h"

enum { MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5 };
enum { TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };

/* Constants may share bytes, so that what they make is bounded by itself: by what a file of
 * protocol buffers may have. */
enum { EMBEDDED_MAX = INT32_MAX };

typedef struct embedding {
    nn_onnx_open open;
    void *user;
    size_t left; /* of EMBEDDED_MAX */
    char *why;
    size_t why_size;
} embedding;

/* Where a constant's bytes are. */
typedef struct place {
    char name[NN_ONNX_LOCATION_MAX + 1];
    uint64_t offset, length;
    int has_length;
} place;

static nn_status damaged(const embedding *e, const char *what)
{
    return nn_why(e->why, e->why_size, NN_ERR_FORMAT, "this is no ONNX file or a damaged one (%s)",
                  what);
}

static void put_field(nn_onnx_buffer *b, const nn_onnx_field *f)
{
    switch (f->wire) {
    case NN_ONNX_VARINT:
        nn_onnx_put_varint(b, f->number, f->value);
        break;
    case NN_ONNX_FIXED32:
        nn_onnx_put_fixed32(b, f->number, (uint32_t)f->value);
        break;
    case NN_ONNX_FIXED64:
        nn_onnx_put_fixed64(b, f->number, f->value);
        break;
    default: /* NN_ONNX_BYTES */
        nn_onnx_put_bytes(b, f->number, f->bytes.at, f->bytes.left);
        break;
    }
}

/* 1 when a TensorProto says that its data are elsewhere, 0 when not, -1 when it is damaged. */
static int is_external(nn_onnx_cursor tensor)
{
    nn_onnx_field f;
    int more, external = 0;

    while ((more = nn_onnx_next(&tensor, &f)) > 0)
        if (f.number == TENSOR_EXTERNAL || (f.number == TENSOR_LOCATION && f.value == 1))
            external = 1;
    return more < 0 ? -1 : external;
}

/* ---- where the bytes are ---- */

static int same(nn_onnx_cursor text, const char *word)
{
    return text.left == strlen(word) && memcmp(text.at, word, text.left) == 0;
}

/* A decimal number below 2^63. Returns 0 when it is none. */
static int read_number(uint64_t *number, nn_onnx_cursor text)
{
    uint64_t n = 0;

    if (text.left == 0 || text.left > 18) /* magic: 10^18 < 2^63 */
        return 0;
    for (size_t k = 0; k < text.left; k++) {
        if (text.at[k] < '0' || text.at[k] > '9')
            return 0;
        n = 10 * n + (uint64_t)(text.at[k] - '0');
    }
    *number = n;
    return 1;
}

/* A plain file name: nothing that could lead out of the model's folder, on any system. */
static nn_status read_name(place *p, nn_onnx_cursor text, const embedding *e)
{
    int plain =
        text.left > 0 && text.left <= NN_ONNX_LOCATION_MAX && !same(text, ".") && !same(text, "..");

    for (size_t k = 0; k < text.left && plain; k++)
        plain = text.at[k] >= 32 && text.at[k] != 127 && text.at[k] != '/' && text.at[k] != '\\' &&
                text.at[k] != ':';
    if (!plain)
        return nn_why(e->why, e->why_size, NN_ERR_UNSUPPORTED,
                      "a constant is stored in a file whose name is no plain file name; save the "
                      "model with its data in one file beside it, or in the model itself");
    memcpy(p->name, text.at, text.left);
    p->name[text.left] = '\0';
    return NN_OK;
}

/* One entry of external_data, a key and its value. */
static nn_status read_entry(place *p, nn_onnx_cursor entry, const embedding *e)
{
    nn_onnx_field f;
    nn_onnx_cursor key = {NULL, 0}, value = {NULL, 0};
    int more;

    while ((more = nn_onnx_next(&entry, &f)) > 0) {
        if (f.number == ENTRY_KEY)
            key = f.bytes;
        else if (f.number == ENTRY_VALUE)
            value = f.bytes;
    }
    if (more < 0)
        return damaged(e, "where a constant is stored");
    if (same(key, "location"))
        return read_name(p, value, e);
    if (same(key, "length"))
        p->has_length = 1;
    if ((same(key, "offset") && !read_number(&p->offset, value)) ||
        (same(key, "length") && !read_number(&p->length, value)))
        return damaged(e, "where a constant is stored");
    return NN_OK; /* other keys, as a checksum, are for others */
}

static nn_status read_place(place *p, nn_onnx_cursor tensor, const embedding *e)
{
    nn_onnx_field f;
    nn_status st = NN_OK;

    *p = (place){.offset = 0};
    while (st == NN_OK && nn_onnx_next(&tensor, &f) > 0)
        if (f.number == TENSOR_EXTERNAL)
            st = f.wire == NN_ONNX_BYTES ? read_entry(p, f.bytes, e)
                                         : damaged(e, "where a constant is stored");
    if (st == NN_OK && p->name[0] == '\0')
        st = damaged(e, "a constant without a place");
    return st;
}

/* ---- writing anew ---- */

/* A TensorProto with its data as raw_data; the reader checks their number. */
static nn_status put_constant(nn_onnx_buffer *b, nn_onnx_cursor tensor, embedding *e)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;
    nn_onnx_buffer m = {.bytes = NULL};
    nn_onnx_field f;
    place p;

    nn_status st = read_place(&p, tensor, e);
    if (st == NN_OK)
        st = e->open(e->user, p.name, &bytes, &size, e->why, e->why_size);
    if (st != NN_OK)
        return st;
    if (p.offset > size || (p.has_length && p.length > size - p.offset))
        return nn_why(e->why, e->why_size, NN_ERR_FORMAT,
                      "a constant is stored in '%s' at byte %llu, and the file has %zu bytes",
                      p.name, (unsigned long long)p.offset, size);
    size_t length = p.has_length ? (size_t)p.length : size - (size_t)p.offset;
    if (length > e->left)
        return nn_why(e->why, e->why_size, NN_ERR_FORMAT,
                      "the constants have more than %d bytes together", EMBEDDED_MAX);
    e->left -= length;
    while (nn_onnx_next(&tensor, &f) > 0)
        if (f.number != TENSOR_EXTERNAL && f.number != TENSOR_LOCATION && f.number != TENSOR_RAW)
            put_field(&m, &f);
    nn_onnx_put_bytes(&m, TENSOR_RAW, bytes + p.offset, length);
    nn_onnx_put_message(b, GRAPH_INITIALIZER, &m);
    return NN_OK;
}

static nn_status put_graph(nn_onnx_buffer *b, nn_onnx_cursor graph, embedding *e)
{
    nn_onnx_buffer m = {.bytes = NULL};
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more = 0;

    while (st == NN_OK && (more = nn_onnx_next(&graph, &f)) > 0) {
        int external =
            f.number == GRAPH_INITIALIZER && f.wire == NN_ONNX_BYTES ? is_external(f.bytes) : 0;
        if (external < 0)
            st = damaged(e, "a constant");
        else if (external)
            st = put_constant(&m, f.bytes, e);
        else
            put_field(&m, &f);
    }
    if (st == NN_OK && more < 0)
        st = damaged(e, "cut short");
    if (st != NN_OK) {
        nn_onnx_buffer_clear(&m);
        return st;
    }
    nn_onnx_put_message(b, MODEL_GRAPH, &m);
    return NN_OK;
}

int nn_onnx_is_external(const uint8_t *bytes, size_t size)
{
    nn_onnx_cursor model = {bytes, size};
    nn_onnx_field f, g;

    if (bytes == NULL)
        return 0;
    while (nn_onnx_next(&model, &f) > 0) {
        if (f.number != MODEL_GRAPH)
            continue;
        while (nn_onnx_next(&f.bytes, &g) > 0)
            if (g.number == GRAPH_INITIALIZER && is_external(g.bytes) > 0)
                return 1;
    }
    return 0;
}

nn_status nn_onnx_embed(uint8_t **out, size_t *out_size, const uint8_t *bytes, size_t size,
                        nn_onnx_open open, void *user, char *why, size_t why_size)
{
    embedding e = {open, user, EMBEDDED_MAX, why, why_size};
    nn_onnx_buffer model = {.bytes = NULL};
    nn_onnx_cursor c = {bytes, size};
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more = 0;

    if (out == NULL || out_size == NULL || bytes == NULL || open == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_onnx_embed: an argument is missing");
    *out = NULL;
    *out_size = 0;
    while (st == NN_OK && (more = nn_onnx_next(&c, &f)) > 0) {
        if (f.number == MODEL_GRAPH && f.wire == NN_ONNX_BYTES)
            st = put_graph(&model, f.bytes, &e);
        else
            put_field(&model, &f);
    }
    if (st == NN_OK && more < 0)
        st = damaged(&e, "cut short");
    if (st == NN_OK && model.failed)
        st = nn_why(why, why_size, NN_ERR_MEMORY, "out of memory for the constants of the model");
    if (st != NN_OK) {
        nn_onnx_buffer_clear(&model);
        return st;
    }
    *out = model.bytes;
    *out_size = model.size;
    return NN_OK;
}
