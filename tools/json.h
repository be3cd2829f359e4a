/* A small writer of JSON: objects and arrays to a stream, one member a line, set in by depth. */
#ifndef UNSEEN_TOOLS_JSON_H
#define UNSEEN_TOOLS_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json {
    FILE *out;
    int depth;
    int first;    /* nothing stands yet in the innermost object or array */
    int one_line; /* no line breaks: for a log with a document a line */
} json;

/** Bytes of the UTF-8 character that text begins with, 1 to 4; 0 when that is none. */
size_t json_utf8(const char *text, size_t size);

/** Start a document on a stream; close it by closing everything opened, then json_end. */
void json_begin(json *j, FILE *out);
/** The same for a document on one line. */
void json_begin_line(json *j, FILE *out);
/** The final newline. */
void json_end(json *j);

/* In each, key is the member's name inside an object and NULL inside an array or at the top. */

void json_open_object(json *j, const char *key);
void json_close_object(json *j);
void json_open_array(json *j, const char *key);
void json_close_array(json *j);
/** Bytes that are no UTF-8 become U+FFFD. */
void json_string(json *j, const char *key, const char *text);
void json_integer(json *j, const char *key, uint64_t number);
/** The shortest of 15 to 17 digits that reads back equal; null for what is not finite. */
void json_real(json *j, const char *key, double number);
void json_bool(json *j, const char *key, int truth);

#endif
