/* TensorProto of ONNX and tensors of ours, see nn/onnx/onnx_tensor.h. */

#include "nn/onnx/onnx_tensor.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"

enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14
};

enum { TYPE_FLOAT = 1, TYPE_FLOAT16 = 10, TYPE_DOUBLE = 11, TYPE_BFLOAT16 = 16 };

/* How the numbers of a data type are stored. */
static const struct storage {
    int type;
    size_t raw;    /* bytes in raw_data */
    int is_signed; /* integers */
    uint32_t list; /* the field that holds them otherwise */
    nn_onnx_wire wire;
} storages[] = {
    {TYPE_FLOAT, 4, 0, FLOAT_DATA, NN_ONNX_FIXED32},
    {TYPE_DOUBLE, 8, 0, DOUBLE_DATA, NN_ONNX_FIXED64},
    {TYPE_FLOAT16, 2, 0, INT32_DATA, NN_ONNX_VARINT},
    {TYPE_BFLOAT16, 2, 0, INT32_DATA, NN_ONNX_VARINT},
    {2 /* uint8 */, 1, 0, INT32_DATA, NN_ONNX_VARINT},
    {3 /* int8 */, 1, 1, INT32_DATA, NN_ONNX_VARINT},
    {4 /* uint16 */, 2, 0, INT32_DATA, NN_ONNX_VARINT},
    {5 /* int16 */, 2, 1, INT32_DATA, NN_ONNX_VARINT},
    {6 /* int32 */, 4, 1, INT32_DATA, NN_ONNX_VARINT},
    {7 /* int64 */, 8, 1, INT64_DATA, NN_ONNX_VARINT},
    {9 /* bool */, 1, 0, INT32_DATA, NN_ONNX_VARINT},
};

/* What a first pass over the message found. */
typedef struct found {
    nn_dims dims;
    const struct storage *storage; /* NULL when the type is not taken */
    uint64_t type;
    int external, segment;
    nn_onnx_field name, raw; /* number 0 when absent */
} found;

static double float_of_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static double half_of_bits(uint32_t bits)
{
    int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
    double sign = (bits >> 15 & 1) != 0 ? -1.0 : 1.0;

    if (exponent == 31)
        return mantissa != 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * ldexp(mantissa, -24);
    return sign * ldexp(mantissa + 1024, exponent - 25);
}

static double real_of_bits(int type, uint64_t bits)
{
    double d;

    switch (type) {
    case TYPE_FLOAT:
        return float_of_bits((uint32_t)bits);
    case TYPE_FLOAT16:
        return half_of_bits((uint32_t)(bits & 0xffff));
    case TYPE_BFLOAT16:
        return float_of_bits((uint32_t)(bits & 0xffff) << 16);
    default:
        memcpy(&d, &bits, sizeof d);
        return d;
    }
}

/* Raw integers are narrower than the 64 bits they become; those of a list are extended already. */
static int64_t integer_of_bits(uint64_t bits, size_t bytes, int is_signed)
{
    if (bytes < 8 && is_signed && (bits >> (8 * bytes - 1) & 1) != 0)
        bits |= UINT64_MAX << (8 * bytes);
    int64_t n;
    memcpy(&n, &bits, sizeof n);
    return n;
}

static nn_status add_dims(nn_dims *dims, const nn_onnx_field *f, char *why, size_t why_size)
{
    nn_onnx_list list = {.started = 0};
    uint64_t n;
    int more;

    while ((more = nn_onnx_number(&list, &n, f, NN_ONNX_VARINT)) > 0) {
        if (dims->rank == NN_RANK_MAX)
            return nn_why(why, why_size, NN_ERR_SHAPE, "a constant has more than %d dimensions",
                          NN_RANK_MAX);
        if (n > NN_ELEMENTS_MAX)
            return nn_why(why, why_size, NN_ERR_SHAPE, "a constant has a dimension of %lld",
                          (long long)n);
        dims->dim[dims->rank++] = (size_t)n;
    }
    return more == 0 ? NN_OK : nn_why(why, why_size, NN_ERR_FORMAT, "a constant is damaged");
}

static nn_status look(found *t, nn_onnx_cursor bytes, char *why, size_t why_size)
{
    nn_onnx_field f;
    int more;

    *t = (found){.type = 0};
    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        if (f.number == DIMS) {
            nn_status st = add_dims(&t->dims, &f, why, why_size);
            if (st != NN_OK)
                return st;
        } else if (f.number == DATA_TYPE) {
            t->type = f.value;
        } else if (f.number == SEGMENT) {
            t->segment = 1;
        } else if (f.number == NAME) {
            t->name = f;
        } else if (f.number == RAW_DATA) {
            t->raw = f;
        } else if (f.number == EXTERNAL_DATA || (f.number == DATA_LOCATION && f.value == 1)) {
            t->external = 1;
        }
    }
    if (more < 0 || (t->raw.number != 0 && t->raw.wire != NN_ONNX_BYTES))
        return nn_why(why, why_size, NN_ERR_FORMAT, "a constant is damaged");
    for (size_t k = 0; k < sizeof storages / sizeof storages[0]; k++)
        if ((uint64_t)storages[k].type == t->type)
            t->storage = &storages[k];
    return NN_OK;
}

/* Pass over the numbers of the list field; counts them, and stores them when out is not NULL. */
static int walk_list(uint64_t *out, size_t *count, nn_onnx_cursor bytes, const struct storage *s)
{
    nn_onnx_field f;
    int more;

    *count = 0;
    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        nn_onnx_list list = {.started = 0};
        uint64_t n;
        int next;

        if (f.number != s->list)
            continue;
        while ((next = nn_onnx_number(&list, &n, &f, s->wire)) > 0) {
            if (out != NULL)
                out[*count] = n;
            ++*count;
        }
        if (next < 0)
            return -1;
    }
    return more;
}

