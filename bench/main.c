/* unseen-bench: what every operation costs, as CSV. */
#define _XOPEN_SOURCE 700

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/bench.h"
#include "ckks/ckks.h"

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
    "      --kernel NAME    force a family of kernels\n"
    "      --data DIR       folder with mnist/NAME.onnx\n"
    "      --note TEXT      words for the head line, such as a commit\n"
    "      --help           print this help\n";

enum { OPT_LIST = 256, OPT_ONLY, OPT_SECONDS, OPT_MAX, OPT_KERNEL, OPT_DATA, OPT_NOTE, OPT_HELP };

static const struct option options[] = {
    {"list", no_argument, NULL, OPT_LIST},
    {"only", required_argument, NULL, OPT_ONLY},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"max-log-n", required_argument, NULL, OPT_MAX},
    {"kernel", required_argument, NULL, OPT_KERNEL},
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

static int parse(bench *b, const char **data, const char **note, int argc, char **argv)
{
    int code;
    char *end;

    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (code) {
        case OPT_LIST:
            b->list = 1;
            break;
        case OPT_ONLY:
            b->only = optarg;
            break;
        case OPT_SECONDS:
            b->seconds = strtod(optarg, &end);
            if (end == optarg || *end != '\0' || !(b->seconds >= 0.0 && b->seconds <= 3600.0))
                return bad("--seconds takes a number from 0 to 3600");
            break;
        case OPT_MAX:
            b->max_log_n = (int)strtol(optarg, &end, 10);
            if (end == optarg || *end != '\0' || b->max_log_n < 1 || b->max_log_n > CKKS_MAX_LOG_N)
                return bad("--max-log-n takes a number from 1 to 16");
            break;
        case OPT_KERNEL:
            b->kernel = optarg;
            break;
        case OPT_DATA:
            *data = optarg;
            break;
        case OPT_NOTE:
            *note = optarg;
            break;
        case OPT_HELP:
            fputs(help, stdout);
            return -1;
        default:
            return 2;
        }
    }
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

static void print_head(const char *note)
{
    char cpu[256];

    processor(cpu, sizeof cpu);
    printf("# unseen-bench %s; %s; compiler %s; flags %s%s%s\n", ckks_version(), cpu, COMPILER,
           BENCH_FLAGS, *note != '\0' ? "; " : "", note);
    printf("name,log_n,limbs,special,kernel,threads,repetitions,min_us,median_us,bytes\n");
    fflush(stdout);
}

static void print_foot(void)
{
    struct rusage usage;

    memset(&usage, 0, sizeof usage);
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("# peak_rss_bytes %zu\n", (size_t)usage.ru_maxrss * 1024u);
}

int main(int argc, char **argv)
{
    bench b = {.seconds = 0.5, .max_log_n = 15};
    const char *data = NULL, *note = "";
    int st = parse(&b, &data, &note, argc, argv);

    if (st != 0)
        return st < 0 ? 0 : st;
    if (!b.list)
        print_head(note);
    bench_kernel(&b);
    bench_ckks(&b);
    bench_circuits(&b);
    bench_nn(&b, data);
    if (!b.list)
        print_foot();
    if (b.matched == 0)
        return bad("no case has such a name (--list prints them)");
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "unseen-bench: standard output cannot be written\n");
        return 74;
    }
    return b.failed;
}
