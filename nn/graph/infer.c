/* Shapes of all values of a graph, see nn/graph/infer.h. */

#include "nn/graph/infer.h"

#include "nn/graph/graph_data.h"
#include "nn/graph/op.h"

nn_status nn_infer_dims(nn_dims *dims, const nn_graph *g, size_t batch, char *why, size_t why_size)
{
    for (size_t k = 0; k < g->value_count; k++) {
        const nn_value *v = &g->value[k];
        dims[k] = v->kind == NN_VALUE_CONSTANT ? v->constant.dims : v->dims;
        if (v->kind == NN_VALUE_INPUT && dims[k].rank > 0 && dims[k].dim[0] == 0)
            dims[k].dim[0] = batch;
    }
    for (size_t n = 0; n < g->node_count; n++) {
        const nn_node *node = &g->node[n];
        nn_tensor shapes[NN_NODE_INPUTS_MAX];
        const nn_tensor *in[NN_NODE_INPUTS_MAX];

        for (size_t k = 0; k < node->input_count; k++) {
            size_t v = node->input[k];
            if (v == NN_VALUE_NONE) {
                in[k] = NULL;
            } else if (g->value[v].kind == NN_VALUE_CONSTANT) {
                in[k] = &g->value[v].constant;
            } else {
                shapes[k] = (nn_tensor){.type = NN_TYPE_FLOAT, .dims = dims[v]};
                in[k] = &shapes[k];
            }
        }
        nn_status st = nn_op_shape(&dims[node->output], node, in, why, why_size);
        if (st != NN_OK)
            return st;
    }
    return NN_OK;
}
