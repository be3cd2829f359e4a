/* Where a training run is, as bytes on disk: a resumed run ends with the same bits as one that was
 * never stopped.
 *
 * Format, all numbers little-endian:
 *
 *      0   8  "UNSEENCK"
 *      8   4  version, 1
 *     12  32  name of the network, filled with zeros
 *     44   8  seed
 *     52   4  epochs in all
 *     56   4  epochs done
 *     60   8  images trained on
 *     68   4  CRC-32 of the training images and labels
 *     72   8  number of parameters, P
 *     80      P floats: the parameters; P: Adam's first moment; P: its second
 *      +   4  CRC-32 of all bytes before
 */
#ifndef UNSEEN_TOOLS_TRAIN_CHECKPOINT_H
#define UNSEEN_TOOLS_TRAIN_CHECKPOINT_H

#include "tools/train_run.h"

/** Write the state of a run, replacing the file in one step.
 *
 *  Returns: CLI_OK or an exit code after the message was printed; an older file is then untouched
 */
int train_checkpoint_write(const train_run *run, const char *path);

/** Load the state of a run that was created with the same settings.
 *
 *  Out:     run   parameters, moments and done; unchanged on failure
 *  Returns: CLI_OK or an exit code after the message was printed: CLI_DAMAGED, CLI_MISMATCH when
 * the checkpoint is of another network, seed, number of epochs, split or data, or what file_read
 * returns
 */
int train_checkpoint_read(train_run *run, const char *path);

#endif
