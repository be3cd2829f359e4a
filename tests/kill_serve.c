/* Server and client killed at any moment: the next start is clean, no file is there in part, and no
 * answer is wrong.
 *
 * By default a tiny network and some kills, with TEST_LONG cryptonets and 200 of each side.
 */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>

#include "tests/crowd/served.h"
#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/file.h"
#include "tools/image.h"
#include "tools/load.h"

enum { ENDED_WELL = 0, NETWORK = 69, BUSY = 75 };

static served server;
static char model[4096], picture[4096], place[320];
static size_t label;
static double first_seconds, next_seconds, start_seconds; /* what undisturbed runs take */
static testing_rng rng;

static void serve(const char *at)
{
    char line[9000];

    snprintf(line, sizeof line,
             "--model %s --listen %s --identity server.id --threads 1 --timeout 5", model, at);
    served_start(&server, program_path, line);
}

static pid_t spawn_serve(const char *at)
{
    char line[9000];

    snprintf(line, sizeof line,
             "serve --model %s --listen %s --identity server.id --threads 1 --timeout 5", model,
             at);
    return served_spawn(program_path, line, "server");
}

static pid_t spawn_ask(void)
{
    char line[9000];

    snprintf(line, sizeof line, "ask %s %s --accept-new --timeout 5", place, picture);
    return served_spawn(program_path, line, "ask");
}

