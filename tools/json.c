/* JSON text. The program never sets a locale, so the decimal sign is always a point. */
#include "tools/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

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
    fputc('"', j->out);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(j->out, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(j->out, "\\u%04x", byte);
        else
            fputc(byte, j->out);
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
