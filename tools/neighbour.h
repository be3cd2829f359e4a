/* The files beside a model that hold its constants, such as model.onnx.data. */
#ifndef UNSEEN_TOOLS_NEIGHBOUR_H
#define UNSEEN_TOOLS_NEIGHBOUR_H

#include "tools/file.h"

/** Put the constants of neighbouring files into a model.
 *
 *  In/out:  model   the bytes of an ONNX file; replaced where it has constants in other files,
 *                   else left alone
 *  In:      path    where the model was read from: the files are looked for in its folder. Models
 *                   from standard input ("-") have no neighbours
 *  Returns: CLI_OK or an exit code after the message was printed; model is still to be freed
 */
int neighbour_join(file_bytes *model, const char *path);

#endif
