/* A recursive descent, as deep as JSON_MOST_DEPTH. Every value but the root stands behind a comma
 * or an opening bracket, so that counting these bounds the number of values before any is made;
 * and text never grows when its escapes are resolved, so that all of it fits into the file's size.
 */
#include "tools/json_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/json.h"
#include "tools/result.h"

struct json_document {
    json_value *value; /* the root first */
    char *text;        /* all keys and strings */
};

typedef struct reader {
    const char *at, *end;
    size_t line;
    json_value *value;
    size_t count, room;
    char *text; /* where the next string goes */
    const char *fault;
} reader;

static int complain(reader *r, const char *fault)
{
    if (r->fault == NULL)
        r->fault = fault;
    return TOOL_ERR_FORMAT;
}

static void skip_blanks(reader *r)
{
    for (; r->at < r->end; r->at++) {
        if (*r->at == '\n')
            r->line++;
        else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
            return;
    }
}

static int next_is(reader *r, char c)
{
    skip_blanks(r);
    return r->at < r->end && *r->at == c;
}

static int take(reader *r, char c)
{
    if (!next_is(r, c))
        return 0;
    r->at++;
    return 1;
}

static int take_word(reader *r, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return complain(r, "is no value of JSON");
    r->at += length;
    return TOOL_OK;
}

/* ---- text */

static int hex4(reader *r, unsigned *out)
{
    *out = 0;
    if (r->end - r->at < 4)
        return complain(r, "is an escape that is cut short");
    for (int i = 0; i < 4; i++, r->at++) {
        char c = *r->at;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return complain(r, "is an escape without four hexadecimal digits");
        *out = *out * 16 + (unsigned)digit;
    }
    return TOOL_OK;
}

/* A code point of 1 to 4 bytes; its escape had 6 or 12. */
static void put_utf8(char **to, unsigned code)
{
    char *t = *to;
    if (code < 0x80) {
        *t++ = (char)code;
    } else if (code < 0x800) {
        *t++ = (char)(0xc0 | code >> 6);
        *t++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *t++ = (char)(0xe0 | code >> 12);
        *t++ = (char)(0x80 | (code >> 6 & 0x3f));
        *t++ = (char)(0x80 | (code & 0x3f));
    } else {
        *t++ = (char)(0xf0 | code >> 18);
        *t++ = (char)(0x80 | (code >> 12 & 0x3f));
        *t++ = (char)(0x80 | (code >> 6 & 0x3f));
        *t++ = (char)(0x80 | (code & 0x3f));
    }
    *to = t;
}