static uint64_t load(const uint8_t *bytes, size_t size)
{
    uint64_t v = 0;

    for (size_t k = size; k-- > 0;)
        v = v << 8 | bytes[k];
    return v;
}

static nn_status store(nn_tensor *t, size_t i, uint64_t bits, const struct storage *s, int raw)
{
    if (t->type == NN_TYPE_INT64) {
        t->number[i] = integer_of_bits(bits, raw ? s->raw : 8, s->is_signed);
        return NN_OK;
    }
    double v = real_of_bits(s->type, bits);
    if (!(fabs(v) <= (double)FLT_MAX)) /* NaN as well */
        return NN_ERR_RANGE;
    t->value[i] = (float)v;
    return NN_OK;
}

/* Text for messages; the name is not ended by NUL in the file. */
static const char *name_of(char text[64], const found *t)
{
    size_t n = t->name.bytes.left < 63 ? t->name.bytes.left : 63;

    if (n > 0)
        memcpy(text, t->name.bytes.at, n);
    text[n] = '\0';
    return text;
}

static nn_status fill(nn_tensor *t, const found *what, nn_onnx_cursor bytes, size_t count,
                      char *why, size_t why_size)
{
    char name[64];
    const struct storage *s = what->storage;
    int real = s->list == FLOAT_DATA || s->list == DOUBLE_DATA || s->type == TYPE_FLOAT16 ||
               s->type == TYPE_BFLOAT16;
    uint64_t *list = NULL;

    nn_status st = nn_tensor_init(t, real ? NN_TYPE_FLOAT : NN_TYPE_INT64, &what->dims);
    if (st == NN_OK && what->raw.number == 0) {
        list = malloc((count > 0 ? count : 1) * sizeof *list);
        st = list == NULL ? NN_ERR_MEMORY : NN_OK;
        if (st == NN_OK && walk_list(list, &count, bytes, s) < 0)
            st = NN_ERR_FORMAT;
    }
    if (st != NN_OK)
        (void)nn_why(why, why_size, st, "out of memory for constant '%s'", name_of(name, what));
    for (size_t i = 0; i < count && st == NN_OK; i++) {
        uint64_t bits = list != NULL ? list[i] : load(what->raw.bytes.at + i * s->raw, s->raw);
        st = store(t, i, bits, s, list == NULL);
        if (st != NN_OK)
            (void)nn_why(why, why_size, st,
                         "constant '%s': number %zu is not finite or too large for float",
                         name_of(name, what), i);
    }
    free(list);
    if (st != NN_OK)
        nn_tensor_clear(t);
    return st;
}

nn_status nn_onnx_tensor_read(nn_tensor *t, nn_onnx_field *name, nn_onnx_cursor bytes, char *why,
                              size_t why_size)
{
    char text[64];
    found what;
    size_t count, there = 0;

    *t = (nn_tensor){.type = NN_TYPE_FLOAT};
    nn_status st = look(&what, bytes, why, why_size);
    if (st != NN_OK)
        return st;
    if (name != NULL)
        *name = what.name;
    if (what.external)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "constant '%s' is stored in another file, which is not here; save the model "
                      "in one file (external_data=False)",
                      name_of(text, &what));
    if (what.storage == NULL || what.segment)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "constant '%s' has the data type %lld, which is not taken",
                      name_of(text, &what), (long long)what.type);
    if (nn_dims_count(&what.dims, &count) != NN_OK)
        return nn_why(why, why_size, NN_ERR_SHAPE, "constant '%s' has too many elements",
                      name_of(text, &what));
    if (what.raw.number != 0)
        there = what.raw.bytes.left % what.storage->raw == 0
                    ? what.raw.bytes.left / what.storage->raw
                    : SIZE_MAX;
    else if (walk_list(NULL, &there, bytes, what.storage) < 0)
        return nn_why(why, why_size, NN_ERR_FORMAT, "constant '%s' is damaged",
                      name_of(text, &what));
    if (there != count)
        return nn_why(why, why_size, NN_ERR_FORMAT,
                      "constant '%s' does not hold the %zu numbers that its dimensions say",
                      name_of(text, &what), count);
    return fill(t, &what, bytes, count, why, why_size);
}

void nn_onnx_tensor_write(nn_onnx_buffer *b, uint32_t number, const char *name, const nn_tensor *t)
{
    nn_onnx_buffer m = {.bytes = NULL};
    size_t size = t->type == NN_TYPE_FLOAT ? 4 : 8;

    for (size_t k = 0; k < t->dims.rank; k++)
        nn_onnx_put_varint(&m, DIMS, t->dims.dim[k]);
    nn_onnx_put_varint(&m, DATA_TYPE, (uint64_t)t->type);
    nn_onnx_put_text(&m, NAME, name);
    /* At most 2^28 elements of 8 bytes, 2^31 bytes; on a 32-bit machine that allocation fails. */
    uint8_t *raw = t->count > SIZE_MAX / size ? NULL : malloc(t->count > 0 ? t->count * size : 1);
    if (raw == NULL) {
        m.failed = 1;
    } else {
        for (size_t i = 0; i < t->count; i++) {
            uint64_t bits = 0;
            uint32_t half;

            if (t->type == NN_TYPE_FLOAT) {
                memcpy(&half, &t->value[i], sizeof half);
                bits = half;
            } else {
                memcpy(&bits, &t->number[i], sizeof bits);
            }
            for (size_t k = 0; k < size; k++)
                raw[i * size + k] = (uint8_t)(bits >> (8 * k));
        }
        nn_onnx_put_bytes(&m, RAW_DATA, raw, t->count * size);
    }
    free(raw);
    nn_onnx_put_message(b, number, &m);
}
