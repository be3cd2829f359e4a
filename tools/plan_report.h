/* Long reports of 'unseen plan': a plan with its reasons, and what every pass is worth. */
#ifndef UNSEEN_TOOLS_PLAN_REPORT_H
#define UNSEEN_TOOLS_PLAN_REPORT_H

#include "nn/nn.h"
#include "tools/json.h"

/** The rings that were tried, as a member of an object that is open. */
void plan_report_rings_json(json *j, const nn_plan *plan);

/** What each step is and costs, as a member of an object that is open. */
void plan_report_account_json(json *j, const nn_plan *plan);

/** Print what the model costs with every pass, without each, and without all.
 *
 *  In:      name   of the model's file
 *  Returns: CLI_OK, or an exit code after the message was printed; a network that does not fit is
 *           no failure
 */
int plan_report_ablate(const nn_model *model, const nn_plan_options *options, const char *path,
                       const char *name, int as_json);

#endif
