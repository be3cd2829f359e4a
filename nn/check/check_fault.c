/* Which layer is at fault when labels differ: see nn/check/check_data.h. */
#include "nn/check/check_data.h"

#include <string.h>

size_t nn_check_argmax(const double *logits, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

/* ---- fits */

/* The label of the network with the fits of the first sites. */
static nn_status label_fitted(nn_check *c, const nn_tensor *image, size_t sites, size_t *label,
                              char *why, size_t why_size)
{
    nn_tensor out;
    for (size_t k = 0; k < c->sites.count; k++)
        c->partial[k] = k < sites ? c->list[k] : NULL;
    nn_status st =
        nn_fit_run(c->graph, &c->sites, c->partial, image, &out, NULL, NULL, why, why_size);
    if (st != NN_OK)
        return st;
    *label = 0;
    for (size_t i = 1; i < out.count; i++)
        if (out.value[i] > out.value[*label])
            *label = i;
    nn_tensor_clear(&out);
    return NN_OK;
}

nn_status nn_check_blame_fit(nn_check *c, const nn_tensor *image, size_t label, size_t *layer,
                             char *why, size_t why_size)
{
    /* Fits of `right` sites keep the label, those of `wrong` sites do not. */
    size_t right = 0, wrong = c->sites.count;
    while (wrong - right > 1) {
        size_t middle = right + (wrong - right) / 2, got;
        nn_status st = label_fitted(c, image, middle, &got, why, why_size);
        if (st != NN_OK)
            return st;
        if (got == label)
            right = middle;
        else
            wrong = middle;
    }
    *layer = c->tally[right].layer;
    return NN_OK;
}

/* ---- noise */

/* The label with encrypted values up to value `last`. */
static size_t label_mixed(nn_check *c, size_t last)
{
    const nn_stages *s = c->plan->stages;
    for (size_t k = 0; k < s->count; k++) {
        const double *in[NN_INPUTS_MAX];
        if (k + 1 <= last) {
            memcpy(c->mixed[k + 1], c->cipher[k + 1], nn_stages_width(s, k + 1) * sizeof(double));
            continue;
        }
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            in[i] = s->stage[k].input[i] == 0 ? c->clear[0] : c->mixed[s->stage[k].input[i]];
        nn_stage_apply(&s->stage[k], c->mixed[k + 1], in);
    }
    return nn_check_argmax(c->mixed[s->count], nn_stages_output_count(s));
}

void nn_check_blame_noise(nn_check *c, size_t *layer)
{
    size_t outputs = nn_stages_output_count(c->plan->stages), right = 0, wrong = c->part_count;
    size_t label = nn_check_argmax(c->clear[c->plan->stages->count], outputs);
    while (wrong - right > 1) {
        size_t middle = right + (wrong - right) / 2;
        if (label_mixed(c, c->part[middle - 1].step + 1) == label)
            right = middle;
        else
            wrong = middle;
    }
    *layer = right;
}
