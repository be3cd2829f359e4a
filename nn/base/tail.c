/* What the client computes of the logits, see nn/tail.h. */

#include "nn/tail.h"

#include <math.h>

static int is_class(nn_tail tail)
{
    return tail == NN_TAIL_ARG_MAX || tail == NN_TAIL_ARG_MAX_LAST;
}

size_t nn_tail_apply(float *out, nn_tail tail, const float *logits, size_t count)
{
    double sum = 0;
    size_t best = 0;

    for (size_t k = 1; k < count; k++)
        if (logits[k] > logits[best] || (tail == NN_TAIL_ARG_MAX_LAST && logits[k] >= logits[best]))
            best = k;
    if (is_class(tail) && count > 0) {
        out[0] = (float)best;
        return 1;
    }
    double most = count > 0 ? (double)logits[best] : 0.0;
    for (size_t k = 0; k < count; k++)
        sum += exp((double)logits[k] - most);
    for (size_t k = 0; k < count; k++) {
        double v = (double)logits[k] - most;
        out[k] = tail == NN_TAIL_SOFTMAX       ? (float)(exp(v) / sum)
                 : tail == NN_TAIL_LOG_SOFTMAX ? (float)(v - log(sum))
                                               : logits[k];
    }
    return count;
}

const char *nn_tail_name(nn_tail tail)
{
    switch (tail) {
    case NN_TAIL_SOFTMAX:
        return "Softmax";
    case NN_TAIL_LOG_SOFTMAX:
        return "LogSoftmax";
    case NN_TAIL_ARG_MAX:
    case NN_TAIL_ARG_MAX_LAST:
        return "ArgMax";
    default:
        return "none";
    }
}
