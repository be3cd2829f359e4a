/* The subcommand `unseen train`. */
#ifndef UNSEEN_TOOLS_TRAIN_H
#define UNSEEN_TOOLS_TRAIN_H

#include "tools/cli.h"

/* Its name, options and help. */
extern const cli_command unseen_train_command;

/** Train a network and write it as an ONNX file.
 *
 *  In:      argv   argv[0] is the subcommand's name, then its options
 *  Returns: an exit code, after the message was printed
 */
int unseen_train_main(int argc, char **argv);

#endif
