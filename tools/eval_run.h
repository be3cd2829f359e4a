/* The images of `unseen eval` on their way: client, server, client, and the plain network beside.
 */
#ifndef UNSEEN_TOOLS_EVAL_RUN_H
#define UNSEEN_TOOLS_EVAL_RUN_H

#include "tools/dataset.h"
#include "tools/eval_report.h"

typedef struct eval_job {
    const session *session;
    const dataset *data; /* with labels */
    size_t first, count; /* images taken */
    int threads;
    eval_result *results; /* [count] */
    eval_set *sets;       /* [eval_sets] */
} eval_job;

/** Number of sets that the images make, the last one perhaps not full. */
size_t eval_sets(const eval_job *j);

/** Sets that are computed on at the same time: in batches, and where each takes much memory, one,
 * by all threads; else one a thread. */
size_t eval_lanes(const eval_job *j);

/** Bytes that this process will have at most, as foretold by its packing for one thread: with all
 *  threads, lanes and images. */
size_t eval_memory(const eval_job *j, const packing *p);

/** Run all images; shows progress. Results do not depend on the number of threads, the noise of
 *  encryption aside.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int eval_run(const eval_job *j);

#endif
