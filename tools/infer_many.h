/* infer over a manifest: one share of many requests, with what is done left alone. */
#ifndef UNSEEN_TOOLS_INFER_MANY_H
#define UNSEEN_TOOLS_INFER_MANY_H

#include "tools/inference.h"
#include "tools/manifest.h"

typedef struct infer_many_options {
    const char *manifest, *folder, *log; /* folder may be NULL */
    shard share;
    int threads;
    nn_plan_options plan;
} infer_many_options;

/** Run the share. A response that is whole and answers its request is skipped, any other is made;
 *  an item that fails is told in the log and on stderr, and the next one follows.
 *
 *  Returns: tally_code, or an exit code when nothing could be begun or the log not be written
 */
int infer_many(const infer_many_options *o, const char *model_path, const char *keys_path);

#endif
