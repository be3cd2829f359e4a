/* What the fault campaigns share: the faults, and runs of the program in which one of them happens.
 */
#ifndef UNSEEN_TESTS_FAULTS_RUN_H
#define UNSEEN_TESTS_FAULTS_RUN_H

#include "tests/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "tests/faults.h"

enum { FAULTS_WORDS = 24, FAULTS_SECONDS = 60 };

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
    CODE_NETWORK = 69,
    CODE_MEMORY = 70,
    CODE_ENTROPY = 71,
    CODE_IO = 74,
    CODE_BUSY = 75,
    CODE_INTERRUPTED = 128 + SIGINT
};

/* What every subcommand can meet. */
static const fault faults_common[] = {
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

enum { FAULTS_COMMON = sizeof faults_common / sizeof *faults_common };

/* What the library says of the run that goes on, or of the last one. */
static faults_board *faults_now;
static char faults_library[4096];

/** Whether all calls are to fail and not a sample of them. */
static inline int faults_all(void)
{
    return getenv("TEST_LONG") != NULL;
}

static inline void faults_redirect(int fd, const char *path)
{
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || dup2(to, fd) < 0)
        _exit(126);
    close(to);
}

static inline void faults_become(const char *line)
{
    static char words[1024];
    char *argv[FAULTS_WORDS + 2] = {program_path};
    int n = 1;

    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w != NULL && n <= FAULTS_WORDS; w = strtok(NULL, " "))
        argv[n++] = w;
    /* A shell starts what runs in the background with SIGINT ignored, and that is inherited. */
    signal(SIGINT, SIG_DFL);
    setenv("OMP_NUM_THREADS", "1", 1);
    execv(program_path, argv);
    _exit(127);
}

/** The home folder of this process from now on; only a whole path counts for the program. */
static inline void faults_home(const char *folder)
{
    char here[3000], path[4096];

    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/%s", here, folder);
    assert_int_equal(setenv("HOME", path, 1), 0);
}

/** Set the board for the next run: the k-th call fails; NULL for none. */
static inline void faults_next(const fault *f, int64_t k)
{
    *faults_now = (faults_board){.k = f != NULL ? k : 0};
    if (f != NULL) {
        faults_now->kind = (int32_t)f->kind;
        faults_now->error = f->error;
    }
}

/** Start the program with the board's fault; words of the line are parted by single blanks.
 *
 *  In:      home   the home folder; NULL: as it is
 *           out, err   files
 */
static inline pid_t faults_start(const char *line, const char *home, const char *out,
                                 const char *err)
{
    pid_t child = fork();

    if (child == 0) {
        faults_redirect(STDOUT_FILENO, out);
        faults_redirect(STDERR_FILENO, err);
        setenv("LD_PRELOAD", faults_library, 1);
        setenv(FAULTS_BOARD, ".board", 1);
        if (home != NULL)
            faults_home(home);
        alarm(FAULTS_SECONDS); /* what hangs is killed */
        faults_become(line);
    }
    assert_true(child > 0);
    return child;
}

/** Whether the last line of what was said is a sentence of the program. */
static inline int faults_sentence(const char *text)
{
    size_t length = strlen(text), start = length > 0 ? length - 1 : 0;

    while (start > 0 && text[start - 1] != '\n')
        start--;
    text += start;
    length -= start;
    return length > 25 && strncmp(text, "unseen ", 7) == 0 && text[length - 1] == '\n' &&
           strstr(text, "_ERR_") == NULL;
}

/** Which call to fail after the k-th: all of a few, or else the first, the last, and some between.
 */
static inline int64_t faults_after(int64_t k, int64_t calls, int64_t few, testing_rng *rng)
{
    int64_t step = calls / few, last = calls - few; /* the end is where files are written */

    if (step < 2 || k < few / 2 || k >= last)
        return k + 1;
    k += 1 + (int64_t)testing_below(rng, (size_t)(2 * step));
    return k < last ? k : last;
}

/** Group setup: as program_begin, and the board. */
static inline void faults_begin(void **state)
{
    const char *build = getenv("top_builddir");
    char here[3000];
    int fd;

    assert_non_null(getcwd(here, sizeof here));
    snprintf(faults_library, sizeof faults_library, "%s/tests/faults.so",
             build != NULL ? build : here);
    assert_int_equal(access(faults_library, R_OK), 0);
    program_begin(state);
    fd = open(".board", O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0 && ftruncate(fd, sizeof *faults_now) == 0);
    faults_now = mmap(NULL, sizeof *faults_now, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(faults_now != MAP_FAILED);
    close(fd);
}

#endif
