/* Logs of JSON lines. */
#define _POSIX_C_SOURCE 200809L

#include "tools/worklog.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/cli.h"
#include "tools/hex.h"

int worklog_open(worklog *w, const char *path)
{
    *w = (worklog){.out = OUTPUT_NONE};
    return output_open(&w->out, path, OUTPUT_TEXT);
}

int worklog_begin(worklog *w)
{
    FILE *memory = open_memstream(&w->text, &w->size);

    if (memory == NULL)
        return cli_fail(CLI_MEMORY, w->out.path, "no memory for a line of the log");
    json_begin_line(&w->line, memory);
    json_open_object(&w->line, NULL);
    return CLI_OK;
}

int worklog_end(worklog *w)
{
    int st;

    json_close_object(&w->line);
    json_end(&w->line);
    if (fclose(w->line.out) != 0)
        st = cli_fail(CLI_MEMORY, w->out.path, "no memory for a line of the log");
    else
        st = output_write(&w->out, w->text, w->size);
    free(w->text);
    w->text = NULL;
    return st;
}

void worklog_id(worklog *w, const char *key, uint64_t id)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, id);
    json_string(&w->line, key, text);
}

void worklog_digest(worklog *w, const char *key, const uint8_t digest[ENVELOPE_DIGEST])
{
    char text[2 * ENVELOPE_DIGEST + 1];

    hex_write(text, digest, ENVELOPE_DIGEST);
    json_string(&w->line, key, text);
}

int worklog_commit(worklog *w)
{
    return output_commit(&w->out);
}

void worklog_abort(worklog *w)
{
    output_abort(&w->out);
}
