/* Work over many requests: the list of them, the share of one worker among many, and the tally that
 * becomes an exit code.
 *
 * A manifest is text, one item a line: the path of a request, a tab, the path of its response.
 * Where the second is left out, --output-dir says in which folder the response is, under the name
 * of the request with ".response" in place of ".request". Empty lines and lines that begin with #
 * are skipped. Paths are relative to the folder in which the program runs.
 */
#ifndef UNSEEN_TOOLS_MANIFEST_H
#define UNSEEN_TOOLS_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "tools/file.h"

typedef struct manifest_item {
    const char *request;
    char *response;
    size_t line; /* counted from 1 */
} manifest_item;

typedef struct manifest {
    manifest_item *item;
    size_t count;
    file_bytes text; /* the requests' paths lie here */
} manifest;

/** Read a manifest; "-" is standard input. Two items with the same response are refused.
 *
 *  Out:     out      to be released with manifest_free, also after a failure
 *  In:      folder   of responses that are not named, or NULL
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int manifest_read(manifest *out, const char *path, const char *folder);

/** Release; all zero is fine. */
void manifest_free(manifest *m);

/** "FOLDER/NAME.response" for a request of any folder, from malloc; NULL when memory ran out. */
char *manifest_response(const char *folder, const char *request);

enum { SHARDS_MOST = 1000000 };

/* One of `of` equal shares, number 1..of. */
typedef struct shard {
    uint64_t number, of;
} shard;

/** Read "I/N", or "slurm/N" and "kubernetes/N", which take the number from the environment:
 *  SLURM_ARRAY_TASK_ID, from 1 (sbatch --array=1-N), and JOB_COMPLETION_INDEX, from 0. N is always
 *  given, and not taken from the environment: when single tasks of an array are run again, Slurm
 *  counts those alone.
 *
 *  Returns: CLI_OK or CLI_USAGE after the message was printed
 */
int shard_take(shard *out, const char *name, const char *value);

/** Whether item k, counted from 0, is of this share: every N-th is, so that shares are equal and a
 *  list that is sorted by cost is dealt out evenly. */
int shard_has(const shard *s, size_t k);

/* What became of the items. Work goes on after a failure, except when it was transient three times
 * in a row (a full disk, no memory): whoever comes later does not fail for the same reason. */
typedef struct tally {
    size_t done, skipped, permanent, transient;
    int first_permanent, first_transient; /* exit codes */
    int in_a_row;                         /* transient failures */
} tally;

/** Count an item that ended with this exit code. */
void tally_add(tally *t, int code);

/** Whether to stop, see above. */
int tally_hopeless(const tally *t);

/** The exit code of all: that of the first transient failure, for trying again may help; else that
 *  of the first permanent one; else CLI_OK. */
int tally_code(const tally *t);

#endif
