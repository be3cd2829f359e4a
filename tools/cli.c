/* Messages, options and small formatting shared by the subcommands. */
#define _POSIX_C_SOURCE 200809L

#include "tools/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channel/channel.h"
#include "nn/nn.h"
#include "service/service.h"
#include "tools/first.h"
#include "tools/result.h"

enum { SENTENCE = 1024, MAX_OPTIONS = 48 };

enum { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER, WHEN_JSON };

/* What the command line said for the whole program; set once, by cli_parse. */
static struct {
    const char *command, *synopsis;
    int quiet, colour, progress;
} state;

static atomic_int line_stands; /* stderr has a line without an end */

/* Of each thread. */
static _Thread_local struct {
    char sentence[SENTENCE]; /* what cli_fail said last */
    int silent;
} said;

static const cli_option common[] = {
    {'q', "quiet", NULL, "no progress and no remarks"},
    {0, "color", "WHEN", "auto, always or never (auto heeds NO_COLOR)"},
    {0, "progress", "WHEN", "auto (on a terminal), always, never, or json (a line each)"},
    {'h', "help", NULL, "print this help and leave"},
    {0, NULL, NULL, NULL},
};

/* ---- messages ---- */

void cli_silent(int silent)
{
    said.silent = silent;
}

static void message(const char *subject, const char *format, va_list arguments)
{
    if (said.silent)
        return;
    fflush(stdout);
    cli_clear();
    fprintf(stderr, "unseen%s%s: ", state.command != NULL ? " " : "",
            state.command != NULL ? state.command : "");
    if (subject != NULL)
        fprintf(stderr, "%s: ", subject);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int cli_fail(int code, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(said.sentence, sizeof said.sentence, format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    message(subject, format, arguments);
    va_end(arguments);
    return code;
}

const char *cli_sentence(void)
{
    return said.sentence;
}

int cli_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message(NULL, format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try 'unseen%s%s --help'.\n", state.command != NULL ? " " : "",
            state.command != NULL ? state.command : "");
    return CLI_USAGE;
}

void cli_note(const char *format, ...)
{
    va_list arguments;
    if (state.quiet)
        return;
    va_start(arguments, format);
    message(NULL, format, arguments);
    va_end(arguments);
}

/* ---- exit codes ---- */

int cli_exit_of(int status)
{
    switch (status) {
    case CKKS_OK:
        return CLI_OK;
    case CKKS_ERR_MEMORY:
    case NN_ERR_MEMORY:
    case TOOL_ERR_MEMORY:
    case CHANNEL_ERR_MEMORY:
    case SERVICE_ERR_MEMORY:
        return CLI_MEMORY;
    case CKKS_ERR_ENTROPY:
    case CHANNEL_ERR_ENTROPY:
        return CLI_ENTROPY;
    case CKKS_ERR_PARAMS:
    case CKKS_ERR_RANGE:
    case CKKS_ERR_FORMAT:
    case CKKS_ERR_VERSION:
    case NN_ERR_FORMAT:
    case NN_ERR_SHAPE:
    case NN_ERR_RANGE:
    case TOOL_ERR_FORMAT:
        return CLI_DAMAGED;
    case CKKS_ERR_MISMATCH:
    case CKKS_ERR_LEVEL:
    case CKKS_ERR_SCALE:
    case CKKS_ERR_DEGREE:
    case CKKS_ERR_NO_KEY:
    case NN_ERR_MISMATCH:
        return CLI_MISMATCH;
    case NN_ERR_UNSUPPORTED:
        return CLI_UNSUPPORTED;
    case NN_ERR_PLAN:
        return CLI_NO_PARAMS;
    case CKKS_ERR_INSECURE:
    case CHANNEL_ERR_FORGED:
    case CHANNEL_ERR_REFUSED:
    case SERVICE_ERR_REFUSED:
        return CLI_REFUSED;
    case CHANNEL_ERR_FORMAT:
    case CHANNEL_ERR_VERSION:
    case CHANNEL_ERR_LIMIT:
    case SERVICE_ERR_PROTOCOL:
    case SERVICE_ERR_LIMIT:
        return CLI_PROTOCOL;
    case CHANNEL_ERR_CUT:
    case SERVICE_ERR_TIME:
    case SERVICE_ERR_CLOSED:
        return CLI_NETWORK;
    default:
        return CLI_FAULT;
    }
}

int cli_transient(int code)
{
    return code >= 64;
}

int cli_exit_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EISDIR:
    case EROFS:
    case ELOOP:
    case ENAMETOOLONG:
        return CLI_NO_FILE;
    case ENOMEM:
        return CLI_MEMORY;
    default:
        return CLI_IO;
    }
}

