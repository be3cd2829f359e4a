/* `unseen report`: what eval, check, plan and the bench found, as one page of HTML that needs
 * nothing beside it. Files of one kind share a section and are compared.
 */
#ifndef UNSEEN_TOOLS_REPORT_H
#define UNSEEN_TOOLS_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/json_read.h"

enum { REPORT_FILES = 24 };

typedef struct report_file {
    const char *name; /* as the page calls it */
    int kind;         /* what it is: a place in a table of report.c */
    json_document *document;
} report_file;

/** Find out what a file is, and read it.
 *
 *  Out:     out    to be released with report_free; empty on failure
 *           why    on failure one sentence
 *  In:      bytes  size bytes, hostile: JSON of unseen eval, check or plan, or CSV of unseen-bench
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY
 */
int report_read(report_file *out, const char *name, const uint8_t *bytes, size_t size, char *why,
                size_t why_size);
void report_free(report_file *f);

/** Write the page.
 *
 *  In:      count    1 to REPORT_FILES
 *  Returns: TOOL_OK or TOOL_ERR_MEMORY
 */
int report_page(FILE *out, const report_file *file, size_t count);

#endif