/* Behind "\u". */
static int unicode(reader *r, char **to)
{
    unsigned code, low;
    int st = hex4(r, &code);

    if (st == TOOL_OK && code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return complain(r, "is half a surrogate pair");
        r->at += 2;
        st = hex4(r, &low);
        if (st == TOOL_OK && (low < 0xdc00 || low > 0xdfff))
            return complain(r, "is half a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (st != TOOL_OK)
        return st;
    if (code == 0)
        return complain(r, "is a NUL within a text");
    if (code >= 0xdc00 && code < 0xe000)
        return complain(r, "is half a surrogate pair");
    put_utf8(to, code);
    return TOOL_OK;
}

static int escape(reader *r, char **to)
{
    static const char from[] = "\"\\/bfnrt", as[] = "\"\\/\b\f\n\r\t";
    const char *found;

    r->at++; /* the backslash */
    if (r->at == r->end)
        return complain(r, "is a text without its end");
    if (*r->at == 'u') {
        r->at++;
        return unicode(r, to);
    }
    found = *r->at != '\0' ? strchr(from, *r->at) : NULL;
    if (found == NULL)
        return complain(r, "is an escape that JSON does not have");
    *(*to)++ = as[found - from];
    r->at++;
    return TOOL_OK;
}

/* From the opening quote on. */
static int read_text(reader *r, const char **out)
{
    char *to = r->text;

    *out = r->text;
    r->at++;
    while (r->at < r->end && *r->at != '"') {
        size_t length;
        if (*r->at == '\\') {
            int st = escape(r, &to);
            if (st != TOOL_OK)
                return st;
            continue;
        }
        if ((unsigned char)*r->at < 0x20)
            return complain(r, "is a control character within a text");
        length = json_utf8(r->at, (size_t)(r->end - r->at));
        if (length == 0)
            return complain(r, "is not UTF-8");
        memcpy(to, r->at, length);
        to += length;
        r->at += length;
    }
    if (r->at == r->end)
        return complain(r, "is a text without its end");
    r->at++;
    *to++ = '\0'; /* in the room of a quote */
    r->text = to;
    return TOOL_OK;
}

/* ---- numbers */

static size_t digits(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

static int read_number(reader *r, double *out)
{
    const char *at = r->at;
    char text[64];
    size_t n;

    at += *at == '-';
    n = digits(at, r->end);
    if (n == 0 || (n > 1 && *at == '0'))
        return complain(r, "is no number of JSON");
    at += n;
    if (at < r->end && *at == '.') {
        n = digits(++at, r->end);
        if (n == 0)
            return complain(r, "is no number of JSON");
        at += n;
    }
    if (at < r->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < r->end && (*at == '+' || *at == '-');
        n = digits(at, r->end);
        if (n == 0)
            return complain(r, "is no number of JSON");
        at += n;
    }
    if ((size_t)(at - r->at) >= sizeof text)
        return complain(r, "is a number of too many digits");
    memcpy(text, r->at, (size_t)(at - r->at));
    text[at - r->at] = '\0';
    r->at = at;
    *out = strtod(text, NULL);
    return isfinite(*out) ? TOOL_OK : complain(r, "is a number that is too large");
}

/* ---- values */

static int read_value(reader *r, json_value *v, int depth);

/* What stands in an array or object, from behind its opening bracket on. */
static int read_inside(reader *r, json_value *v, char closing, int depth)
{
    json_value *last = NULL;

    if (depth == JSON_MOST_DEPTH)
        return complain(r, "is nested deeper than this reads");
    if (take(r, closing))
        return TOOL_OK;
    do {
        int st = TOOL_OK;
        if (r->count == r->room) /* not for what is JSON so far, see the top */
            return complain(r, "is no value of JSON");
        json_value *inner = &r->value[r->count++];
        *inner = (json_value){.text = ""};
        if (v->kind == JSON_OBJECT) {
            if (!next_is(r, '"'))
                return complain(r, "should be the name of a member, in quotes");
            st = read_text(r, &inner->key);
            if (st == TOOL_OK && !take(r, ':'))
                return complain(r, "should be a colon");
        }
        if (st == TOOL_OK)
            st = read_value(r, inner, depth + 1);
        if (st != TOOL_OK)
            return st;
        if (last == NULL)
            v->first = inner;
        else
            last->next = inner;
        last = inner;
        v->count++;
    } while (take(r, ','));
    return take(r, closing) ? TOOL_OK : complain(r, "should be a comma or a closing bracket");
}

static int read_value(reader *r, json_value *v, int depth)
{
    skip_blanks(r);
    if (r->at == r->end)
        return complain(r, "is the end, where a value should be");
    switch (*r->at) {
    case '{':
    case '[':
        v->kind = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
        return read_inside(r, v, *r->at++ == '{' ? '}' : ']', depth);
    case '"':
        v->kind = JSON_STRING;
        return read_text(r, &v->text);
    case 't':
        v->number = 1;
        v->kind = JSON_BOOL;
        return take_word(r, "true");
    case 'f':
        v->kind = JSON_BOOL;
        return take_word(r, "false");
    case 'n':
        return take_word(r, "null");
    default:
        v->kind = JSON_NUMBER;
        return read_number(r, &v->number);
    }
}

static size_t most_values(const uint8_t *bytes, size_t size)
{
    size_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
    return n;
}

int json_read(json_document **out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    json_document *d = calloc(1, sizeof *d);
    size_t room = most_values(bytes, size);
    int st;

    *out = NULL;
    if (room > JSON_MOST_VALUES)
        room = JSON_MOST_VALUES;
    if (d != NULL) {
        d->value = calloc(room, sizeof *d->value);
        d->text = malloc(size + 1);
    }
    if (d == NULL || d->value == NULL || d->text == NULL) {
        json_free(d);
        snprintf(why, why_size, "no memory for %zu values of JSON", room);
        return TOOL_ERR_MEMORY;
    }
    reader r = {
        (const char *)bytes, (const char *)bytes + size, 1, d->value, 1, room, d->text, NULL};
    d->value[0].text = "";
    st = read_value(&r, &d->value[0], 0);
    skip_blanks(&r);
    if (st == TOOL_OK && r.at < r.end)
        st = complain(&r, "follows the end of the document");
    if (st != TOOL_OK) {
        if (r.count == JSON_MOST_VALUES)
            snprintf(why, why_size, "there are more than the %d values that this reads",
                     JSON_MOST_VALUES);
        else
            snprintf(why, why_size, "what stands in line %zu %s", r.line, r.fault);
        json_free(d);
        return st;
    }
    *out = d;
    return TOOL_OK;
}

void json_free(json_document *d)
{
    if (d == NULL)
        return;
    free(d->value);
    free(d->text);
    free(d);
}

const json_value *json_root(const json_document *d)
{
    return &d->value[0];
}

const json_value *json_member(const json_value *v, const char *key)
{
    if (v == NULL || v->kind != JSON_OBJECT)
        return NULL;
    for (const json_value *m = v->first; m != NULL; m = m->next) {
        if (strcmp(m->key, key) == 0)
            return m;
    }
    return NULL;
}

double json_member_number(const json_value *v, const char *key)
{
    const json_value *m = json_member(v, key);
    return m != NULL && m->kind == JSON_NUMBER ? m->number : NAN;
}

const char *json_member_text(const json_value *v, const char *key)
{
    const json_value *m = json_member(v, key);
    return m != NULL ? m->text : "";
}

const json_value *json_member_array(const json_value *v, const char *key, size_t *count)
{
    const json_value *m = json_member(v, key);
    int array = m != NULL && m->kind == JSON_ARRAY;
    *count = array ? m->count : 0;
    return array ? m->first : NULL;
}
