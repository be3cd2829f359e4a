/* serve, ask and stat, with every call of the system that one side makes failing in turn
 * (tests/faults.c) while the other side is well.
 *
 * A client ends with the right exit code and a sentence, or as if nothing had happened; it leaves
 * no file in part, and the keys that it had. A server that is not ready yet does the same; one that
 * is ready loses a connection at most, answers the next client and ends in good order. A sample of
 * the calls by default; with TEST_LONG all, up to some thousand of a kind.
 */
#define _XOPEN_SOURCE 700

#include "tests/faults_world.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

#include <ftw.h>
#include <time.h>

#include "tests/faults_run.h"

enum { FEW = 2, MORE = 8, ALL = 4000, SHOWN = 8, TRIES = 30000, KEPT = 8, PATH = 512 };

/* A line in which a blank and "AT" stand for the server's address over TCP. */
typedef struct job {
    const char *line;
    int fresh; /* nothing is kept from earlier runs */
} job;

static const fault of_network[] = {
    {"no address", FAULTS_SOCKET, EADDRINUSE, CODE_NETWORK},
    {"no socket", FAULTS_SOCKET, ENOMEM, CODE_MEMORY},
    {"an accept in vain", FAULTS_ACCEPT, ECONNABORTED, CODE_OK},
    {"an accept without descriptors", FAULTS_ACCEPT, EMFILE, CODE_OK},
    {"broken send", FAULTS_SEND, ECONNRESET, CODE_NETWORK},
    {"no buffer to send", FAULTS_SEND, ENOBUFS, CODE_NETWORK},
    {"send interrupted", FAULTS_SEND, EINTR, CODE_OK},
    {"a part sent", FAULTS_SEND, FAULTS_SHORT, CODE_OK},
    {"broken receive", FAULTS_RECEIVE, ECONNRESET, CODE_NETWORK},
    {"receive interrupted", FAULTS_RECEIVE, EINTR, CODE_OK},
    {"nothing received", FAULTS_RECEIVE, EAGAIN, CODE_OK},
    {"a part received", FAULTS_RECEIVE, FAULTS_SHORT, CODE_OK},
    {"no memory to wait", FAULTS_POLL, ENOMEM, CODE_MEMORY},
    {"wait interrupted", FAULTS_POLL, EINTR, CODE_OK},
    {"interrupted sending", FAULTS_SEND, FAULTS_INTERRUPT, CODE_INTERRUPTED},
    {"interrupted waiting", FAULTS_POLL, FAULTS_INTERRUPT, CODE_INTERRUPTED},
};

enum { FAULTS = FAULTS_COMMON + sizeof of_network / sizeof *of_network };

static const job clients[] = {
    {"ask unix:well.sock m.pgm", 1}, {"ask AT m.pgm --accept-new", 1},
    {"ask unix:well.sock m.pgm", 0}, {"ask AT m.pgm --json", 0},
    {"stat unix:well.sock", 0},      {"stat AT --accept-new", 1},
};

static const job servers[] = {
    {"serve --model m.onnx --listen unix:ill.sock --threads 1 --grace 5", 1},
    {"serve --model m.onnx --listen 127.0.0.1:0 --threads 1 --grace 5", 0},
};

static const fault *fault_at(size_t i)
{
    return i < FAULTS_COMMON ? &faults_common[i] : &of_network[i - FAULTS_COMMON];
}

/* ---- folders */

static int temporaries;
static struct {
    char path[PATH];
    ino_t number;
} kept[KEPT];
static int kept_count;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static int count_temporary(const char *path, const struct stat *info, int type, struct FTW *at)
{
    const char *name = path + at->base;
    size_t n = strlen(name);

    (void)info;
    temporaries += type == FTW_F && n >= 9 && name[0] == '.' && name[n - 7] == '.';
    return 0;
}

static int note_kept(const char *path, const struct stat *info, int type, struct FTW *at)
{
    const char *name = path + at->base;

    /* Plans and what servers offered are public, and written again when in doubt. */
    if (type == FTW_F && strcmp(name, "plan") != 0 && strstr(path, "/offers/") == NULL) {
        assert_true(kept_count < KEPT);
        snprintf(kept[kept_count].path, PATH, "%s", path);
        kept[kept_count++].number = info->st_ino;
    }
    return 0;
}

/* What an earlier run kept is the same file still. */
static int kept_all(void)
{
    struct stat info;

    for (int i = 0; i < kept_count; i++) {
        if (stat(kept[i].path, &info) != 0 || info.st_ino != kept[i].number)
            return 0;
    }
    return 1;
}

