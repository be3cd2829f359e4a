/* Where a training run is, as bytes: a resumed run ends with the same bits as one that was never
 * stopped, and a finished one can teach another network.
 *
 * Format, all numbers little-endian: 8 bytes "UNSEENCK", 4 bytes version (3), then sections, each 4
 * bytes of name, 8 bytes of length and its bytes, and at the end 8 bytes of checksum (FNV-1a) of
 * all bytes before. Sections of other names are passed over.
 *
 *     NETD  the description, in canonical form
 *     RUNS  8 bytes each: seed, epochs in all, epochs done, images trained on, digest of the data,
 *           digest of the teacher (0: none), of the checkpoint that it began from (0: none), number
 *           of parameters
 *     PARM, MOM1, MOM2, AVER  floats: the parameters, the optimiser's first and second moments, the
 *           parameters' moving average (only when the recipe has one)
 */
#ifndef UNSEEN_TRAIN_CHECKPOINT_H
#define UNSEEN_TRAIN_CHECKPOINT_H

#include "train/session.h"

/** The state of a run as bytes.
 *
 *  Out:     bytes  a block from malloc for the caller to free; size of them
 *  In:      text   the run's description in canonical form, 0 at its end
 *  Fails:   TRAIN_ERR_MEMORY
 */
int train_checkpoint_write(uint8_t **bytes, size_t *size, const train_session *run,
                           const char *text);

/** Put a run where a checkpoint says; everything is checked before the run is touched.
 *
 *  Out:     why    on failure, one sentence
 *  In:      bytes  size bytes, hostile
 *           text   the run's description in canonical form, 0 at its end
 *  Fails:   TRAIN_ERR_FORMAT (no checkpoint, or a damaged one), TRAIN_ERR_MISMATCH (of another
 *           network, seed, number of epochs, data, teacher or start)
 */
int train_checkpoint_read(train_session *run, const uint8_t *bytes, size_t size, const char *text,
                          char *why, size_t why_size);

/** Make the network of a checkpoint the run's teacher. Its statistics are measured on the run's
 *  first 10,000 training images.
 *
 *  Out:     recipe  the teacher's, which must outlive the run
 *  Fails:   TRAIN_ERR_FORMAT, TRAIN_ERR_MISMATCH (it takes other images), TRAIN_ERR_MEMORY
 */
int train_checkpoint_teach(train_session *run, train_recipe *recipe, const uint8_t *bytes,
                           size_t size, char *why, size_t why_size);

/** Let a new run begin with the weights of a checkpoint (their moving average if it has one), of a
 *  network that has the same layers but for the activations' curves.
 *
 *  Fails:   TRAIN_ERR_FORMAT, TRAIN_ERR_MISMATCH (other layers), TRAIN_ERR_MEMORY; the run is as it
 *           was then
 */
int train_checkpoint_start(train_session *run, const uint8_t *bytes, size_t size, char *why,
                           size_t why_size);

#endif
