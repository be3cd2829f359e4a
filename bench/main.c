/* unseen-bench: what every operation costs, as CSV. */
#define _XOPEN_SOURCE 700

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/bench.h"
#include "ckks/base/parallel.h"
#include "ckks/ckks.h"
#include "ckks/kernel/kernel.h"

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "unknown"
#endif
#ifdef __VERSION__
#define COMPILER __VERSION__
#else
#define COMPILER "unknown"
#endif

static const char help[] =
    "Usage: unseen-bench [OPTION]...\n"
    "Time every operation of the scheme and the networks; CSV on standard output.\n\n"
    "      --list           print the names of the cases and run none\n"
    "      --only PATTERN   only cases whose name has this in it; * ? [] make it a pattern\n"
    "      --seconds S      time for a case (default 0.5); 0 runs each once\n"
    "      --max-log-n L    leave out ring degrees above 2^L (default 15);\n"
    "                       a network is run whatever its degree\n"
    "      --kernel NAME    force a family of kernels; all: one after the other\n"
    "      --threads LIST   run with so many threads, such as 1,2 (default 1)\n"
    "      --data DIR       folder with mnist/NAME.onnx\n"
    "      --note TEXT      words for the head line, such as a commit\n"
    "      --help           print this help\n";

enum {
    OPT_LIST = 256,
    OPT_ONLY,
    OPT_SECONDS,
    OPT_MAX,
    OPT_KERNEL,
    OPT_THREADS,
    OPT_DATA,
    OPT_NOTE,
    OPT_HELP
};

static const struct option options[] = {
    {"list", no_argument, NULL, OPT_LIST},
    {"only", required_argument, NULL, OPT_ONLY},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"max-log-n", required_argument, NULL, OPT_MAX},
    {"kernel", required_argument, NULL, OPT_KERNEL},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"data", required_argument, NULL, OPT_DATA},
    {"note", required_argument, NULL, OPT_NOTE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int bad(const char *text)
{
    fprintf(stderr, "unseen-bench: %s\nTry 'unseen-bench --help'.\n", text);
    return 2;
}

enum { MAX_TEAMS = 16, MAX_THREADS = 256 };

typedef struct settings {
    bench b;
    const char *kernel, *data, *note;
    int team[MAX_TEAMS]; /* --threads */
    int teams;
} settings;

static int parse_threads(settings *s, const char *text)
{
    char *end = NULL;

    for (s->teams = 0; s->teams < MAX_TEAMS; text = end + 1) {
        long threads = strtol(text, &end, 10);

        if (end == text || threads < 1 || threads > MAX_THREADS)
            break;
        s->team[s->teams++] = (int)threads;
        if (*end == '\0')
            return 0;
        if (*end != ',')
            break;
    }
    return bad("--threads takes numbers from 1 to 256 with commas between them");
}

static int parse_one(settings *s, int code)
{
    bench *b = &s->b;
    char *end;

    switch (code) {
    case OPT_LIST:
        b->list = 1;
        return 0;
    case OPT_ONLY:
        b->only = optarg;
        return 0;
    case OPT_SECONDS:
        b->seconds = strtod(optarg, &end);
        if (end == optarg || *end != '\0' || !(b->seconds >= 0.0 && b->seconds <= 3600.0))
            return bad("--seconds takes a number from 0 to 3600");
        return 0;
    case OPT_MAX:
        b->max_log_n = (int)strtol(optarg, &end, 10);
        if (end == optarg || *end != '\0' || b->max_log_n < 1 || b->max_log_n > CKKS_MAX_LOG_N)
            return bad("--max-log-n takes a number from 1 to 16");
        return 0;
    case OPT_KERNEL:
        s->kernel = optarg;
        return 0;
    case OPT_THREADS:
        return parse_threads(s, optarg);
    case OPT_DATA:
        s->data = optarg;
        return 0;
    case OPT_NOTE:
        s->note = optarg;
        return 0;
    case OPT_HELP:
        fputs(help, stdout);
        return -1;
    default:
        return 2;
    }
}

static int parse(settings *s, int argc, char **argv)
{
    int code, st = 0;

    while (st == 0 && (code = getopt_long(argc, argv, "", options, NULL)) != -1)
        st = parse_one(s, code);
    if (st != 0)
        return st;
    return optind == argc ? 0 : bad("there are arguments that are no options");
}

/* The processor's name where Linux tells it. */
static void processor(char *text, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");

    snprintf(text, size, "unknown processor");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(text, size, "%s", colon + 2);
        break;
    }
    if (f != NULL)
        fclose(f);
}

static void print_head(const char *note, const bench_machine *speed)
{
    char cpu[256];

    processor(cpu, sizeof cpu);
    printf("# unseen-bench %s; %s; compiler %s; flags %s%s%s\n", ckks_version(), cpu, COMPILER,
           BENCH_FLAGS, *note != '\0' ? "; " : "", note);
    machine_print(speed);
    printf("name,log_n,limbs,special,kernel,threads,repetitions,min_us,median_us,cycles,floor_us,"
           "distance,bytes\n");
    fflush(stdout);
}

static void print_foot(void)
{
    struct rusage usage;

    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("# peak_rss_bytes %zu\n", (size_t)usage.ru_maxrss * 1024u);
}

/* Everything with one family and one team; what does not depend on them runs with the first. */
static void run_groups(settings *s, const char *kernel, int first_kernel, int team)
{
    bench *b = &s->b;

    b->kernel = kernel;
    b->threads = s->team[team];
    if (team == 0)
        bench_kernel(b);
    bench_table(b);
    bench_client(b);
    bench_eval(b);
    bench_circuits(b);
    if (first_kernel) {
        if (team == 0)
            bench_channel(b);
        bench_nn(b, s->data);
    }
}

static void run(settings *s)
{
    const int all = s->kernel != NULL && strcmp(s->kernel, "all") == 0;
    const ckks_kernel *family;
    int first = 1;

    for (int k = 0; (family = ckks_kernel_list(k)) != NULL; k++) {
        const char *kernel = all ? family->name : s->kernel;

        if (all && ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, kernel) == NULL)
            continue;
        for (int t = 0; t < s->teams; t++)
            run_groups(s, kernel, first, t);
        first = 0;
        if (!all || s->b.list)
            break;
    }
}

/* Without OpenMP there is one thread, and a row shall not say otherwise. */
static void keep_possible(settings *s)
{
    int kept = 0;

    for (int t = 0; t < s->teams; t++) {
        if (ckks_parallel_threads(s->team[t]) == s->team[t])
            s->team[kept++] = s->team[t];
    }
    if (kept == 0)
        s->team[kept++] = 1;
    s->teams = kept;
}

int main(int argc, char **argv)
{
    settings s = {.b = {.seconds = 0.5, .max_log_n = 15}, .note = "", .team = {1}, .teams = 1};
    int st = parse(&s, argc, argv);

    if (st != 0)
        return st < 0 ? 0 : st;
    keep_possible(&s);
    if (s.b.list) {
        s.teams = 1;
    } else {
        machine_measure(&s.b.speed);
        print_head(s.note, &s.b.speed);
    }
    run(&s);
    if (!s.b.list)
        print_foot();
    if (s.b.matched == 0)
        return bad("no case has such a name (--list prints them)");
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "unseen-bench: standard output cannot be written\n");
        return 74;
    }
    return s.b.failed;
}
