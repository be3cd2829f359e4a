/* A reader of JSON (RFC 8259) for files that may be hostile: strict, and bounded in depth and in
 * the number of values. A document is a tree of values in one block.
 */
#ifndef UNSEEN_TOOLS_JSON_READ_H
#define UNSEEN_TOOLS_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

enum { JSON_MOST_VALUES = 1 << 20, JSON_MOST_DEPTH = 32 };

typedef enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} json_kind;

typedef struct json_value {
    json_kind kind;
    const char *key;  /* of a member of an object, else NULL; as text */
    const char *text; /* of a string: valid UTF-8 without a NUL inside; else "" */
    double number;    /* of a number, finite; 0 or 1 of a truth; else 0 */
    size_t count;     /* of an array or object: values right in it */
    const struct json_value *first, *next; /* the first in it; the one after it; NULL for none */
} json_value;

typedef struct json_document json_document;

/** Read one document.
 *
 *  Out:     why     on failure one sentence, with the line
 *  In:      bytes   size bytes, hostile
 *  Memory:  size bytes, and one json_value for each value
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY; out is then NULL
 */
int json_read(json_document **out, const uint8_t *bytes, size_t size, char *why, size_t why_size);

/** Release; NULL is fine. */
void json_free(json_document *d);

/** The outermost value. */
const json_value *json_root(const json_document *d);

/** The member of an object by its key, the first where there are several; NULL when there is none
 *  or v is no object. v may be NULL. */
const json_value *json_member(const json_value *v, const char *key);

/** The number of a member; NaN when there is none, or it is no number (as a null). */
double json_member_number(const json_value *v, const char *key);

/** The text of a member; "" when there is none, or it is no string. */
const char *json_member_text(const json_value *v, const char *key);

/** The values in a member that is an array; count becomes how many, 0 when there is none. */
const json_value *json_member_array(const json_value *v, const char *key, size_t *count);

#endif
