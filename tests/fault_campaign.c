/* Every subcommand, with every call of the system that it makes failing in turn (tests/faults.c):
 * each run ends with the right exit code and a sentence, or as if nothing had happened; no file is
 * there in part, no memory and no descriptor is kept.
 *
 * A sample of the calls by default; with TEST_LONG all, up to some ten thousand of a kind.
 */
#define _XOPEN_SOURCE 700

#include "tests/faults_world.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "tests/faults.h"

enum { MADE = 3, WORDS = 24, FEW = 4, MORE = 16, ALL = 10000, SECONDS = 60, SHOWN = 8 };

/* What holds for the files that a job makes, and for the job. */
enum {
    TOGETHER = 1, /* none is there without the others */
    VARIES = 2,   /* their sizes differ from run to run */
    SLOW = 4      /* takes too long for what is run by default */
};

/* A command line without the program's name, and the files that it makes. */
typedef struct job {
    const char *line;
    const char *made[MADE];
    int flags;
} job;

/* A way to fail, and the exit code that it ends in, unless the call's failure does no harm and the
 * run succeeds. */
typedef struct fault {
    const char *name;
    faults_kind kind;
    int error, code;
} fault;

enum {
    CODE_OK = 0,
    CODE_REFUSED = 7,
    CODE_NO_FILE = 8,
    CODE_MEMORY = 70,
    CODE_ENTROPY = 71,
    CODE_IO = 74,
    CODE_INTERRUPTED = 128 + SIGINT
};

static const fault faults[] = {
    {"no memory", FAULTS_MEMORY, ENOMEM, CODE_MEMORY},
    {"no mapping", FAULTS_MAP, ENOMEM, CODE_MEMORY},
    {"no randomness", FAULTS_ENTROPY, EIO, CODE_ENTROPY},
    {"randomness interrupted", FAULTS_ENTROPY, EINTR, CODE_OK},
    {"a part of the randomness", FAULTS_ENTROPY, FAULTS_SHORT, CODE_OK},
    {"no thread", FAULTS_THREAD, EAGAIN, CODE_MEMORY},
    {"broken stat", FAULTS_LOOK, EIO, CODE_IO},
    {"too many files", FAULTS_OPEN, EMFILE, CODE_IO},
    {"not permitted", FAULTS_OPEN, EACCES, CODE_NO_FILE},
    {"broken read", FAULTS_READ, EIO, CODE_IO},
    {"read interrupted", FAULTS_READ, EINTR, CODE_OK},
    {"a part read", FAULTS_READ, FAULTS_SHORT, CODE_OK},
    {"disk full", FAULTS_WRITE, ENOSPC, CODE_IO},
    {"write interrupted", FAULTS_WRITE, EINTR, CODE_OK},
    {"a part written", FAULTS_WRITE, FAULTS_SHORT, CODE_OK},
    {"broken fsync", FAULTS_SYNC, EIO, CODE_IO},
    {"broken rename", FAULTS_RENAME, ENOSPC, CODE_IO},
    {"broken close", FAULTS_CLOSE, EIO, CODE_IO},
    {"interrupted opening", FAULTS_OPEN, FAULTS_INTERRUPT, CODE_INTERRUPTED},
    {"interrupted writing", FAULTS_WRITE, FAULTS_INTERRUPT, CODE_INTERRUPTED},
    {"interrupted at fsync", FAULTS_SYNC, FAULTS_INTERRUPT, CODE_INTERRUPTED},
    {"interrupted at rename", FAULTS_RENAME, FAULTS_INTERRUPT, CODE_INTERRUPTED},
    {"interrupted closing", FAULTS_CLOSE, FAULTS_INTERRUPT, CODE_INTERRUPTED},
};

