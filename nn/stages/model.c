/* Reading a model: ONNX bytes -> graph, and on demand the stages of its network. */
#include "nn/stages/model.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/digest.h"
#include "nn/base/why.h"
#include "nn/fit/fit_run.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"
#include "nn/onnx/tail_find.h"

/* Cut the tail off, and find the sizes of what is left. */
static nn_status look_at(nn_model *m, char *why, size_t why_size)
{
    nn_graph *g = m->graph;
    size_t logits;

    if (g->input_count != 1 || g->output_count != 1)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "the model has %zu inputs and %zu outputs, one of each is taken; make all "
                      "inputs but the image constant, and export the logits alone ('%.60s')",
                      g->input_count, g->output_count,
                      g->output_count > 0 ? g->value[g->output[0]].name : "none");
    /* Images are computed one by one, whatever batch the file was exported with. */
    if (g->value[g->input[0]].dims.rank > 0)
        g->value[g->input[0]].dims.dim[0] = 0;
    m->tail = nn_tail_find(g, &logits);
    nn_dims *dims = malloc((g->value_count + 1) * sizeof *dims);
    if (dims == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while reading the model");
    nn_status st = nn_infer_dims(dims, g, 1, why, why_size);
    if (st == NN_OK && nn_shape_of_dims(&m->input, &dims[g->input[0]]) != NN_OK)
        st = nn_why(why, why_size, NN_ERR_SHAPE,
                    "input '%.60s' is no batch of images or vectors: %zu dimensions",
                    g->value[g->input[0]].name, dims[g->input[0]].rank);
    if (st == NN_OK && nn_dims_count(&dims[logits], &m->outputs) != NN_OK)
        st = nn_why(why, why_size, NN_ERR_SHAPE, "the output is too large");
    free(dims);
    if (st == NN_OK)
        g->output[0] = logits;
    return st;
}

nn_status nn_model_of_graph(nn_model **out, nn_graph *g, uint64_t id, char *why, size_t why_size)
{
    *out = NULL;
    nn_model *m = calloc(1, sizeof *m);
    if (m == NULL) {
        nn_graph_free(g);
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while reading the model");
    }
    m->graph = g;
    m->id = id;
    nn_status st = look_at(m, why, why_size);
    if (st == NN_OK)
        st = nn_lower_input_range(&m->input_lo, &m->input_hi, m->graph, why, why_size);
    if (st != NN_OK) {
        nn_model_free(m);
        return st;
    }
    *out = m;
    return NN_OK;
}

nn_status nn_model_read(nn_model **out, const uint8_t *bytes, size_t size, char *why,
                        size_t why_size)
{
    nn_graph *g = NULL;
    *out = NULL;
    if (why != NULL && why_size > 0)
        why[0] = '\0';
    nn_status st = nn_onnx_read(&g, bytes, size, why, why_size);
    return st == NN_OK ? nn_model_of_graph(out, g, nn_digest(bytes, size), why, why_size) : st;
}

void nn_model_free(nn_model *m)
{
    if (m == NULL)
        return;
    nn_graph_free(m->graph);
    free(m);
}

nn_status nn_model_stages(const nn_model *m, const nn_rewrite_options *options, nn_stages *stages,
                          nn_rewrite_report *report, char *why, size_t why_size)
{
    nn_status st = nn_lower(stages, m->graph, why, why_size);

    return st == NN_OK ? nn_rewrite_merge(stages, options, report, why, why_size) : st;
}

nn_shape nn_model_input(const nn_model *m)
{
    return m->input;
}

size_t nn_model_outputs(const nn_model *m)
{
    return m->outputs;
}

nn_tail nn_model_tail(const nn_model *m)
{
    return m->tail;
}

void nn_model_input_range(const nn_model *m, double *lo, double *hi)
{
    *lo = m->input_lo;
    *hi = m->input_hi;
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
        st = nn_fit_run_graph(m->graph, &x, &y, why, why_size);
    }
    if (st == NN_OK && y.count != nn_model_outputs(m))
        st = NN_ERR_SHAPE;
    if (st == NN_OK)
        memcpy(out, y.value, y.count * sizeof *out);
    nn_tensor_clear(&x);
    nn_tensor_clear(&y);
    return st;
}