static int left_temporaries(void)
{
    temporaries = 0;
    assert_int_equal(nftw(".", count_temporary, 16, FTW_PHYS), 0);
    return temporaries;
}

static void empty(const char *folder)
{
    if (access(folder, F_OK) == 0)
        assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* ---- processes */

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int end_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return code_of(status);
}

/* Waits until a server says where it is; 0 when it ends instead. */
static int wait_ready(pid_t child, const char *out, char at[64], int *code)
{
    const struct timespec moment = {0, 2000000};
    char text[1024];

    for (int i = 0; i < TRIES; i++) {
        int status;
        const char *place;
        program_slurp(text, sizeof text, out);
        place = strstr(text, "listening on 127.0.0.1:");
        if (strstr(text, "\nkey ") != NULL) {
            if (place != NULL)
                sscanf(place, "listening on %63s", at);
            return 1;
        }
        if (waitpid(child, &status, WNOHANG) == child) {
            *code = code_of(status);
            return 0;
        }
        nanosleep(&moment, NULL);
    }
    fail_msg("the server is neither ready nor over");
    return 0;
}

/* ---- those who are well */

static pid_t well_server;
static char well_address[64];

static void start_well_server(void)
{
    int code = 0;

    well_server = fork();
    if (well_server == 0) {
        faults_redirect(STDOUT_FILENO, "well.out");
        faults_redirect(STDERR_FILENO, "well.err");
        faults_home("well");
        alarm(36000); /* whatever becomes of this test */
        faults_become("serve --model m.onnx --listen unix:well.sock --listen 127.0.0.1:0 "
                      "--threads 1 --quiet");
    }
    assert_true(well_server > 0);
    assert_true(wait_ready(well_server, "well.out", well_address, &code));
}

/* The codes that unseen(1) lists, of a client whose server had trouble. */
static int ask(const char *at)
{
    faults_home("asker");
    return program_run("ask %s m.pgm --accept-new --timeout 5", at);
}

static int is_documented(int code)
{
    return code == 0 ||
           ((code == 10 || code == CODE_NETWORK || code == CODE_MEMORY || code == CODE_BUSY) &&
            faults_sentence(program_err));
}

/* ---- one run of the side under test */

/* What it came to. */
typedef struct outcome {
    int code;
    int ready, early; /* a server that got there; that ended before it was told to */
    int first, then;  /* what its clients got */
} outcome;

static void line_of(char line[PATH], const job *j)
{
    const char *at = strstr(j->line, " AT");

    if (at == NULL)
        snprintf(line, PATH, "%s", j->line);
    else
        snprintf(line, PATH, "%.*s %s%s", (int)(at - j->line), j->line, well_address, at + 3);
}

static outcome run_client(const job *j, const fault *f, int64_t k)
{
    outcome o = {.code = 0};
    char line[PATH];

    line_of(line, j);
    if (j->fresh)
        empty("ill");
    faults_next(f, k);
    o.code = end_of(faults_start(line, j->fresh ? "ill" : "kept", "ill.out", "ill.err"));
    return o;
}

static outcome run_server(const job *j, const fault *f, int64_t k)
{
    outcome o = {.code = 0};
    char at[64] = "unix:ill.sock";
    int status;

    if (j->fresh)
        empty("ill");
    (void)unlink("ill.sock");
    (void)unlink("ill.out"); /* no words of the last one are to be taken for this one's */
    faults_next(f, k);
    pid_t server = faults_start(j->line, j->fresh ? "ill" : "kept", "ill.out", "ill.err");
    o.ready = wait_ready(server, "ill.out", at, &o.code);
    if (!o.ready)
        return o;
    o.first = ask(at);
    if (!is_documented(o.first))
        o.first = -1;
    else if (o.first != 0)
        o.then = ask(at);
    if (waitpid(server, &status, WNOHANG) == server) {
        o.code = code_of(status);
        o.early = 1;
        return o;
    }
    /* A second signal would end it at once. */
    if (f == NULL || f->error != FAULTS_INTERRUPT || faults_now->hits == 0)
        kill(server, SIGTERM);
    o.code = end_of(server);
    return o;
}

