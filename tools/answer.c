/* Label and confidence. */
#include "tools/answer.h"

#include <math.h>

size_t answer_label(const float *logits, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (logits[i] > logits[best])
            best = i;
    }
    return best;
}

double answer_confidence(const float *logits, size_t count, size_t label)
{
    double sum = 0.0;
    /* Each term is exp of a difference to the label's own logit: 1 for the label itself. */
    for (size_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - (double)logits[label]);
    return 1.0 / sum;
}
