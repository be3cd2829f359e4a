/* Ten numbers an image: nothing here needs to be fast. */
#include "train/loss.h"

#include <math.h>

/* p = softmax(z / t) and its logarithms; z[c] is at logits[c * n]. */
static void softmax(float p[TRAIN_CLASSES], float log_p[TRAIN_CLASSES], const float *logits,
                    size_t n, float t)
{
    float top = logits[0], sum = 0.0f;
    for (size_t c = 1; c < TRAIN_CLASSES; c++)
        top = fmaxf(top, logits[c * n]);
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        sum += expf((logits[c * n] - top) / t);
    for (size_t c = 0; c < TRAIN_CLASSES; c++) {
        log_p[c] = (logits[c * n] - top) / t - logf(sum);
        p[c] = expf(log_p[c]);
    }
}

/* Whether the answers for one image can be learnt from. Beyond 88 the softmax is one-hot in floats:
 * no answer, but a polynomial that left its range. */
static int sane(const float *logits, size_t n)
{
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        if (!(fabsf(logits[c * n]) <= 88.0f))
            return 0;
    return 1;
}

double train_loss(train_net *net, const uint8_t *labels, const float *teacher)
{
    const train_recipe *r = net->recipe;
    size_t n = net->used;
    float *slope = net->ops[net->op_count - 1].slope, share = 1.0f / (float)n;
    float t = r->temperature, low = r->smoothing / (float)TRAIN_CLASSES;
    double total = 0.0;
    for (size_t b = 0; b < n; b++) {
        float p[TRAIN_CLASSES], log_p[TRAIN_CLASSES], q[TRAIN_CLASSES], log_q[TRAIN_CLASSES];
        float taught = teacher != NULL && sane(teacher + b, n) ? r->distil : 0.0f;
        softmax(p, log_p, net->logits + b, n, 1.0f);
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            float target = low + (c == labels[b] ? 1.0f - r->smoothing : 0.0f);
            slope[c * n + b] = (1.0f - taught) * (p[c] - target) * share;
            total -= (double)((1.0f - taught) * target * log_p[c]);
        }
        if (taught == 0.0f)
            continue;
        softmax(p, log_p, net->logits + b, n, t);
        softmax(q, log_q, teacher + b, n, t);
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            slope[c * n + b] += taught * t * (p[c] - q[c]) * share;
            total += (double)(taught * t * t * q[c] * (log_q[c] - log_p[c]));
        }
    }
    return total / (double)n;
}

size_t train_loss_correct(const train_net *net, const uint8_t *labels, uint8_t *right)
{
    size_t count = 0, n = net->used;
    for (size_t b = 0; b < n; b++) {
        size_t best = 0;
        for (size_t c = 1; c < TRAIN_CLASSES; c++)
            if (net->logits[c * n + b] > net->logits[best * n + b])
                best = c;
        count += best == labels[b];
        if (right != NULL)
            right[b] = best == labels[b];
    }
    return count;
}
