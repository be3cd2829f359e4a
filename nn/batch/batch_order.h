/* The order in which a batch is computed, so that few values are alive at a time.
 *
 * Numbers of the network are cells: cell base[v] + i is number i of value v. The numbers of a stage
 * are cut into blocks, all channels of a small square of pixels, which are computed together: their
 * rows share columns, and threads get work. A block is computed when one behind it needs it first,
 * depth first from the outputs; a cell is given up after its last use. So a window slides over
 * every layer at once, and of a layer only some lines are alive. */
#ifndef UNSEEN_NN_BATCH_BATCH_ORDER_H
#define UNSEEN_NN_BATCH_BATCH_ORDER_H

#include "nn/batch/batch_schedule.h"

typedef struct nn_batch_block {
    size_t stage;
    size_t first, count; /* of nn_batch_order.member: numbers of the stage's output, ascending */
} nn_batch_block;

typedef struct nn_batch_order {
    const nn_stages *stages;
    const nn_batch_schedule *schedule;
    size_t *base; /* per value, and the end of the last */
    uint32_t *member;
    nn_batch_block *block;
    size_t blocks, members;
    uint32_t *block_of; /* per cell; of requests and what is never made UINT32_MAX */
    uint32_t *run;      /* the blocks that are needed, in order of execution */
    size_t runs;
    uint32_t *uses; /* per cell: blocks that read it, and 1 for an output */
    size_t most;    /* numbers of the largest block */
} nn_batch_order;

/* The different cells that a block reads through one input, ascending, and the place of each of
 * them in that list. */
typedef struct nn_batch_reads {
    uint32_t *cell, *place; /* [all cells] */
    size_t count;
} nn_batch_reads;

/* Objects of one size: limbs and parts. */
enum { NN_BATCH_SIZES = 2 * CKKS_MAX_Q + 2 };

/* Most objects of each size that are needed at a time. */
typedef struct nn_batch_peak {
    size_t most[NN_BATCH_SIZES];
} nn_batch_peak;

/** The place of a size in nn_batch_peak. */
static inline size_t nn_batch_size_of(int limbs, int parts)
{
    return 2 * (size_t)limbs + (size_t)(parts - 2);
}

/** Find blocks and their order.
 *
 *  Out:    o         to be released with nn_batch_order_clear, also after a failure
 *  In:     stages, schedule   must outlive it
 *          side      pixels of a block's side, at most
 *  Fails:  NN_ERR_MEMORY
 *  Cost:   a walk over all entries of all matrices
 */
NN_MUST_CHECK nn_status nn_batch_order_find(nn_batch_order *o, const nn_stages *stages,
                                            const nn_batch_schedule *schedule, size_t side);
/** Release; an empty one is fine. */
void nn_batch_order_clear(nn_batch_order *o);

/** Room to read blocks.  Fails: NN_ERR_MEMORY; to be released with nn_batch_reads_clear even then
 */
NN_MUST_CHECK nn_status nn_batch_reads_make(nn_batch_reads *r, const nn_batch_order *o);
void nn_batch_reads_clear(nn_batch_reads *r);

/** What a block reads through its stage's input i. */
void nn_batch_read(nn_batch_reads *r, const nn_batch_order *o, const nn_batch_block *block,
                   size_t i);

/** Whether the sums of stage k need objects on their way: something is done with them, or summands
 *  come from several inputs. */
int nn_batch_is_wide(const nn_batch_order *o, size_t k);

/** The cell on the way of a block's number m (of its own count) for input i; these cells stand
 * behind those of the values. */
size_t nn_batch_wide_cell(const nn_batch_order *o, size_t i, size_t m);

/** All cells, those on the way too. */
size_t nn_batch_cells(const nn_batch_order *o);

/* Who executes an order, or counts what an execution would take. */
typedef struct nn_batch_hands {
    void *user;
    /* A cell gets an object with room for so many limbs and parts. */
    nn_status (*take)(void *user, size_t cell, int limbs, int parts);
    void (*give)(void *user, size_t cell);
    /* Cells of requests that have objects are filled. */
    nn_status (*pull)(void *user, const uint32_t *cell, size_t count);
    /* The cells of a block that have objects are computed. */
    nn_status (*work)(void *user, size_t run, const nn_batch_block *block);
    /* A cell of the output is ready. */
    nn_status (*push)(void *user, size_t cell);
} nn_batch_hands;

/** Walk through an order: cells are taken before they are filled and given back after their last
 *  use. After a failure cells that are taken are not given back.
 *
 *  Fails:  NN_ERR_MEMORY, as the hands
 */
NN_MUST_CHECK nn_status nn_batch_walk(const nn_batch_order *o, const nn_batch_hands *hands);

/** Count what a walk takes.  Fails: NN_ERR_MEMORY */
NN_MUST_CHECK nn_status nn_batch_order_peak(const nn_batch_order *o, nn_batch_peak *peak);

#endif
