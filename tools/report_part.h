/* What the sections of a report are made of: numbers of files beside each other, and charts and
 * tables of the rows (layers, cases) that files hold. */
#ifndef UNSEEN_TOOLS_REPORT_PART_H
#define UNSEEN_TOOLS_REPORT_PART_H

#include "tools/chart.h"
#include "tools/report.h"

enum { REPORT_ROWS = 400, REPORT_NAME = 96 };

/* The files of one section. */
typedef struct report_set {
    FILE *out;
    const char *id; /* begins the ids of the section's pictures */
    int pictures;   /* so far, for their ids */
    int failed;     /* there was no memory for something */
    size_t count;
    const char *name[REPORT_FILES];
    const json_value *root[REPORT_FILES];
} report_set;

/** The number at a path of keys, "noise.rms_bits"; NaN when there is none. */
double report_number(const json_value *v, const char *path);

/* A number of a whole file. */
typedef struct report_fact {
    const char *label, *path; /* "" or a path within the file */
    quantity *print;
    double (*of)(const json_value *root); /* in place of a path, else NULL */
} report_fact;

/** The most important numbers, large, of each file. */
void report_cards(const report_set *s, const report_fact *fact, size_t count);

/** A table with a row for each fact and a column for each file. */
void report_table(const report_set *s, const char *caption, const report_fact *fact, size_t count);

/** A chart with a row for each fact and bars for the files; log and end as in a chart. */
void report_bars(report_set *s, const char *title, const char *about, const report_fact *fact,
                 size_t count, int log, double end);

/* A number, or two that belong together, of each row. */
typedef struct report_column {
    const char *title, *about;
    const char *path[2]; /* the second may be NULL */
    const char *key[2];  /* what they are, where there are two */
    quantity *print;
    double (*of)(const json_value *row, const char *path); /* NULL: report_number */
    int log, colour;
    double end, limit; /* as in a chart */
    int table_only;    /* 1: no chart */
} report_column;

/* Rows of each file: the array by its key, filtered, named. */
typedef struct report_rows {
    const char *array, *caption;
    int (*wanted)(const json_value *row, const void *filter); /* NULL: all */
    const void *filter;
    void (*name)(char text[REPORT_NAME], const json_value *row); /* NULL: its "name" */
} report_rows;

/** Charts and tables of rows: where the files' rows have the same names, bars beside each other,
 *  else charts for each file. */
void report_layers(report_set *s, const report_rows *rows, const report_column *column,
                   size_t count);

/** The next picture's id, into text. Returns text. */
const char *report_id(report_set *s, char text[48]);

/** Text in a paragraph; nothing for "". */
void report_paragraph(const report_set *s, const char *text);

/** The heading of a part; the files' name behind it where there are several. */
void report_heading(const report_set *s, const char *text, size_t file);

/* The sections. */

void report_eval(report_set *s);
void report_check(report_set *s);
void report_plan(report_set *s);
void report_packing(report_set *s);
void report_ablation(report_set *s);
void report_bench(report_set *s);

/** The CSV of a bench as a document: an object with "head", lines, and "cases", objects by the
 *  header's names.
 *
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY, with a sentence in why
 */
int report_bench_read(json_document **out, const uint8_t *bytes, size_t size, char *why,
                      size_t why_size);

#endif
