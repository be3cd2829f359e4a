/* JSON text. The program never sets a locale, so the decimal sign is always a point. */
#include "tools/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF: the second byte's range tells. */
size_t json_utf8(const char *text, size_t size)
{
    const unsigned char *t = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (size == 0 || t[0] < 0x80)
        return size > 0;
    if (t[0] < 0xc2 || t[0] > 0xf4)
        return 0;
    length = t[0] < 0xe0 ? 2 : t[0] < 0xf0 ? 3 : 4;
    if (t[0] == 0xe0)
        low = 0xa0;
    else if (t[0] == 0xf0)
        low = 0x90;
    else if (t[0] == 0xed)
        high = 0x9f;
    else if (t[0] == 0xf4)
        high = 0x8f;
    if (size < length || t[1] < low || t[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((t[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

void json_begin(json *j, FILE *out)
{
    *j = (json){out, 0, 1, 0};
}

void json_begin_line(json *j, FILE *out)
{
    *j = (json){out, 0, 1, 1};
}

void json_end(json *j)
{
    fputc('\n', j->out);
}

static void print_text(json *j, const char *text)
{
    size_t left = strlen(text), length;

    fputc('"', j->out);
    for (const char *c = text; left > 0; c += length, left -= length) {
        length = json_utf8(c, left);
        if (length == 0) {
            fputs("\\ufffd", j->out);
            length = 1;
        } else if (*c == '"' || *c == '\\')
            fprintf(j->out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(j->out, "\\u%04x", (unsigned)*c);
        else
            fwrite(c, 1, length, j->out);
    }
    fputc('"', j->out);
}

static void new_line(json *j)
{
    if (!j->one_line)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
}

static void start(json *j, const char *key)
{
    if (!j->first)
        fputs(j->one_line ? ", " : ",", j->out);
    if (j->depth > 0)
        new_line(j);
    j->first = 0;
    if (key != NULL) {
        print_text(j, key);
        fputs(": ", j->out);
    }
}

static void open_with(json *j, const char *key, char sign)
{
    start(j, key);
    fputc(sign, j->out);
    j->depth++;
    j->first = 1;
}

static void close_with(json *j, char sign)
{
    j->depth--;
    if (!j->first)
        new_line(j);
    fputc(sign, j->out);
    j->first = 0;
}

void json_open_object(json *j, const char *key)
{
    open_with(j, key, '{');
}

void json_close_object(json *j)
{
    close_with(j, '}');
}

void json_open_array(json *j, const char *key)
{
    open_with(j, key, '[');
}

void json_close_array(json *j)
{
    close_with(j, ']');
}

void json_string(json *j, const char *key, const char *text)
{
    start(j, key);
    print_text(j, text);
}

void json_integer(json *j, const char *key, uint64_t number)
{
    start(j, key);
    fprintf(j->out, "%" PRIu64, number);
}

void json_real(json *j, const char *key, double number)
{
    char text[40];

    start(j, key);
    if (!isfinite(number)) {
        fputs("null", j->out);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (!(strtod(text, NULL) < number || strtod(text, NULL) > number))
            break;
    }
    fputs(text, j->out);
}

void json_bool(json *j, const char *key, int truth)
{
    start(j, key);
    fputs(truth ? "true" : "false", j->out);
}
