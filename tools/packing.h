/* How images share ciphertexts: one image in a ciphertext, several side by side, or in batches, one
 * ciphertext for each number of the network and one image in each slot. The alternatives for a
 * network, and the choice between them.
 */
#ifndef UNSEEN_TOOLS_PACKING_H
#define UNSEEN_TOOLS_PACKING_H

#include "nn/batch.h"
#include "nn/nn.h"

enum { PACKING_MOST = 8, PACKING_WHY = 256 };

/* One alternative, planned. A set is what is sent, computed on and answered together. */
typedef struct packing {
    int batched;
    nn_plan *plan;   /* when not batched; NULL once a session has it */
    nn_batch *batch; /* when batched; likewise */
    size_t images;   /* of a set */
    double set_ms;   /* server's time of a set, one core, foretold */
    double total_ms; /* of all images */
    size_t keys, eval_key_bytes, request_bytes, response_bytes; /* of a set */
    size_t server_memory, peak_memory;                          /* with one thread */
    size_t thread_memory;                                       /* what every further one adds */
    size_t lane_memory; /* what a set beside another adds; 0: sets go one after the other */
    double logit_error;
    int security_bits, log_n;
    double log2_qp;
} packing;

typedef struct packing_list {
    packing item[PACKING_MOST]; /* one image first, batches last */
    size_t count, chosen;
    char why[PACKING_WHY]; /* one line: why the chosen one */
} packing_list;

/** "single", "side by side" or "batch". */
const char *packing_name(const packing *p);

/** Server's time for one image, ms, foretold. */
double packing_image_ms(const packing *p);

/** Plan a model in every way, and choose the way that takes the server the least time for so many
 *  images; o->memory bounds all of them, where it is not given this machine's memory does too.
 *
 *  Out:     list     to be released with packing_free, also after a failure
 *  In:      images   in all, at least 1
 *           name     of the model, for messages
 *  Returns: CLI_OK, or an exit code after the message was printed (when there is no way at all)
 */
int packing_find(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t images,
                 const char *name);

/** Plan for sets of so many images: alone, side by side, or in batches, what is foretold to be
 *  faster.
 *
 *  Out:     list    holds the one
 *  Returns: as packing_find
 */
int packing_fixed(packing_list *list, const nn_model *m, const nn_plan_options *o, size_t set,
                  size_t images, const char *name);

/** Release the plans of a list, the figures stay; all zero is fine. */
void packing_free(packing_list *list);

#endif
