/* The section of the bench: its CSV as a document, and times by the groups of its cases. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/json.h"
#include "tools/report_part.h"
#include "tools/result.h"
#include "tools/svg.h"

enum { FIELDS = 32, LINE = 1024, GROUPS = 24, OPEN = 24 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- CSV */

/* Split a line at its commas, in place; returns the number of fields, 0 when there are too many. */
static size_t split(char *line, char *field[FIELDS])
{
    size_t n = 0;

    for (char *at = line; at != NULL; n++) {
        char *comma = strchr(at, ',');
        if (n == FIELDS)
            return 0;
        field[n] = at;
        if (comma != NULL)
            *comma++ = '\0';
        at = comma;
    }
    return n;
}

static void put_field(json *j, const char *key, const char *text)
{
    char *end;
    double number = strtod(text, &end);

    if (end != text && *end == '\0' && isfinite(number))
        json_real(j, key, number);
    else if (*text != '\0')
        json_string(j, key, text);
}

/* The lines of the file, one after the other, without their ends. */
typedef struct lines {
    const char *at, *end;
    size_t number;
    char text[LINE];
} lines;

static int next_line(lines *l)
{
    const char *end;
    size_t length;

    if (l->at >= l->end)
        return 0;
    end = memchr(l->at, '\n', (size_t)(l->end - l->at));
    length = (size_t)((end != NULL ? end : l->end) - l->at);
    length = length < LINE ? length : LINE - 1;
    memcpy(l->text, l->at, length);
    l->text[length] = '\0';
    l->text[strcspn(l->text, "\r")] = '\0';
    l->at = end != NULL ? end + 1 : l->end;
    l->number++;
    return 1;
}

/* From the line that was read last on, if there was one. */
static int put_cases(json *j, lines *l, int more, char *why, size_t why_size)
{
    char head[LINE], *key[FIELDS], *field[FIELDS];
    size_t keys = 0;

    json_open_array(j, "cases");
    for (; more; more = next_line(l)) {
        if (l->text[0] == '#' || l->text[0] == '\0')
            continue;
        if (keys == 0) {
            memcpy(head, l->text, LINE);
            keys = split(head, key);
            continue;
        }
        if (split(l->text, field) != keys) {
            snprintf(why, why_size, "line %zu has not the %zu fields of the header", l->number,
                     keys);
            return TOOL_ERR_FORMAT;
        }
        json_open_object(j, NULL);
        for (size_t k = 0; k < keys; k++)
            put_field(j, key[k], field[k]);
        json_close_object(j);
    }
    json_close_array(j);
    return TOOL_OK;
}

static int to_json(FILE *out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    lines l = {(const char *)bytes, (const char *)bytes + size, 0, ""};
    int st, more;
    json j;

    json_begin(&j, out);
    json_open_object(&j, NULL);
    json_open_array(&j, "head");
    while ((more = next_line(&l)) && l.text[0] == '#')
        json_string(&j, NULL, l.text + 1);
    json_close_array(&j);
    st = put_cases(&j, &l, more, why, why_size);
    json_close_object(&j);
    return st;
}

int report_bench_read(json_document **out, const uint8_t *bytes, size_t size, char *why,
                      size_t why_size)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    int st = f == NULL ? TOOL_ERR_MEMORY : to_json(f, bytes, size, why, why_size);

    *out = NULL;
    if (f == NULL || fclose(f) != 0)
        snprintf(why, why_size, "no memory for a table of %zu bytes", size);
    else if (st == TOOL_OK)
        st = json_read(out, (const uint8_t *)text, length, why, why_size);
    free(text);
    return st;
}

/* ---- the section */

static size_t group_length(const json_value *row)
{
    return strcspn(json_member_text(row, "name"), "/");
}

static int in_group(const json_value *row, const void *filter)
{
    const char *group = filter;
    size_t length = group_length(row);
    return strncmp(json_member_text(row, "name"), group, length) == 0 && group[length] == '\0';
}

