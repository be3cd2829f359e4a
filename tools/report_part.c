/* The pieces of a section. */
#include "tools/report_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/svg.h"

double report_number(const json_value *v, const char *path)
{
    char key[64];
    const char *dot;

    while ((dot = strchr(path, '.')) != NULL) {
        snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
        v = json_member(v, key);
        path = dot + 1;
    }
    return json_member_number(v, path);
}

static double fact_of(const report_fact *f, const json_value *root)
{
    return f->of != NULL ? f->of(root) : report_number(root, f->path);
}

const char *report_id(report_set *s, char text[48])
{
    snprintf(text, 48, "%.32s-%d", s->id, ++s->pictures);
    return text;
}

void report_paragraph(const report_set *s, const char *text)
{
    if (*text == '\0')
        return;
    fputs("<p>", s->out);
    svg_escape(s->out, text, 2000);
    fputs("</p>\n", s->out);
}

void report_heading(const report_set *s, const char *text, size_t file)
{
    fprintf(s->out, "<h3>%s", text);
    if (s->count > 1) {
        fputs(": ", s->out);
        svg_escape(s->out, s->name[file], 60);
    }
    fputs("</h3>\n", s->out);
}

/* ---- numbers of whole files */

void report_cards(const report_set *s, const report_fact *fact, size_t count)
{
    char text[QUANTITY_BYTES];

    for (size_t f = 0; f < s->count; f++) {
        fputs("<div class=\"file\"><h3>", s->out);
        svg_escape(s->out, s->name[f], 80);
        fputs("</h3><p class=\"note\">", s->out);
        svg_escape(s->out, json_member_text(s->root[f], "model"), 120);
        fputs("</p>\n<dl class=\"cards\">\n", s->out);
        for (size_t k = 0; k < count; k++) {
            double value = fact_of(&fact[k], s->root[f]);
            if (!isnan(value))
                fprintf(s->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", fact[k].label,
                        fact[k].print(text, value));
        }
        fputs("</dl></div>\n", s->out);
    }
}

static void open_table(const report_set *s, const char *caption, const char *first)
{
    fputs("<div class=\"wide\"><table><caption>", s->out);
    svg_escape(s->out, caption, 120);
    fprintf(s->out, "</caption>\n<thead><tr><th scope=\"col\">%s</th>", first);
}

static void head_cell(const report_set *s, const char *text, const char *more)
{
    fputs("<th scope=\"col\">", s->out);
    svg_escape(s->out, text, 60);
    if (more != NULL) {
        fputs(", ", s->out);
        svg_escape(s->out, more, 60);
    }
    fputs("</th>", s->out);
}

static void close_table(const report_set *s)
{
    fputs("</tbody></table></div>\n", s->out);
}

void report_table(const report_set *s, const char *caption, const report_fact *fact, size_t count)
{
    char text[QUANTITY_BYTES];

    fputs("<details><summary>All numbers</summary>\n", s->out);
    open_table(s, caption, "");
    for (size_t f = 0; f < s->count; f++)
        head_cell(s, s->name[f], NULL);
    fputs("</tr></thead><tbody>\n", s->out);
    for (size_t k = 0; k < count; k++) {
        fprintf(s->out, "<tr><th scope=\"row\">%s</th>", fact[k].label);
        for (size_t f = 0; f < s->count; f++)
            fprintf(s->out, "<td>%s</td>", fact[k].print(text, fact_of(&fact[k], s->root[f])));
        fputs("</tr>\n", s->out);
    }
    close_table(s);
    fputs("</details>\n", s->out);
}

void report_bars(report_set *s, const char *title, const char *about, const report_fact *fact,
                 size_t count, int log, double end)
{
    size_t files = s->count < CHART_SERIES ? s->count : CHART_SERIES, rows = 0;
    const char **label = calloc(count, sizeof *label);
    double *value = calloc(count * files, sizeof *value);
    char id[48];

    for (size_t k = 0; k < count && label != NULL && value != NULL; k++) {
        int known = 0;
        for (size_t f = 0; f < files; f++) {
            value[rows * files + f] = fact_of(&fact[k], s->root[f]);
            known += !isnan(value[rows * files + f]);
        }
        label[rows] = fact[k].label;
        rows += known > 0;
    }
    s->failed |= label == NULL || value == NULL;
    const chart c = {.title = title,
                     .about = about,
                     .rows = rows,
                     .name = label,
                     .series = files,
                     .key = s->count > 1 ? s->name : NULL,
                     .value = value,
                     .print = fact[0].print,
                     .log = log,
                     .end = end};
    if (rows > 0)
        chart_picture(s->out, report_id(s, id), &c);
    free(label);
    free(value);
}

/* ---- rows of files */

/* The rows of one file that are wanted, at most REPORT_ROWS. */
typedef struct picked {
    size_t count, all;
    const json_value *row[REPORT_ROWS];
    char name[REPORT_ROWS][REPORT_NAME];
    const char *label[REPORT_ROWS];
} picked;

