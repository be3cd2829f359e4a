/* The options by which every command plans a model, and the plan's forecast as JSON. */
#ifndef UNSEEN_TOOLS_PLANNING_H
#define UNSEEN_TOOLS_PLANNING_H

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/json.h"

/* Rows for a command's option table. */
/* clang-format off */
#define PLANNING_OPTIONS \
    {0, "security", "BITS", "128 (default), 192 or 256 bits of security"}, \
    {0, "precision", "BITS", "bits kept below 1 where an error counts most\n" \
     "(default: 13, or what labels need)"}, \
    {0, "log-n", "L", "force the ring degree 2^L, 11 to 16 (default: chosen)"}, \
    {0, "memory", "BYTES", "bound the server's memory, as in 48M or 2G (default 7G,\n" \
        "and what this machine has); weights are then kept compact as\n" \
        "far as it takes, which costs time"}, \
    {0, "costs", "FILE", "unit times of this machine, from 'unseen calibrate'"}
/* clang-format on */

/** Read a number of bytes from an option's argument, with K, M or G for powers of 1024.
 *
 *  Returns: CLI_OK or CLI_USAGE
 */
int planning_bytes(size_t *out, const char *name, const char *value);

/** Take one of these options.
 *
 *  Returns: CLI_OK, an exit code, or CLI_DONE when name is none of them
 */
int planning_take(nn_plan_options *o, const char *name, const char *value);

/** Whether this machine has the memory that a plan's server needs, where --memory did not say that
 *  another one will run it. It has no say in what is planned: plans are equal on all machines.
 *
 *  Returns: NN_OK or NN_ERR_PLAN with a sentence in why
 */
nn_status planning_fits(const nn_plan_options *o, size_t server_memory, char *why, size_t why_size);

/** Plan a model.  Returns: CLI_OK or an exit code after the message was printed */
int planning_make(nn_plan **out, const nn_model *m, const nn_plan_options *o, const char *name);

/** Print why there is no plan.  Returns: the exit code */
int planning_fail(int status, const char *name, const char *why);

/** The members of a forecast, inside an object that is open. */
void planning_forecast_json(json *j, const nn_forecast *f);

#endif
