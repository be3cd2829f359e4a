/* Every subcommand, with every call of the system that it makes failing in turn (tests/faults.c):
 * each run ends with the right exit code and a sentence, or as if nothing had happened; no file is
 * there in part, no memory and no descriptor is kept.
 *
 * A sample of the calls by default; with TEST_LONG all, up to some ten thousand of a kind.
 */
#define _XOPEN_SOURCE 700

#include "tests/faults_world.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

#include "tests/faults_run.h"

enum { MADE = 3, FEW = 4, MORE = 16, ALL = 10000, SHOWN = 8 };

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

/* What a run left behind. */
typedef struct outcome {
    int code;          /* the exit code, or 128 + the signal */
    size_t made[MADE]; /* sizes, and one more for each; 0 for no file */
} outcome;

static outcome run(const job *j, const fault *f, int64_t k)
{
    outcome o = {.code = 0};
    struct stat info;
    int status = 0;

    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        unlink(j->made[i]);
    faults_next(f, k);
    pid_t child = faults_start(j->line, NULL, ".out", ".err");
    assert_int_equal(waitpid(child, &status, 0), child);
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        o.made[i] = stat(j->made[i], &info) == 0 ? (size_t)info.st_size + 1 : 0;
    program_slurp(program_err, sizeof program_err, ".err");
    return o;
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
    if (faults_now->blocks != 0 && !interrupted)
        return "kept memory";
    if (faults_now->files != 0 && !interrupted)
        return "kept a file open";
    if (program_entries() != entries + made_count(o))
        return "left a file";
    if (!files_good(j, o, good, o->code != good->code))
        return "left a part of its files";
    if (o->code == good->code || interrupted)
        return NULL;
    return o->code != f->code             ? "wrong exit code"
           : faults_sentence(program_err) ? NULL
                                          : "no sentence";
}

/* One job with one kind of fault; returns how many runs ended wrongly. */
static int attack(const job *j, const fault *f, const outcome *good, int64_t calls, int entries,
                  testing_rng *rng)
{
    int wrong = 0, borne = 0, runs = 0;
    int64_t few = faults_all() ? ALL : f->kind == FAULTS_MEMORY ? MORE : FEW;

    for (int64_t k = 1; k <= calls; k = faults_after(k, calls, few, rng)) {
        outcome o = run(j, f, k);
        const char *what = judge(j, &o, good, f, entries);
        runs++;
        borne += o.code == good->code;
        if (what != NULL && ++wrong <= SHOWN)
            print_error("%s, call %lld of %lld, '%s': %s; code %d, %lld blocks, %lld files: %s\n",
                        f->name, (long long)k, (long long)calls, j->line, what, o.code,
                        (long long)faults_now->blocks, (long long)faults_now->files, program_err);
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

    if ((j->flags & SLOW) != 0 && !faults_all())
        skip();
    testing_rng_init(&rng, testing_seed());
    good = run(j, NULL, 0);
    if (good.code > 1)
        fail_msg("'%s' ends with %d without a fault: %s", j->line, good.code, program_err);
    assert_int_equal(faults_now->blocks, 0);
    assert_int_equal(faults_now->files, 0);
    memcpy(calls, faults_now->calls, sizeof calls);
    for (int i = 0; i < MADE && j->made[i] != NULL; i++)
        assert_int_equal(unlink(j->made[i]), 0);
    entries = program_entries();
    for (size_t i = 0; i < FAULTS_COMMON; i++)
        wrong += attack(j, &faults_common[i], &good, calls[faults_common[i].kind], entries, &rng);
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
    calls = faults_now->calls[FAULTS_LOOK];
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
    faults_begin(state);
    faults_world_make();
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
