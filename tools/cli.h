/* What every subcommand shares: exit codes, messages, the option table, and small formatting.
 *
 * A subcommand describes itself by one cli_command; the parser, --help and the manual's wording
 * come from that table. Functions that can fail print their own message and return an exit code, so
 * a caller only passes it on.
 */
#ifndef UNSEEN_TOOLS_CLI_H
#define UNSEEN_TOOLS_CLI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes of the program. Below 64: trying again unchanged cannot help. From 64 on: it may.
 * The list stands in `unseen --help` and in unseen(1) as well. */
enum {
    CLI_OK = 0,
    CLI_NEGATIVE = 1, /* it ran, and the answer is no: a wrong label, accuracy below the demand */
    CLI_USAGE = 2,    /* the command line is wrong */
    CLI_DAMAGED = 3,  /* a file is damaged, altered, cut short, or of another kind */
    CLI_MISMATCH = 4, /* key, plan, model and message do not belong together */
    CLI_UNSUPPORTED = 5, /* the network uses what this program cannot take */
    CLI_NO_PARAMS = 6,   /* no secure parameters carry the network */
    CLI_REFUSED = 7,     /* refused for safety */
    CLI_NO_FILE = 8,     /* a file is missing, or may not be read or made */
    CLI_FAULT = 9,       /* a fault of this program or machine: a self-test failed */
    CLI_PROTOCOL = 10,   /* the other side speaks another protocol, or broke it */
    CLI_NETWORK = 69,    /* the other side cannot be reached, hung up or was too slow */
    CLI_MEMORY = 70,     /* out of memory */
    CLI_ENTROPY = 71,    /* the system gave no randomness */
    CLI_IO = 74,         /* reading or writing failed: disk full, broken device */
    CLI_BUSY = 75        /* the server is busy or about to end */
};

/* One option; a list ends with one whose name is NULL. */
typedef struct cli_option {
    int letter;           /* the short form, 0 when there is none */
    const char *name;     /* the long form without its dashes */
    const char *argument; /* what the help calls its argument, NULL when it takes none */
    const char *help;     /* lines after the first are set in by the printer */
} cli_option;

typedef struct cli_command {
    const char *name;
    const char *synopsis; /* after the name in "Usage:" */
    const char *summary;  /* one line for the list of subcommands */
    const char *about;    /* further paragraphs of --help, NULL for none */
    const cli_option *options;
    int least, most; /* how many arguments that are no options */
    /* Take one option into the subcommand's settings; returns CLI_OK or an exit code. */
    int (*take)(void *settings, const char *name, const char *value);
} cli_command;

enum { CLI_DONE = -1 }; /* cli_parse: help was printed, leave with CLI_OK */

/** Parse a command line by its table. Every command also has --help, --quiet, --color, --progress.
 *
 *  Out:     settings   by the command's take function
 *           rest       the arguments that are no options, in order; rest_count of them
 *  In:      argv       argv[0] is the subcommand's name
 *  Returns: CLI_OK, CLI_DONE, or an exit code after the message was printed
 */
int cli_parse(const cli_command *c, int argc, char **argv, void *settings, char ***rest,
              int *rest_count);

/** Print "unseen COMMAND: SUBJECT: sentence" to stderr; subject may be NULL.
 *
 *  Returns: code
 */
int cli_fail(int code, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The sentence of this thread's last cli_fail, without its subject; empty when there was none. */
const char *cli_sentence(void);

/** Whether the same command may succeed later, for an exit code that is not CLI_OK. */
int cli_transient(int code);

/** Print a message about the command line and where help is.  Returns: CLI_USAGE */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Print a warning or remark in the form of cli_fail, unless --quiet was given. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Whether messages of this thread are printed; cli_sentence has them in any case. */
void cli_silent(int silent);

/** The exit code for a status of ckks/, channel/, service/, nn/ or tools/result.h. */
int cli_exit_of(int status);

/** The exit code for an errno of opening, reading or writing a file. */
int cli_exit_of_errno(int error);

/** Fail for a status: prints why, or what the status means when why is empty.
 *
 *  Returns: the exit code
 */
int cli_fail_status(int status, const char *subject, const char *why);

/** Read a whole number in [low, high] from an option's argument.  Returns: CLI_OK or CLI_USAGE */
int cli_number(uint64_t *out, const char *name, const char *value, uint64_t low, uint64_t high);

/** Read a real number in [low, high] from an option's argument.  Returns: CLI_OK or CLI_USAGE */
int cli_real(double *out, const char *name, const char *value, double low, double high);

/** Check that at most one of the paths is "-"; NULL is none.  Returns: CLI_OK or CLI_USAGE */
int cli_one_dash(const char *const *paths, size_t count);

/** Whether --quiet was given. */
int cli_quiet(void);

/* How progress is shown: not; a line that is redrawn; a line now and then; JSON, a line each. */
enum { CLI_PROGRESS_NONE, CLI_PROGRESS_LINE, CLI_PROGRESS_LOG, CLI_PROGRESS_JSON };

/** As --progress says; else on a terminal that is not dumb, without --quiet. */
int cli_progress(void);

/** Write what progress is drawn with to stderr; stands: a line that is not ended, which messages
 *  take away first. */
void cli_draw(const char *text, size_t size, int stands);

/** Take away the line that cli_draw left, if there is one. */
void cli_clear(void);

enum { CLI_SYNOPSIS = 160 };

/** How the subcommand is used, "unseen plan MODEL.onnx ...", for messages about a file that is in
 *  another's place. Returns text. */
const char *cli_synopsis(char text[CLI_SYNOPSIS]);

/** The subcommand's name, "" when there is none yet. */
const char *cli_name(void);

/** Whether to colour what goes to a stream: --color, NO_COLOR, TERM=dumb, terminal. */
int cli_colour(FILE *stream);

/** Monotonic time. */
double cli_seconds(void);
int64_t cli_milliseconds(void);

/** A size for people, "3.1 MiB", in text (32 bytes). Returns text. */
const char *cli_size(char text[32], size_t bytes);

/** Flush and close stdout; when that fails (disk full), say so.
 *
 *  Returns: code, or CLI_IO when code was CLI_OK or CLI_NEGATIVE and the flush failed
 */
int cli_finish(int code);

#endif