int cli_fail_status(int status, const char *subject, const char *why)
{
    int code = cli_exit_of(status);

    if (why != NULL && *why != '\0')
        return cli_fail(code, subject, "%s", why);
    if (code == CLI_MEMORY)
        return cli_fail(code, subject, "there is not enough memory for this");
    if (code == CLI_ENTROPY)
        return cli_fail(code, subject, "the system gives no randomness");
    return cli_fail(code, subject, "failed with %s", nn_status_name(status));
}

/* ---- options ---- */

static void print_option(FILE *to, const cli_option *o)
{
    char head[64];
    const char *line = o->help;
    char letter[8] = "    ";

    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(head, sizeof head, "  %s--%s%s%s", letter, o->name, o->argument != NULL ? " " : "",
             o->argument != NULL ? o->argument : "");
    fprintf(to, "%-28s", head);
    for (;;) {
        const char *end = strchr(line, '\n');
        if (end == NULL)
            break;
        fprintf(to, " %.*s\n%-28s", (int)(end - line), line, "");
        line = end + 1;
    }
    fprintf(to, " %s\n", line);
}

static void print_help(const cli_command *c)
{
    printf("Usage: unseen %s %s\n%s.\n", c->name, c->synopsis, c->summary);
    if (c->about != NULL)
        printf("\n%s\n", c->about);
    printf("\n");
    if (first_example(stdout, c->name))
        printf("\n");
    for (const cli_option *o = c->options; o->name != NULL; o++)
        print_option(stdout, o);
    for (const cli_option *o = common; o->name != NULL; o++)
        print_option(stdout, o);
    printf("\nManual: unseen-%s(1)\n", c->name);
}

/* The table as getopt_long wants it; val is 256 + the option's place, common ones after own. */
static void getopt_tables(const cli_command *c, struct option *longs, char *shorts,
                          const cli_option **order)
{
    int n = 0;
    const cli_option *lists[2] = {c->options, common};
    *shorts++ = ':';
    for (int l = 0; l < 2; l++) {
        for (const cli_option *o = lists[l]; o->name != NULL && n < MAX_OPTIONS; o++, n++) {
            order[n] = o;
            longs[n] = (struct option){
                o->name, o->argument != NULL ? required_argument : no_argument, NULL, 256 + n};
            if (o->letter != 0) {
                *shorts++ = (char)o->letter;
                if (o->argument != NULL)
                    *shorts++ = ':';
            }
        }
    }
    order[n] = NULL;
    longs[n] = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
}

/* The first `count` of the words. */
static int take_when(int *out, const char *name, const char *value, int count)
{
    static const char *const words[] = {"auto", "always", "never", "json"};
    for (int i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            *out = i;
            return CLI_OK;
        }
    }
    return cli_usage("--%s takes auto, always%s, not '%s'", name,
                     count > 3 ? ", never or json" : " or never", value);
}

static int take_common(const cli_command *c, const cli_option *o, const char *value)
{
    if (o == &common[0]) {
        state.quiet = 1;
    } else if (o == &common[1]) {
        return take_when(&state.colour, o->name, value, 3);
    } else if (o == &common[2]) {
        return take_when(&state.progress, o->name, value, 4);
    } else {
        print_help(c);
        return CLI_DONE;
    }
    return CLI_OK;
}

static const cli_option *find_option(const cli_option *const *order, int code)
{
    if (code >= 256)
        return order[code - 256];
    for (int i = 0; order[i] != NULL; i++) {
        if (order[i]->letter == code)
            return order[i];
    }
    return NULL;
}

static int is_common(const cli_option *o)
{
    for (const cli_option *k = common; k->name != NULL; k++) {
        if (k == o)
            return 1;
    }
    return 0;
}

/* getopt's ':' and '?'; argv[optind - 1] is the word it stumbled over, except inside "-abc". */
static const char *option_at(const void *names, size_t k)
{
    const cli_option *const *order = names;
    return order[k] != NULL ? order[k]->name : NULL;
}

/* A long option that is not there, and the one that may have been meant. */
static int unknown_option(const char *word, const cli_option *const *order)
{
    char name[64];
    const char *near;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    near = first_nearest(name, option_at, order);
    return near != NULL ? cli_usage("there is no option '--%s'; did you mean '--%s'?", name, near)
                        : cli_usage("there is no option '%s', or it is cut too short", word);
}

static int complain(char **argv, int code, const cli_option *const *order)
{
    if (code == ':')
        return cli_usage("option '%s' needs an argument", argv[optind - 1]);
    if (optopt > 0 && optopt < 256)
        return cli_usage("there is no option '-%c'", optopt);
    if (optopt >= 256)
        return cli_usage("option '%s' takes no argument", argv[optind - 1]);
    return unknown_option(argv[optind - 1], order);
}

/* Without a single word: what the subcommand is for, and what to type. */
static int say_how(const cli_command *c)
{
    fprintf(stderr, "unseen %s: arguments are needed: %s\n%s.\n", c->name, c->synopsis, c->summary);
    (void)first_example(stderr, c->name);
    fprintf(stderr, "'unseen %s --help' says more.\n", c->name);
    return CLI_USAGE;
}

