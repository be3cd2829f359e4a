/* Reading a model: ONNX bytes -> graph -> stages -> merged stages. */
#include "nn/model.h"

#include <stdlib.h>
#include <string.h>

#include "nn/digest.h"
#include "nn/graph_data.h"
#include "nn/ref.h"

nn_status nn_model_read(nn_model **out, const uint8_t *bytes, size_t size, char *why,
                        size_t why_size)
{
    *out = NULL;
    if (why != NULL && why_size > 0)
        why[0] = '\0';
    nn_model *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NN_ERR_MEMORY;
    m->id = nn_digest(bytes, size);
    nn_status st = nn_onnx_read(&m->graph, bytes, size, why, why_size);
    if (st == NN_OK)
        st = nn_lower(&m->raw, m->graph, why, why_size);
    if (st == NN_OK)
        st = nn_lower(&m->merged, m->graph, why, why_size);
    if (st == NN_OK)
        st = nn_rewrite_merge(&m->merged, &m->report, why, why_size);
    if (st != NN_OK) {
        nn_model_free(m);
        return st;
    }
    *out = m;
    return NN_OK;
}

void nn_model_free(nn_model *m)
{
    if (m == NULL)
        return;
    nn_stages_clear(&m->raw);
    nn_stages_clear(&m->merged);
    nn_graph_free(m->graph);
    free(m);
}

nn_shape nn_model_input(const nn_model *m)
{
    return m->merged.input;
}

size_t nn_model_outputs(const nn_model *m)
{
    return nn_stages_output_count(&m->merged);
}

void nn_model_input_range(const nn_model *m, double *lo, double *hi)
{
    *lo = m->merged.input_lo;
    *hi = m->merged.input_hi;
}

const char *nn_model_meta(const nn_model *m, const char *key)
{
    return nn_graph_meta_get(m->graph, key);
}

uint64_t nn_model_id(const nn_model *m)
{
    return m->id;
}

nn_status nn_model_run(const nn_model *m, float *out, const float *in, char *why, size_t why_size)
{
    nn_tensor x = {0}, y = {0};
    nn_dims dims = m->graph->value[m->graph->input[0]].dims;
    dims.dim[0] = 1;
    nn_status st = nn_tensor_init(&x, NN_TYPE_FLOAT, &dims);
    if (st == NN_OK) {
        memcpy(x.value, in, x.count * sizeof *in);
        st = nn_ref_run(m->graph, &x, &y, why, why_size);
    }
    if (st == NN_OK && y.count != nn_model_outputs(m))
        st = NN_ERR_SHAPE;
    if (st == NN_OK)
        memcpy(out, y.value, y.count * sizeof *out);
    nn_tensor_clear(&x);
    nn_tensor_clear(&y);
    return st;
}
