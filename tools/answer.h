/* What logits say: the label and how sure the network is. */
#ifndef UNSEEN_TOOLS_ANSWER_H
#define UNSEEN_TOOLS_ANSWER_H

#include <stddef.h>

/** The place of the largest of count > 0 numbers, the first of equals; a NaN is never larger. */
size_t answer_label(const float *logits, size_t count);

/** The softmax share of one of the logits, in (0, 1]. */
double answer_confidence(const float *logits, size_t count, size_t label);

#endif
