/* The record of work over many requests: JSON, a line for each item and one for the whole share,
 * complete under its name or not there at all.
 */
#ifndef UNSEEN_TOOLS_WORKLOG_H
#define UNSEEN_TOOLS_WORKLOG_H

#include "tools/envelope.h"
#include "tools/file.h"
#include "tools/json.h"

typedef struct worklog {
    output_file out;
    json line; /* between worklog_begin and worklog_end */
    char *text;
    size_t size;
} worklog;

/** Begin a log; "-" is standard output.  Returns: CLI_OK or an exit code after the message */
int worklog_open(worklog *w, const char *path);

/** Begin a line, an object whose members go to w->line.  Returns: as worklog_open */
int worklog_begin(worklog *w);

/** Close the object and write its line.  Returns: as worklog_open */
int worklog_end(worklog *w);

/** A member of a line: 64 bits, or a digest, in hexadecimal. */
void worklog_id(worklog *w, const char *key, uint64_t id);
void worklog_digest(worklog *w, const char *key, const uint8_t digest[ENVELOPE_DIGEST]);

/** Give the log its name.  Returns: as worklog_open */
int worklog_commit(worklog *w);

/** Drop what was not committed; one that was never opened is fine if its output is OUTPUT_NONE. */
void worklog_abort(worklog *w);

#endif
