/* A trained network as an ONNX graph: the plain operators that any other program would export, each
 * by itself, so that merging them is the reader's work.
 */
#ifndef UNSEEN_TOOLS_TRAIN_EXPORT_H
#define UNSEEN_TOOLS_TRAIN_EXPORT_H

#include "tools/train_run.h"

/** Write the network of a run as an ONNX file.
 *
 *  The input "image" is (N, 1, height, width), pixels as fractions of 255; the output "logits" is
 *  (N, 10). Metadata: unseen.input_range; unseen.range.NAME for the input of every activation and
 * for the logits, the largest |value| given times 1.1; unseen.command; unseen.accuracy.
 *
 *  In:      path      "-" for standard output
 *           range     per layer, the largest |value| it took (train_run_correct)
 *           command   what made it
 *           accuracy  what it reaches
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int train_export_write(const train_run *run, const char *path, const float *range,
                       const char *command, const char *accuracy);

#endif
