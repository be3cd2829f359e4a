/* What `unseen check` found, printed: for people, as JSON, as Markdown. */
#ifndef UNSEEN_TOOLS_CHECK_REPORT_H
#define UNSEEN_TOOLS_CHECK_REPORT_H

#include <stdio.h>

#include "nn/check.h"

typedef struct check_report {
    const nn_check *check;
    const nn_plan *plan;
    const char *model; /* its path */
    size_t first;      /* number of the first image */
    int labelled;      /* 1: there are labels, and right counts those that each network gives */
    size_t right[NN_CHECK_NETWORKS];
} check_report;

/** A table of the layers, one of the activations, and the sentence. */
void check_report_text(const check_report *r, FILE *out);

/** One JSON object; what was not measured is null. */
void check_report_json(const check_report *r, FILE *out);

/** The same tables in Markdown. */
void check_report_markdown(const check_report *r, FILE *out);

/** A name as `size` characters at most, with the final NUL: bytes that are no printable ASCII
 * become
 *  '?', and so do those in `not`.  Returns text. */
const char *check_report_name(char *text, size_t size, const char *name, const char * not );

/** How much of a fit's range the inputs take: 1 when they reach an end of it; 0 for no inputs. */
double check_report_use(const nn_check_site *site);

#endif