static const job jobs[] = {
    {"plan m.onnx -o made.1", {"made.1"}, 0},
    {"plan m.onnx --explain --costs m.costs", {NULL}, 0},
    {"plan m.onnx --ablate", {NULL}, SLOW},
    {"plan m.onnx --json", {NULL}, 0},
    {"plan m.onnx --images 100", {NULL}, 0},
    {"keygen m.plan -s made.1 -e made.2", {"made.1", "made.2"}, TOGETHER},
    {"encrypt m.plan m.secret m.pgm -o made.1", {"made.1"}, 0},
    {"encrypt m.plan m.secret packed -i 3", {NULL}, 0},
    {"encrypt m.plan m.secret images --count 2 --output-dir . --manifest made.1",
     {"made.1", "000000.request", "000001.request"},
     0},
    {"infer m.onnx m.eval m.request -o made.1", {"made.1"}, 0},
    {"infer m.onnx m.eval --manifest list --log made.3", {"made.1", "made.2", "made.3"}, VARIES},
    {"inspect m.onnx m.pgm images packed labels m.costs --json", {NULL}, 0},
    {"decrypt m.plan m.secret m.response", {NULL}, 0},
    {"decrypt m.plan m.secret m.response --json", {NULL}, 0},
    {"decrypt m.plan m.secret --manifest answered", {NULL}, 0},
    {"inspect m.plan m.eval m.request m.onnx m.pgm", {NULL}, 0},
    {"inspect m.eval m.response --plan m.plan --json", {NULL}, 0},
    {"collect answered -o made.1", {"made.1"}, VARIES},
    {"collect answered --json", {NULL}, 0},
    {"report eval.json -o made.1", {"made.1"}, 0},
    {"eval m.onnx --images images --labels labels --count 2", {NULL}, 0},
    {"eval m.onnx --images packed --labels labels --count 2 --batch auto --json", {NULL}, 0},
    {"fit relu.onnx --images images --labels labels -o made.1", {"made.1"}, 0},
    {"check m.onnx --images images --count 1 --svg made.1 --markdown made.2",
     {"made.1", "made.2"},
     VARIES},
    {"calibrate --seconds 0 -o made.1", {"made.1"}, VARIES | SLOW},
    {"train --data set --net small.net --log made.2 -o made.1",
     {"made.1", "made.2", "made.1.ckpt"},
     VARIES},
    {"demo --data data", {NULL}, 0},
};

static faults_board *board;
static char library[4096];

/* What a run left behind. */
typedef struct outcome {
    int code;          /* the exit code, or 128 + the signal */
    size_t made[MADE]; /* sizes, and one more for each; 0 for no file */
} outcome;

static int is_long(void)
{
    return getenv("TEST_LONG") != NULL;
}

static void redirect(int fd, const char *path)
{
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || dup2(to, fd) < 0)
        _exit(126);
    close(to);
}

static void become(const char *line)
{
    static char words[1024];
    char *argv[WORDS + 2] = {program_path};
    int n = 1;

    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w != NULL && n <= WORDS; w = strtok(NULL, " "))
        argv[n++] = w;
    redirect(STDOUT_FILENO, ".out");
    redirect(STDERR_FILENO, ".err");
    /* A shell starts what runs in the background with SIGINT ignored, and that is inherited. */
    signal(SIGINT, SIG_DFL);
    setenv("LD_PRELOAD", library, 1);
    setenv(FAULTS_BOARD, ".board", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    alarm(SECONDS); /* what hangs is killed */
    execv(program_path, argv);
    _exit(127);
}

static outcome run(const job *j, const fault *f, int64_t k)
{
    outcome o = {.code = 0};
    struct stat info;
    int status = 0;

    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        unlink(j->made[i]);
    *board = (faults_board){.k = k};
    if (f != NULL) {
        board->kind = (int32_t)f->kind;
        board->error = f->error;
    }
    pid_t child = fork();
    if (child == 0)
        become(j->line);
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        o.made[i] = stat(j->made[i], &info) == 0 ? (size_t)info.st_size + 1 : 0;
    program_slurp(program_err, sizeof program_err, ".err");
    return o;
}

static int is_sentence(const char *text)
{
    size_t length = strlen(text);
    return length > 25 && strncmp(text, "unseen ", 7) == 0 && text[length - 1] == '\n' &&
           strstr(text, "_ERR_") == NULL;
}

/* Whether the files that are there are complete, and those that may not lack are there. */
static int files_good(const job *j, const outcome *o, const outcome *good, int failed)
{
    int there = 0, wanted = 0;

    for (int i = 0; i < MADE; i++) {
        wanted += good->made[i] != 0;
        there += o->made[i] != 0;
        if (o->made[i] != 0 && o->made[i] != good->made[i] && (j->flags & VARIES) == 0)
            return 0;
    }
    return there == wanted || (failed && (there == 0 || (j->flags & TOGETHER) == 0));
}

static int made_count(const outcome *o)
{
    int count = 0;
    for (int i = 0; i < MADE; i++)
        count += o->made[i] != 0;
    return count;
}

/* What is wrong with how a run ended, NULL when nothing is. */
static const char *judge(const job *j, const outcome *o, const outcome *good, const fault *f,
                         int entries)
{
    int interrupted = o->code == CODE_INTERRUPTED && f->error == FAULTS_INTERRUPT;

    if (o->code >= 128 && !interrupted)
        return o->code == 128 + SIGALRM ? "hung" : "died";
    if (board->blocks != 0 && !interrupted)
        return "kept memory";
    if (board->files != 0 && !interrupted)
        return "kept a file open";
    if (program_entries() != entries + made_count(o))
        return "left a file";
    if (!files_good(j, o, good, o->code != good->code))
        return "left a part of its files";
    if (o->code == good->code || interrupted)
        return NULL;
    return o->code != f->code ? "wrong exit code" : is_sentence(program_err) ? NULL : "no sentence";
}

