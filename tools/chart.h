/* Charts in SVG: bars, some for each of many rows, under each row's name, so that names may be
 * long and the chart narrow enough for a phone; and a matrix of counts.
 */
#ifndef UNSEEN_TOOLS_CHART_H
#define UNSEEN_TOOLS_CHART_H

#include <stddef.h>
#include <stdio.h>

#include "tools/quantity.h"

enum { CHART_SERIES = 6, CHART_WIDTH = 400, CHART_MATRIX = 64 };

typedef struct chart {
    const char *title;
    const char *about; /* what is to be seen, a sentence; may be NULL */
    size_t rows;
    const char *const *name; /* [rows] */
    size_t series;           /* bars of a row, 1 to CHART_SERIES */
    const char *const *key;  /* [series], what they are; NULL for a single one */
    int colour;              /* class of the first series, s0 to s5 */
    const double *value;     /* [rows][series]; NaN: no bar; infinite: a full one */
    quantity *print;
    int log;      /* 1: the scale is logarithmic, from the power of ten below the least bar on */
    double end;   /* of the scale; 0: the largest value */
    double limit; /* a line; bars that exceed it differ; 0: none */
} chart;

/** The height that a chart takes. */
double chart_height(const chart *c);

/** Draw within a picture that is open, CHART_WIDTH wide. */
void chart_draw(FILE *out, const chart *c, double x, double y);

/** Draw as a picture of its own; id as for svg_open. */
void chart_picture(FILE *out, const char *id, const chart *c);

/** How often a row's class was taken for a column's, as a picture of its own.
 *
 *  In:      rows, columns   1 to CHART_MATRIX
 *           value           [rows][columns]
 */
void chart_matrix(FILE *out, const char *id, const char *title, const char *about, size_t rows,
                  size_t columns, const double *value);

#endif