int cli_parse(const cli_command *c, int argc, char **argv, void *settings, char ***rest,
              int *rest_count)
{
    struct option longs[MAX_OPTIONS + 1];
    const cli_option *order[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 2];
    int code;

    state.command = c->name;
    state.synopsis = c->synopsis;
    if (argc == 1 && first_example(NULL, c->name))
        return say_how(c);
    getopt_tables(c, longs, shorts, order);
    opterr = 0;
    optind = 0; /* and not 1: what getopt_long keeps of an earlier command line is forgotten */
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const cli_option *o = code == ':' || code == '?' ? NULL : find_option(order, code);
        int st;
        if (o == NULL)
            return complain(argv, code, order);
        st = is_common(o) ? take_common(c, o, optarg) : c->take(settings, o->name, optarg);
        if (st != CLI_OK)
            return st;
    }
    *rest = argv + optind;
    *rest_count = argc - optind;
    if (*rest_count < c->least || *rest_count > c->most)
        return cli_usage("%d argument%s given where the usage is: unseen %s %s", *rest_count,
                         *rest_count == 1 ? "" : "s", c->name, c->synopsis);
    return CLI_OK;
}

int cli_number(uint64_t *out, const char *name, const char *value, uint64_t low, uint64_t high)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number < low ||
        number > high)
        return cli_usage("--%s takes a whole number from %llu to %llu, not '%s'", name,
                         (unsigned long long)low, (unsigned long long)high, value);
    *out = number;
    return CLI_OK;
}

int cli_real(double *out, const char *name, const char *value, double low, double high)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number >= low && number <= high))
        return cli_usage("--%s takes a number from %g to %g, not '%s'", name, low, high, value);
    *out = number;
    return CLI_OK;
}

int cli_one_dash(const char *const *paths, size_t count)
{
    int dashes = 0;
    for (size_t i = 0; i < count; i++)
        dashes += paths[i] != NULL && strcmp(paths[i], "-") == 0;
    return dashes <= 1 ? CLI_OK : cli_usage("'-' can stand for one file only, not %d", dashes);
}

/* ---- terminal ---- */

int cli_quiet(void)
{
    return state.quiet;
}

const char *cli_synopsis(char text[CLI_SYNOPSIS])
{
    snprintf(text, CLI_SYNOPSIS, "unseen %s %s", cli_name(),
             state.synopsis != NULL ? state.synopsis : "");
    return text;
}

const char *cli_name(void)
{
    return state.command != NULL ? state.command : "";
}

/* Whether a terminal understands escapes. */
static int capable(void)
{
    const char *terminal = getenv("TERM");
    return terminal != NULL && strcmp(terminal, "dumb") != 0;
}

int cli_progress(void)
{
    int line = isatty(STDERR_FILENO) && capable();

    switch (state.progress) {
    case WHEN_AUTO:
        return line && !state.quiet ? CLI_PROGRESS_LINE : CLI_PROGRESS_NONE;
    case WHEN_ALWAYS:
        return line ? CLI_PROGRESS_LINE : CLI_PROGRESS_LOG;
    case WHEN_JSON:
        return CLI_PROGRESS_JSON;
    default:
        return CLI_PROGRESS_NONE;
    }
}

void cli_draw(const char *text, size_t size, int stands)
{
    (void)fwrite(text, 1, size, stderr);
    atomic_store(&line_stands, stands);
}

void cli_clear(void)
{
    if (atomic_exchange(&line_stands, 0))
        fputs("\r\033[K", stderr);
}

int cli_colour(FILE *stream)
{
    const char *none = getenv("NO_COLOR");

    if (state.colour != WHEN_AUTO)
        return state.colour == WHEN_ALWAYS;
    if ((none != NULL && *none != '\0') || !capable())
        return 0;
    return isatty(fileno(stream));
}

double cli_seconds(void)
{
    struct timespec t = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int64_t cli_milliseconds(void)
{
    return (int64_t)(1e3 * cli_seconds());
}

const char *cli_size(char text[32], size_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    int u = 0;

    while (size >= 1024.0 && u < 4) {
        size /= 1024.0;
        u++;
    }
    snprintf(text, 32, u == 0 || size >= 100.0 ? "%.0f %s" : "%.1f %s", size, units[u]);
    return text;
}

int cli_finish(int code)
{
    int failed = ferror(stdout);
    errno = 0;
    /* fclose reports what an earlier flush hid, as NFS and full disks do. */
    if (fclose(stdout) != 0 || failed) {
        int error = errno != 0 ? errno : EIO;
        if (code == CLI_OK || code == CLI_NEGATIVE)
            return cli_fail(CLI_IO, "standard output", "%s", strerror(error));
    }
    return code;
}
