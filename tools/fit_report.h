/* What unseen fit says: a table of activations and the accuracy kept, or the same as JSON. */
#ifndef UNSEEN_TOOLS_FIT_REPORT_H
#define UNSEEN_TOOLS_FIT_REPORT_H

#include <stdio.h>

#include "nn/fitting.h"

/** Print the report of a fitting.
 *
 *  In:      model    the model's path
 *           labels   1 when the images had labels
 *           as_json  1 for JSON
 */
void fit_report(const nn_fitting *f, const char *model, int labels, int as_json, FILE *out);

#endif
