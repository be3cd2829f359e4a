/* The file of unit times that `unseen calibrate` writes and --costs reads: lines of a name and a
 * number, first "unseen-costs 1", then "kernel NAME" and every member of nn_costs once, in any
 * order. Empty lines and what follows # are left out. */
#ifndef UNSEEN_TOOLS_COSTS_H
#define UNSEEN_TOOLS_COSTS_H

#include "nn/nn.h"
#include "tools/file.h"
#include "tools/json.h"

/** Read a table.
 *
 *  Out:     out   unchanged on failure
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int costs_read(nn_costs *out, const char *path);

/** The table in the bytes of a file.  Returns: as costs_read */
int costs_parse(nn_costs *out, const file_bytes *file, const char *name);

/** Write a table; "-" is standard output.  Returns: as costs_read */
int costs_write(const char *path, const nn_costs *costs);

/** The table as members of an object that is open. */
void costs_json(json *j, const nn_costs *costs);

#endif
