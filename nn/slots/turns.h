/* Which rotations compute a route: every step becomes a baby step and a giant step, and the routes
 * of all stages are served by keys that they may share.
 *
 * A key belongs to a rotation, whatever stage it works at: one made for a stage with more limbs
 * serves the stages with fewer, too. So a rotation that another stage already needs is free of the
 * price of a key, and the splits of all routes are chosen together. Giants that follow each other
 * at equal distances can go one after the other with the key of that distance (a chain).
 */
#ifndef UNSEEN_NN_SLOTS_TURNS_H
#define UNSEEN_NN_SLOTS_TURNS_H

#include "nn/slots/cost.h"
#include "nn/slots/route.h"

/* Times of one stage in ms, keys apart, and prices of its keys. */
typedef struct nn_turn_price {
    double baby, giant, fold, diagonal;
    double key, fold_key;
    double hop;    /* a giant of a chain; 0: there are none */
    double hoist;  /* for each input part, when there are babies */
    double divide; /* for each output part */
    double scalar; /* of the identity, for each part */
} nn_turn_price;

/** Times and prices at the key shape of a stage, and of its folds. */
nn_turn_price nn_turns_price(const nn_cost_at *at, const nn_cost_at *fold);

/** Find baby and giant steps for one route by itself, quickly.
 *
 *  Returns  what the route costs with them, keys included; < 0 when memory ran out
 *  Source:  [HS18] section 4
 */
double nn_turns_split(nn_route *r, const nn_turn_price *price);

/** A lower bound of what nn_turns_split returns, in no time. */
double nn_turns_least(const nn_route *r, const nn_turn_price *price);

/** Find baby and giant steps for several routes that share keys: one after the other, each against
 *  the keys of all others, until nothing changes.
 *
 *  In/out: route   count of them, split already; routes without diagonals are left alone
 *  In:     price   per_price routes in a row have the same
 *          slots   of every route, images included
 *          cost    what all cost together, keys that are shared counted once at the highest price
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_turns_tune(nn_route *route, const nn_turn_price *price, size_t per_price,
                                      size_t count, size_t slots, double *cost);

#endif