/* What is wrong with how a run ended, NULL when nothing is. */
static const char *judge(const outcome *o, const fault *f, int is_server)
{
    int interrupted = f != NULL && f->error == FAULTS_INTERRUPT && faults_now->hits != 0;

    if (o->code >= 128 && !(interrupted && o->code == CODE_INTERRUPTED))
        return o->code == 128 + SIGALRM ? "hung" : "died";
    if (left_temporaries() != 0)
        return "left a file in part";
    if (!kept_all())
        return "replaced what was kept";
    /* The second signal, where SIGTERM was the first, ends a server at once. */
    if (o->code == CODE_INTERRUPTED || (interrupted && o->code == CODE_BUSY))
        return NULL;
    if (faults_now->blocks != 0)
        return "kept memory";
    if (faults_now->files != 0)
        return "kept a file open";
    if (access("ill.sock", F_OK) == 0)
        return "left its socket";
    if (is_server && o->ready && o->first < 0)
        return "a client was left without a word";
    if (is_server && o->ready && !interrupted && (o->early || o->then != 0))
        return "does not serve any more";
    program_slurp(program_err, sizeof program_err, "ill.err");
    if (o->code == 0)
        return NULL;
    return f == NULL || o->code != f->code ? "wrong exit code"
           : faults_sentence(program_err)  ? NULL
                                           : "no sentence";
}

/* ---- all runs */

static int is_server(const job *j)
{
    return strncmp(j->line, "serve ", 6) == 0;
}

static outcome run(const job *j, const fault *f, int64_t k)
{
    return is_server(j) ? run_server(j, f, k) : run_client(j, f, k);
}

/* One job with one kind of fault; returns how many runs ended wrongly. */
static int attack(const job *j, const fault *f, int64_t calls, testing_rng *rng)
{
    int wrong = 0, borne = 0, runs = 0;
    int64_t few = faults_all() ? ALL : f->kind == FAULTS_MEMORY ? MORE : FEW;

    for (int64_t k = 1; k <= calls; k = faults_after(k, calls, few, rng)) {
        outcome o = run(j, f, k);
        const char *what = judge(&o, f, is_server(j));
        runs++;
        borne += o.code == 0;
        if (what != NULL && ++wrong <= SHOWN)
            print_error("%s, call %lld of %lld, '%s': %s; code %d, clients %d %d, %lld blocks, "
                        "%lld files: %s\n",
                        f->name, (long long)k, (long long)calls, j->line, what, o.code, o.first,
                        o.then, (long long)faults_now->blocks, (long long)faults_now->files,
                        program_err);
        /* What such a run has left in its folder is of use to the next. */
        if (!is_server(j) && j->fresh) {
            char line[PATH];
            line_of(line, j);
            faults_next(NULL, 0);
            assert_int_equal(end_of(faults_start(line, "ill", "ill.out", "ill.err")), 0);
        }
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
    int wrong = 0;

    testing_rng_init(&rng, testing_seed());
    good = run(j, NULL, 0);
    if (good.code != 0 || good.first != 0 || judge(&good, NULL, is_server(j)) != NULL)
        fail_msg("'%s' ends with %d without a fault: %s", j->line, good.code, program_err);
    memcpy(calls, faults_now->calls, sizeof calls);
    for (size_t i = 0; i < FAULTS; i++)
        wrong += attack(j, fault_at(i), calls[fault_at(i)->kind], &rng);
    assert_int_equal(wrong, 0);
    assert_int_equal(waitpid(well_server, NULL, WNOHANG), 0);
}

static int begin(void **state)
{
    char line[PATH];

    faults_begin(state);
    unsetenv("XDG_STATE_HOME");
    faults_world_model("m.onnx", "Mul");
    program_write("m.pgm", "P5 2 2 255\nunse", 15);
    empty("well");
    empty("asker");
    empty("kept");
    start_well_server();
    for (int k = 0; k < 2; k++) {
        snprintf(line, sizeof line, "ask %s m.pgm --accept-new",
                 k ? well_address : "unix:well.sock");
        faults_next(NULL, 0);
        assert_int_equal(end_of(faults_start(line, "kept", "ill.out", "ill.err")), 0);
    }
    assert_int_equal(nftw("kept", note_kept, 16, FTW_PHYS), 0);
    return 0;
}

static int end(void **state)
{
    if (well_server > 0) {
        kill(well_server, SIGTERM);
        assert_int_equal(end_of(well_server), 0);
    }
    return program_end(state);
}

int main(void)
{
    enum { CLIENTS = sizeof clients / sizeof *clients, SERVERS = sizeof servers / sizeof *servers };
    struct CMUnitTest tests[CLIENTS + SERVERS];

    for (size_t i = 0; i < CLIENTS + SERVERS; i++) {
        const job *j = i < CLIENTS ? &clients[i] : &servers[i - CLIENTS];
        tests[i] = (struct CMUnitTest){j->line, campaign, NULL, NULL, (void *)j};
    }
    return cmocka_run_group_tests(tests, begin, end);
}

#else

/* Another C library, or a sanitizer with an allocator of its own. */
int main(void)
{
    return 77;
}

#endif