static void pick(picked *p, const json_value *root, const report_rows *rows)
{
    size_t count;
    const json_value *row = json_member_array(root, rows->array, &count);

    p->count = p->all = 0;
    for (; row != NULL; row = row->next) {
        if (rows->wanted != NULL && !rows->wanted(row, rows->filter))
            continue;
        p->all++;
        if (p->count == REPORT_ROWS)
            continue;
        if (rows->name != NULL)
            rows->name(p->name[p->count], row);
        else
            snprintf(p->name[p->count], REPORT_NAME, "%s", json_member_text(row, "name"));
        p->label[p->count] = p->name[p->count];
        p->row[p->count++] = row;
    }
}

static int same_rows(const picked *p, size_t files)
{
    for (size_t f = 1; f < files; f++) {
        if (p[f].count != p[0].count)
            return 0;
        for (size_t r = 0; r < p[0].count; r++) {
            if (strcmp(p[f].name[r], p[0].name[r]) != 0)
                return 0;
        }
    }
    return 1;
}

static double cell(const report_column *c, const json_value *row, size_t which)
{
    return c->of != NULL ? c->of(row, c->path[which]) : report_number(row, c->path[which]);
}

/* A chart whose series are `series` files from `first` on, of one number; or of one file the
 * column's numbers. */
static void draw(report_set *s, const picked *p, const report_column *c, const char *title,
                 size_t first, size_t series, size_t which, int files)
{
    const picked *rows = &p[first];
    double *value = calloc(rows->count * series, sizeof *value);
    int known = 0;
    char id[48];

    s->failed |= value == NULL;
    for (size_t r = 0; r < rows->count && value != NULL; r++) {
        for (size_t k = 0; k < series; k++) {
            double number = files ? cell(c, p[first + k].row[r], which) : cell(c, rows->row[r], k);
            value[r * series + k] = number;
            known |= !isnan(number);
        }
    }
    const chart drawn = {.title = title,
                         .about = c->about,
                         .rows = rows->count,
                         .name = rows->label,
                         .series = series,
                         .key = files        ? &s->name[first]
                                : series > 1 ? c->key
                                             : NULL,
                         .colour = c->colour,
                         .value = value,
                         .print = c->print,
                         .log = c->log,
                         .end = c->end,
                         .limit = c->limit};
    if (known)
        chart_picture(s->out, report_id(s, id), &drawn);
    free(value);
}

static void charts(report_set *s, const picked *p, const report_column *c)
{
    int same = s->count > 1 && s->count <= CHART_SERIES && same_rows(p, s->count);
    size_t numbers = c->path[1] != NULL ? 2 : 1;
    char title[160];

    for (size_t k = 0; same && k < numbers; k++) {
        snprintf(title, sizeof title, "%.70s%s%.70s", c->title, numbers > 1 ? ", " : "",
                 numbers > 1 ? c->key[k] : "");
        draw(s, p, c, title, 0, s->count, k, 1);
    }
    for (size_t f = 0; !same && f < s->count; f++) {
        snprintf(title, sizeof title, "%.70s%s%.70s", c->title, s->count > 1 ? ": " : "",
                 s->count > 1 ? s->name[f] : "");
        draw(s, p, c, title, f, numbers, 0, 0);
    }
}

static void table(const report_set *s, const picked *p, size_t file, const char *caption,
                  const report_column *column, size_t count)
{
    char text[QUANTITY_BYTES];

    open_table(s, s->count > 1 ? s->name[file] : caption, "");
    for (size_t k = 0; k < count; k++)
        for (size_t n = 0; n < 2 && column[k].path[n] != NULL; n++)
            head_cell(s, column[k].title, column[k].path[1] != NULL ? column[k].key[n] : NULL);
    fputs("</tr></thead><tbody>\n", s->out);
    for (size_t r = 0; r < p->count; r++) {
        fputs("<tr><th scope=\"row\">", s->out);
        svg_escape(s->out, p->label[r], 0);
        fputs("</th>", s->out);
        for (size_t k = 0; k < count; k++)
            for (size_t n = 0; n < 2 && column[k].path[n] != NULL; n++)
                fprintf(s->out, "<td>%s</td>",
                        column[k].print(text, cell(&column[k], p->row[r], n)));
        fputs("</tr>\n", s->out);
    }
    close_table(s);
    if (p->all > p->count)
        fprintf(s->out, "<p>The first %zu of %zu rows.</p>\n", p->count, p->all);
}

void report_layers(report_set *s, const report_rows *rows, const report_column *column,
                   size_t count)
{
    picked *p = calloc(s->count, sizeof *p);
    size_t any = 0;

    if (p == NULL) {
        s->failed = 1;
        return;
    }
    for (size_t f = 0; f < s->count; f++) {
        pick(&p[f], s->root[f], rows);
        any += p[f].count;
    }
    if (any > 0) {
        fputs("<div class=\"charts\">\n", s->out);
        for (size_t k = 0; k < count; k++)
            if (!column[k].table_only)
                charts(s, p, &column[k]);
        fputs("</div>\n<details><summary>", s->out);
        svg_escape(s->out, rows->caption, 60);
        fputs(" as a table</summary>\n", s->out);
        for (size_t f = 0; f < s->count; f++)
            if (p[f].count > 0)
                table(s, &p[f], f, rows->caption, column, count);
        fputs("</details>\n", s->out);
    }
    free(p);
}