static int wait_for(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What ask printed is the label, after the picture's name. */
static void right_answer(void)
{
    char text[8192];
    const char *at;

    program_slurp(text, sizeof text, "ask.out");
    at = strchr(text, '\t');
    assert_non_null(at);
    assert_int_equal(strtoul(at + 1, NULL, 10), label);
}

static double ask_well(void)
{
    double start = cli_seconds();
    int status = wait_for(spawn_ask());

    if (status != 0) {
        program_slurp(program_err, sizeof program_err, "ask.log");
        print_error("ask left with %d: %s\n", status, program_err);
    }
    assert_int_equal(status, 0);
    right_answer();
    return cli_seconds() - start;
}

static void sleep_below(double seconds)
{
    struct timespec t = {0, 0};
    double s = testing_uniform(&rng, 0.0, seconds);

    t.tv_sec = (time_t)s;
    t.tv_nsec = (long)(1e9 * (s - (double)t.tv_sec));
    nanosleep(&t, NULL);
}

/* ---- the state folder ---- */

static int temporaries;

static int is_line_of_keys(const char *text, size_t n)
{
    size_t digits = 0;

    if (n == 0 || text[n - 1] != '\n')
        return 0;
    while (digits < n - 1 && strchr("0123456789abcdef", text[n - 2 - digits]) != NULL)
        digits++;
    return digits == 64 && text[n - 2 - digits] == ' ';
}

/* One file of the state folder is whole: by the program's own judgement where it has one. */
static int is_whole(const char *path, const char *name)
{
    char text[4096];
    size_t n;

    if (strcmp(name, "known_servers") != 0 && strstr(path, "/offers/") == NULL)
        return program_run("inspect %s", path) == 0;
    n = program_slurp(text, sizeof text, path);
    if (strcmp(name, "known_servers") == 0)
        return is_line_of_keys(text, n);
    return n == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int look(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    const char *name = path + at->base;

    (void)info;
    if (kind != FTW_F)
        return 0;
    if (output_is_temporary(name)) {
        /* As if an hour had passed, and some. */
        const struct timespec then[2] = {{time(NULL) - 4000, 0}, {time(NULL) - 4000, 0}};
        temporaries++;
        return utimensat(AT_FDCWD, path, then, 0);
    }
    if (is_whole(path, name))
        return 0;
    print_error("%s is not whole: %s\n", path, program_err);
    return 1;
}

/* Every file under its own name is whole; temporary ones grow old. Returns how many there are. */
static int look_at_state(void)
{
    temporaries = 0;
    assert_int_equal(nftw("state", look, 8, FTW_PHYS), 0);
    return temporaries;
}

static void forget(void)
{
    assert_int_equal(system("rm -rf state && mkdir state"), 0);
}

/* ---- set-up ---- */

static void expect_label(void)
{
    char why[WHY_BYTES] = "";
    nn_model *m = NULL;
    float *image, logits[PROGRAM_LABELS];

    assert_int_equal(load_model(&m, model), CLI_OK);
    image = calloc(nn_shape_count(nn_model_input(m)), sizeof *image);
    assert_non_null(image);
    assert_int_equal(image_read(image, nn_model_input(m), picture), CLI_OK);
    assert_int_equal(nn_model_run(m, logits, image, why, sizeof why), NN_OK);
    label = answer_label(logits, PROGRAM_LABELS);
    free(image);
    nn_model_free(m);
}

static int begin(void **state)
{
    const char *source = getenv("top_srcdir");
    char root[2048], folder[4096];

    assert_non_null(realpath(source != NULL ? source : ".", root));
    program_begin(state);
    snprintf(picture, sizeof picture, "%s/data/digits/3.pgm", root);
    snprintf(model, sizeof model, "%s/data/mnist/cryptonets.onnx", root);
    if (!testing_long()) {
        snprintf(model, sizeof model, "tiny.onnx");
        program_model(model, 1, 0);
    }
    expect_label();
    assert_non_null(getcwd(folder, sizeof folder - 16));
    strcat(folder, "/state");
    assert_int_equal(setenv("XDG_STATE_HOME", folder, 1), 0);
    testing_rng_init(&rng, testing_seed());
    return 0;
}

/* The address to come back to, and how long things take. */
static void begin_at(const char *at)
{
    double start = cli_seconds();

    forget();
    serve(at);
    start_seconds = cli_seconds() - start;
    snprintf(place, sizeof place, "%s", server.address);
    first_seconds = ask_well();
    next_seconds = ask_well();
    printf("# %s: start %.0f ms, first contact %.0f ms, then %.0f ms\n", place, 1e3 * start_seconds,
           1e3 * first_seconds, 1e3 * next_seconds);
}

static int clean_up(void **state)
{
    (void)state;
    if (server.pid != 0)
        (void)served_end(&server, SIGKILL, 10.0);
    return 0;
}

static int kills(void)
{
    return testing_long() ? 100 : 5;
}

/* ---- the server ---- */

/* Killed while it is asked; now and then also while it starts, or when keys have to be sent. */
static void kill_servers(const char *at)
{
    int answered = 0, left = 0;

    begin_at(at);
    for (int i = 0; i < kills(); i++) {
        pid_t ask;
        int status;
        if (i % 4 == 3)
            forget();
        ask = spawn_ask();
        sleep_below(1.2 * (i % 4 == 3 ? first_seconds : next_seconds));
        assert_int_equal(served_end(&server, SIGKILL, 10.0), 128 + SIGKILL);
        status = wait_for(ask);
        if (status == ENDED_WELL)
            right_answer();
        else
            assert_true(status == NETWORK || status == BUSY);
        answered += status == ENDED_WELL;
        if (i % 3 == 0) {
            pid_t starting = spawn_serve(place);
            sleep_below(start_seconds);
            kill(starting, SIGKILL);
            wait_for(starting);
        }
        serve(place);
        left += look_at_state();
        ask_well();
    }
    printf("# %d servers killed, %d answers came before; %d temporary files of clients\n", kills(),
           answered, left);
    assert_int_equal(served_end(&server, SIGTERM, 10.0), 0);
    assert_int_equal(program_run("inspect server.id"), 0);
}

static void servers_come_back_on_tcp(void **state)
{
    (void)state;
    kill_servers("127.0.0.1:0");
}

static void servers_come_back_on_sockets_of_the_file_system(void **state)
{
    (void)state;
    kill_servers("unix:here.sock");
    assert_false(program_has("here.sock"));
}

/* ---- the client ---- */

static void clients_come_back(void **state)
{
    int ended = 0, left = 0;

    (void)state;
    begin_at("127.0.0.1:0");
    for (int i = 0; i < 2 * kills(); i++) {
        pid_t ask;
        int status;
        forget();
        ask = spawn_ask();
        sleep_below(1.1 * first_seconds);
        kill(ask, SIGKILL);
        status = wait_for(ask);
        assert_true(status == 0 || status == 128 + SIGKILL);
        if (status == 0)
            right_answer();
        ended += status == 0;
        left += look_at_state();
        ask_well();
        ask_well();
        assert_int_equal(look_at_state(), 0); /* what was left behind is gone */
    }
    printf("# %d clients killed at first contact, %d had ended; they left %d temporary files\n",
           2 * kills(), ended, left);
    assert_int_equal(served_end(&server, SIGTERM, 10.0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(servers_come_back_on_tcp, clean_up),
        cmocka_unit_test_teardown(servers_come_back_on_sockets_of_the_file_system, clean_up),
        cmocka_unit_test_teardown(clients_come_back, clean_up),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
