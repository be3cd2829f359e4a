/* Every allocation of a step fails once, from graph to stages. The test's LDFLAGS wrap them, see
 * failing.h.
 */
#ifndef UNSEEN_TESTS_GRAPHS_FAILING_H
#define UNSEEN_TESTS_GRAPHS_FAILING_H

#include "nn/onnx/tail_find.h"
#include "nn/stages/rewrite.h"

#include "tests/failing.h"
#include "tests/graphs.h"

/** Lowering ends with NN_ERR_MEMORY and without stages, or with NN_OK where the allocation was one
 *  of those by which nn_tail_find looks for a tail, and finds none. */
static inline void graphs_failing_lower(const nn_graph *g)
{
    for (int hit = 1, k = 1; hit; k++) {
        nn_stages s;
        failing_from(k);
        nn_status st = nn_lower(&s, g, NULL, 0);
        hit = failing_stop();
        if (!hit || st != NN_ERR_MEMORY)
            assert_int_equal(st, NN_OK);
        assert_true(st == NN_OK || s.stage == NULL);
        nn_stages_clear(&s);
    }
}

/** Rewriting with all passes ends with NN_ERR_MEMORY and the stages released. */
static inline void graphs_failing_merge(const nn_graph *g)
{
    for (int hit = 1, k = 1; hit; k++) {
        nn_stages s;
        graphs_lower(&s, g);
        failing_from(k);
        nn_status st = nn_rewrite_merge(&s, NULL, NULL, NULL, 0);
        hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (hit)
            assert_null(s.stage);
        else
            nn_stages_clear(&s);
    }
}

#endif
