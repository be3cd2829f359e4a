/* The wire format of protocol buffers, as much of it as ONNX files use.
 *
 * A message is a list of fields; each begins with a varint of number * 8 + wire type:
 *   0  varint: 7 bits a byte, low first, the top bit says that more follow, at most 10 bytes
 *   1  8 bytes, little-endian      5  4 bytes, little-endian
 *   2  a varint length and so many bytes: text, a nested message, or packed numbers
 * Types 3 and 4 (groups) do not occur in ONNX and count as damage. Fields of unknown numbers are
 * skipped. Reading never goes beyond the end of the message it is in, whatever the bytes say, and
 * there is no recursion: each nesting level of ONNX has a function of its own. */

#ifndef UNSEEN_NN_ONNX_ONNX_PROTO_H
#define UNSEEN_NN_ONNX_ONNX_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "nn/status.h"

typedef enum nn_onnx_wire {
    NN_ONNX_VARINT = 0,
    NN_ONNX_FIXED64 = 1,
    NN_ONNX_BYTES = 2,
    NN_ONNX_FIXED32 = 5
} nn_onnx_wire;

/* What is left of a message. */
typedef struct nn_onnx_cursor {
    const uint8_t *at;
    size_t left;
} nn_onnx_cursor;

typedef struct nn_onnx_field {
    uint32_t number; /* 1..2^29-1 */
    nn_onnx_wire wire;
    uint64_t value;       /* varint, fixed64, fixed32 */
    nn_onnx_cursor bytes; /* NN_ONNX_BYTES, else empty */
} nn_onnx_field;

/** Take the next field of a message.
 *
 *  Returns 1 and the field, 0 at the end of the message, -1 when the bytes are damaged.
 */
int nn_onnx_next(nn_onnx_cursor *c, nn_onnx_field *f);

/** Take the next number of a repeated field that may be packed: f holds one number, or is a list of
 *  bytes that holds several. Call with *rest zeroed for a new field.
 *
 *  In:     wire  how one number is stored: varint, fixed32 or fixed64
 *  Returns 1 and the number's bits, 0 when there are no more, -1 when the bytes are damaged.
 */
typedef struct nn_onnx_list {
    int started;
    nn_onnx_cursor rest;
} nn_onnx_list;
int nn_onnx_number(nn_onnx_list *rest, uint64_t *value, const nn_onnx_field *f, nn_onnx_wire wire);

/** Copy a text field into a new string.
 *
 *  Out:    text  to be released with free(); NULL on failure
 *  Fails:  NN_ERR_FORMAT (no text field, a NUL inside, more than most characters), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_onnx_text(char **text, const nn_onnx_field *f, size_t most);

/* Bytes being written. A failed allocation leaves failed set and later calls do nothing. */
typedef struct nn_onnx_buffer {
    uint8_t *bytes;
    size_t size, room;
    int failed;
} nn_onnx_buffer;

/** Append a varint field. */
void nn_onnx_put_varint(nn_onnx_buffer *b, uint32_t number, uint64_t value);

/** Append a field of 8 bytes. */
void nn_onnx_put_fixed64(nn_onnx_buffer *b, uint32_t number, uint64_t value);

/** Append a field of 4 bytes. */
void nn_onnx_put_fixed32(nn_onnx_buffer *b, uint32_t number, uint32_t value);

/** Append a field of bytes. */
void nn_onnx_put_bytes(nn_onnx_buffer *b, uint32_t number, const void *bytes, size_t size);

/** Append a text field; an empty text is written as well. */
void nn_onnx_put_text(nn_onnx_buffer *b, uint32_t number, const char *text);

/** Append a nested message and clear it. */
void nn_onnx_put_message(nn_onnx_buffer *b, uint32_t number, nn_onnx_buffer *message);

/** Free a buffer's bytes and make it empty. */
void nn_onnx_buffer_clear(nn_onnx_buffer *b);

#endif
