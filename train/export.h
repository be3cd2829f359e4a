/* A trained network as an ONNX graph: the plain operators that any other program would export, each
 * by itself, so that merging them is the reader's work.
 */
#ifndef UNSEEN_TRAIN_EXPORT_H
#define UNSEEN_TRAIN_EXPORT_H

#include "nn/graph.h"
#include "train/session.h"

/** Build the network of a session in an empty graph.
 *
 *  The input "image" is (N, C, height, width), pixels as fractions of 255; the output "logits" is
 *  (N, 10). Polynomials become Mul and Add. Metadata: unseen.input_range; unseen.range.NAME for the
 *  input of every activation and for the logits, the largest |value| times 1.1 and the root mean
 *  square, see train_reach; unseen.command; unseen.accuracy; unseen.description.
 *
 *  In:      session   with net.params and net.stats as they are to be written
 *           reach     per operation, what train_session_correct measured
 *           command   what made it
 *           accuracy  what it reaches
 *           text      the description in canonical form
 *  Returns: the graph's status, whose sentence is in nn_graph_error
 */
int train_export_graph(nn_graph *graph, const train_session *session, const train_reach *reach,
                       const char *command, const char *accuracy, const char *text);

#endif
