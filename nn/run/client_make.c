/* The client of a plan: what of the plan the client may know. */
#include <stdlib.h>
#include <string.h>

#include "nn/plan/plan.h"
#include "nn/run/client.h"

/* What goes into every slot of the request, and where every output is read. */
static nn_status list_slots(nn_client *c, const nn_layout *in, const nn_layout *out)
{
    size_t slots = in->parts * in->slots;
    c->in = malloc(slots * sizeof *c->in);
    c->out = malloc(out->count * sizeof *c->out);
    if (c->in == NULL || c->out == NULL)
        return NN_ERR_MEMORY;
    nn_layout_to_slots(in, c->in);
    for (size_t j = 0; j < slots; j++)
        c->in[j] = c->in[j] == NN_LAYOUT_EMPTY ? 0 : c->in[j] + 1;
    for (size_t e = 0; e < out->count; e++)
        c->out[e] = (uint32_t)nn_layout_place(out, e);
    return NN_OK;
}

nn_status nn_client_of_plan(nn_client **out, const nn_plan *p)
{
    size_t last = p->stages->count;
    *out = NULL;
    nn_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NN_ERR_MEMORY;
    c->params = p->params;
    c->model_id = p->model->id;
    c->input = p->stages->input;
    c->outputs = nn_stages_output_count(p->stages);
    c->lo = p->stages->input_lo;
    c->hi = p->stages->input_hi;
    c->request_scale = p->step[0].scale_in[0];
    c->response_scale = p->step[last - 1].scale_out;
    c->tail = p->model->tail;
    c->response_limbs = p->step[last - 1].shape.limbs_out;
    c->key_count = p->key_count;
    c->key = malloc((p->key_count + 1) * sizeof *c->key);
    nn_status st = c->key == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && p->key_count > 0)
        memcpy(c->key, p->key, p->key_count * sizeof *c->key);
    c->images = p->arrangement.images;
    c->slots = p->arrangement.slots / c->images;
    c->requests = p->arrangement.layout[0].parts;
    c->responses = p->arrangement.layout[last].parts;
    if (st == NN_OK)
        st = list_slots(c, &p->arrangement.layout[0], &p->arrangement.layout[last]);
    if (st == NN_OK)
        *out = c;
    else
        nn_client_free(c);
    return st;
}
