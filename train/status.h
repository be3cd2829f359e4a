/* What a function of this folder can come back with. The sentence for the human travels beside it
 * in a (why, why_size) buffer.
 */
#ifndef UNSEEN_TRAIN_STATUS_H
#define UNSEEN_TRAIN_STATUS_H

enum {
    TRAIN_OK = 0,
    TRAIN_ERR_FORMAT = -501,   /* a description or checkpoint is not what it should be */
    TRAIN_ERR_MEMORY = -502,   /* an allocation failed */
    TRAIN_ERR_MISMATCH = -503, /* description, data, teacher and checkpoint do not fit together */
    TRAIN_ERR_DIVERGED = -504  /* the loss is not a number any more */
};

#endif
