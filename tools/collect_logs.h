/* The logs of the shares of one manifest, added up. */
#ifndef UNSEEN_TOOLS_COLLECT_LOGS_H
#define UNSEEN_TOOLS_COLLECT_LOGS_H

#include "tools/envelope.h"
#include "tools/manifest.h"

typedef struct collect_logs {
    size_t logs, runs; /* files; lines about a share: one that was tried again has several */
    uint64_t shards;   /* of how many shares they speak, 0 before the first */
    uint8_t *seen;     /* [shards] */
    double seconds;    /* of all runs */
    double *ms;        /* [items]: what an item took when it was done, negative where no log says */
} collect_logs;

/** Begin for the items of a manifest.
 *
 *  Out:     l   to be released with collect_logs_free, also after a failure
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int collect_logs_begin(collect_logs *l, const manifest *m);

/** Add a log. One that speaks of another number of shares, or of another model, plan or key than
 *  ids, is refused with CLI_MISMATCH; ids may be NULL when nothing is known of them. */
int collect_logs_add(collect_logs *l, const char *path, const manifest *m, const envelope_ids *ids);

/** Release; all zero is fine. */
void collect_logs_free(collect_logs *l);

#endif