/* Which calls to fail: all of a few, or else the first, the last, and some between. */
static int64_t next(int64_t k, int64_t calls, int64_t few, testing_rng *rng)
{
    int64_t step = calls / few, last = calls - few / 4;

    if (step < 2 || k < few / 2 || k >= last)
        return k + 1;
    k += 1 + (int64_t)testing_below(rng, (size_t)(2 * step));
    return k < last ? k : last;
}

/* One job with one kind of fault; returns how many runs ended wrongly. */
static int attack(const job *j, const fault *f, const outcome *good, int64_t calls, int entries,
                  testing_rng *rng)
{
    int wrong = 0, borne = 0, runs = 0;
    int64_t few = is_long() ? ALL : f->kind == FAULTS_MEMORY ? MORE : FEW;

    for (int64_t k = 1; k <= calls; k = next(k, calls, few, rng)) {
        outcome o = run(j, f, k);
        const char *what = judge(j, &o, good, f, entries);
        runs++;
        borne += o.code == good->code;
        if (what != NULL && ++wrong <= SHOWN)
            print_error("%s, call %lld of %lld, '%s': %s; code %d, %lld blocks, %lld files: %s\n",
                        f->name, (long long)k, (long long)calls, j->line, what, o.code,
                        (long long)board->blocks, (long long)board->files, program_err);
    }
    if (runs > 0)
        printf("# %s: %d of %lld calls, %d borne\n", f->name, runs, (long long)calls, borne);
    return wrong;
}

static void campaign(void **state)
{
    const job *j = *state;
    testing_rng rng;
    outcome good;
    int64_t calls[FAULTS_KINDS];
    int wrong = 0, entries;

    if ((j->flags & SLOW) != 0 && !is_long())
        skip();
    testing_rng_init(&rng, testing_seed());
    good = run(j, NULL, 0);
    if (good.code > 1)
        fail_msg("'%s' ends with %d without a fault: %s", j->line, good.code, program_err);
    assert_int_equal(board->blocks, 0);
    assert_int_equal(board->files, 0);
    memcpy(calls, board->calls, sizeof calls);
    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        assert_int_equal(unlink(j->made[i]), 0);
    entries = program_entries();
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        wrong += attack(j, &faults[i], &good, calls[faults[i].kind], entries, &rng);
    assert_int_equal(wrong, 0);
}

/* A name that cannot be looked at is not taken for a free one. */
static void a_secret_key_outlives_every_fault(void **state)
{
    static const job again = {"keygen m.plan -s m.secret -e made.1", {"made.1"}, 0};
    static const fault broken = {"broken stat", FAULTS_LOOK, EIO, CODE_IO};
    struct stat before, after;
    int64_t calls;

    (void)state;
    assert_int_equal(run(&again, NULL, 0).code, CODE_REFUSED);
    calls = board->calls[FAULTS_LOOK];
    assert_int_equal(stat("m.secret", &before), 0);
    for (int64_t k = 1; k <= calls; k++) {
        outcome o = run(&again, &broken, k);
        assert_true(o.code == CODE_REFUSED || o.code == CODE_IO);
        assert_int_equal(o.made[0], 0);
        assert_int_equal(stat("m.secret", &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
    }
}

static int begin(void **state)
{
    const char *build = getenv("top_builddir");
    char here[3000];
    int fd;

    assert_non_null(getcwd(here, sizeof here));
    snprintf(library, sizeof library, "%s/tests/faults.so", build != NULL ? build : here);
    assert_int_equal(access(library, R_OK), 0);
    program_begin(state);
    faults_world_make();
    fd = open(".board", O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0 && ftruncate(fd, sizeof *board) == 0);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(board != MAP_FAILED);
    close(fd);
    return 0;
}

int main(void)
{
    enum { JOBS = sizeof jobs / sizeof *jobs };
    struct CMUnitTest tests[JOBS + 1];

    for (size_t i = 0; i < JOBS; i++)
        tests[i] = (struct CMUnitTest){jobs[i].line, campaign, NULL, NULL, (void *)&jobs[i]};
    tests[JOBS] = (struct CMUnitTest)cmocka_unit_test(a_secret_key_outlives_every_fault);
    return cmocka_run_group_tests(tests, begin, program_end);
}

#else

/* Another C library, or a sanitizer with an allocator of its own. */
int main(void)
{
    return 77;
}

#endif