static void case_name(char text[REPORT_NAME], const json_value *row)
{
    const char *name = json_member_text(row, "name"), *kernel = json_member_text(row, "kernel");
    double threads = json_member_number(row, "threads");

    name += name[group_length(row)] == '/' ? group_length(row) + 1 : 0;
    if (threads > 1.0)
        snprintf(text, REPORT_NAME, "%.50s, %.15g threads", name, threads);
    else
        snprintf(text, REPORT_NAME, "%.50s", name);
    if (strcmp(kernel, "portable") == 0)
        strncat(text, ", portable", REPORT_NAME - strlen(text) - 1);
}

static double milliseconds(const json_value *row, const char *path)
{
    return 1e-3 * report_number(row, path);
}

static const report_column columns[] = {
    {.title = "Time",
     .about = "The shortest, on a logarithmic scale.",
     .path = {"min_us"},
     .print = quantity_time,
     .of = milliseconds,
     .log = 1},
    {.title = "Time in units of what the machine must take",
     .about = "Of the floor that memory and arithmetic set; 1 is the best there can be.",
     .path = {"distance"},
     .print = quantity_real,
     .colour = 1},
    {.title = "Median time",
     .path = {"median_us"},
     .print = quantity_time,
     .of = milliseconds,
     .table_only = 1},
    {.title = "Cycles", .path = {"cycles"}, .print = quantity_count, .table_only = 1},
    {.title = "Bytes", .path = {"bytes"}, .print = quantity_bytes, .table_only = 1},
};

/* The first parts of names, in order of appearance; how many rows each has in the first file. */
typedef struct groups {
    size_t count, rows[GROUPS];
    char name[GROUPS][32];
} groups;

static void find_groups(groups *g, const report_set *s)
{
    g->count = 0;
    for (size_t f = 0; f < s->count; f++) {
        size_t count;
        const json_value *row = json_member_array(s->root[f], "cases", &count);
        for (; row != NULL; row = row->next) {
            size_t k = 0;
            while (k < g->count && !in_group(row, g->name[k]))
                k++;
            if (k == GROUPS || group_length(row) >= sizeof g->name[0])
                continue;
            if (k == g->count) {
                snprintf(g->name[k], sizeof g->name[k], "%.*s", (int)group_length(row),
                         json_member_text(row, "name"));
                g->rows[g->count++] = 0;
            }
            g->rows[k] += f == 0;
        }
    }
}

static void head(const report_set *s, size_t file)
{
    size_t count;
    const json_value *line = json_member_array(s->root[file], "head", &count);

    if (count == 0)
        return;
    fputs("<details><summary>The machine", s->out);
    if (s->count > 1) {
        fputs(": ", s->out);
        svg_escape(s->out, s->name[file], 60);
    }
    fputs("</summary><ul>\n", s->out);
    for (; line != NULL; line = line->next) {
        fputs("<li>", s->out);
        svg_escape(s->out, line->text, 400);
        fputs("</li>\n", s->out);
    }
    fputs("</ul></details>\n", s->out);
}

void report_bench(report_set *s)
{
    groups g;

    for (size_t f = 0; f < s->count; f++)
        head(s, f);
    find_groups(&g, s);
    for (size_t k = 0; k < g.count; k++) {
        const report_rows rows = {.array = "cases",
                                  .caption = g.name[k],
                                  .wanted = in_group,
                                  .filter = g.name[k],
                                  .name = case_name};
        fprintf(s->out, "<details class=\"group\"%s><summary>", g.rows[k] <= OPEN ? " open" : "");
        svg_escape(s->out, g.name[k], 0);
        fprintf(s->out, ", %zu case%s</summary>\n", g.rows[k], g.rows[k] == 1 ? "" : "s");
        report_layers(s, &rows, columns, COUNT(columns));
        fputs("</details>\n", s->out);
    }
}
