/* A server among many clients: those who keep the rules lose nothing and are served evenly,
 * whatever others do; it needs no more memory or descriptors with time, nothing while nobody asks,
 * and it ends when it is told to.
 *
 * By default a tiny network and seconds; with TEST_LONG cryptonets, 200 connections of which 150
 * are bad, and more than 20,000 requests.
 */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

#include <poll.h>
#include <signal.h>

#include "tests/crowd/bad.h"
#include "tests/crowd/good.h"
#include "tests/crowd/served.h"
#include "tools/cli.h"

enum { GOOD_MOST = 50, BAD_MOST = 150, TURN_MS = 5, LANES = 2, DEAF_MS = 3000 };

/* The sanitizers keep what is freed for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KEEPS_FREED = 1 };
#else
enum { KEEPS_FREED = 0 };
#endif

static world w;
static served server;
static char model[4096], digits[4096];
static crowd_good goods[GOOD_MOST];
static crowd_bad bads[BAD_MOST];
static size_t good_count, bad_count;

static int begin(void **state)
{
    const char *source = getenv("top_srcdir");
    char root[2048];

    assert_non_null(realpath(source != NULL ? source : ".", root));
    program_begin(state);
    snprintf(digits, sizeof digits, "%s/data/digits", root);
    if (testing_long())
        snprintf(model, sizeof model, "%s/data/mnist/cryptonets.onnx", root);
    else
        program_model("tiny.onnx", 1, 0);
    world_make(&w, testing_long() ? model : "tiny.onnx", digits, WORLD_KEYS);
    return 0;
}

static int end(void **state)
{
    world_free(&w);
    return program_end(state);
}

/* Bytes that the keys of a client take in the server, while their file is there beside them. */
static size_t upload_bytes(void)
{
    return w.keys[0].eval.size + (size_t)nn_plan_forecast(w.plan)->eval_key_memory;
}

static void serve(const char *options)
{
    char line[8192];

    snprintf(line, sizeof line, "--model %s --listen 127.0.0.1:0 --threads %d --lanes %d %s",
             testing_long() ? model : "tiny.onnx", LANES, LANES, options);
    served_start(&server, program_path, line);
}

/* A counter of the server. */
static uint64_t count_of(const char *name)
{
    char member[80];
    const char *at;

    program_expect(0, "stat %s --server-key %s", server.address, server.key);
    snprintf(member, sizeof member, "\"%s\": ", name);
    at = strstr(program_out, member);
    assert_non_null(at);
    return strtoull(at + strlen(member), NULL, 10);
}

/* One turn of everybody. */
static void turn(void)
{
    struct pollfd p[GOOD_MOST + BAD_MOST];

    for (size_t i = 0; i < good_count; i++)
        p[i] = (struct pollfd){.fd = goods[i].line.fd, .events = line_events(&goods[i].line, 0)};
    for (size_t i = 0; i < bad_count; i++)
        p[good_count + i] = (struct pollfd){.fd = bads[i].line.fd, .events = bad_events(&bads[i])};
    assert_true(poll(p, (nfds_t)(good_count + bad_count), TURN_MS) >= 0);
    for (size_t i = 0; i < good_count; i++)
        good_pump(&goods[i], p[i].revents);
    for (size_t i = 0; i < bad_count; i++)
        bad_pump(&bads[i], p[good_count + i].revents);
}

/* Turns until all good clients stand where they should, or one is lost. */
static void turns_until(good_stage stage, double seconds)
{
    double until = cli_seconds() + seconds;
    size_t there = 0;

    while (there < good_count) {
        turn();
        there = 0;
        for (size_t i = 0; i < good_count; i++) {
            assert_int_not_equal(goods[i].stage, GOOD_LOST);
            there += goods[i].stage == stage;
        }
        if (cli_seconds() > until) {
            print_error("%zu of %zu good clients came to stage %d in %.0f s\n", there, good_count,
                        (int)stage, seconds);
            fail();
        }
    }
}

static void turns_for(double seconds)
{
    double until = cli_seconds() + seconds;
    while (cli_seconds() < until)
        turn();
}

static void begin_crowd(size_t good, size_t bad, size_t requests)
{
    good_count = bad_count = 0;
    for (; bad_count < bad; bad_count++)
        bad_begin(&bads[bad_count], (bad_kind)(bad_count % BAD_KINDS), &w, server.address,
                  testing_seed() + bad_count);
    for (; good_count < good; good_count++)
        good_begin(&goods[good_count], &w, server.address, server.key, good_count % WORLD_KEYS,
                   requests);
}

static void end_crowd(void)
{
    while (good_count > 0)
        good_end(&goods[--good_count]);
    while (bad_count > 0)
        bad_end(&bads[--bad_count]);
}

/* After each test, also one that failed. */
static int clean_up(void **state)
{
    (void)state;
    end_crowd();
    if (server.pid != 0)
        (void)served_end(&server, SIGKILL, 10.0);
    return 0;
}

/* ---- many good ones, more bad ones ---- */

static size_t fewest(const size_t *base)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < good_count; i++) {
        size_t n = goods[i].answered - base[i];
        least = n < least ? n : least;
    }
    return least;
}

static size_t most(const size_t *base)
{
    size_t largest = 0;
    for (size_t i = 0; i < good_count; i++) {
        size_t n = goods[i].answered - base[i];
        largest = n > largest ? n : largest;
    }
    return largest;
}

/* Answers that each good client got between the time when all had some and that when the first had
 * all. In between every one of them has requests that wait, so that in turns their starts differ by
 * at most one; at both ends up to a window of each client's requests is begun and not yet counted
 * here. So no two of them differ by more than 1 + 2 windows. */
static void served_evenly(double seconds)
{
    const size_t none[GOOD_MOST] = {0};
    size_t base[GOOD_MOST];
    double until = cli_seconds() + seconds, begun = cli_seconds();
    int done = 0;

    while (fewest(none) < 2) {
        turn();
        assert_true(cli_seconds() < until);
    }
    for (size_t i = 0; i < good_count; i++)
        base[i] = goods[i].answered;
    while (!done) {
        turn();
        for (size_t i = 0; i < good_count; i++)
            done |= goods[i].stage == GOOD_DONE;
        assert_true(cli_seconds() < until);
    }
    printf("# %.1f s: answers of equal clients between %zu and %zu\n", cli_seconds() - begun,
           fewest(base), most(base));
    assert_true(most(base) - fewest(base) <= 1 + 2 * GOOD_WINDOW);
}

static void report(void)
{
    int64_t longest = 0;
    size_t answered = 0, busy = 0, uploads = 0;

    for (size_t i = 0; i < good_count; i++) {
        assert_int_equal(goods[i].wrong, 0);
        longest = goods[i].longest > longest ? goods[i].longest : longest;
        answered += goods[i].answered;
        busy += goods[i].busy;
        uploads += goods[i].uploads;
    }
    printf("# %zu answers, all right; the slowest took %lld ms; %zu times busy, %zu uploads\n",
           answered, (long long)longest, busy, uploads);
}

static void the_good_lose_nothing_among_the_bad(void **state)
{
    const int large = testing_long();
    const size_t good = large ? GOOD_MOST : 10, bad = large ? BAD_MOST : 30;
    const size_t requests = large ? 100 : 30;

    (void)state;
    serve("");
    begin_crowd(good, bad, requests);
    turns_until(GOOD_HOLDS, 120.0);
    for (size_t i = 0; i < good_count; i++)
        good_go(&goods[i]);
    served_evenly(600.0);
    turns_until(GOOD_DONE, 600.0);
    report();
    end_crowd();
    assert_int_equal(count_of("request_errors_total"), 0);
    printf("# %llu connections, %llu of them cut for being slow, %llu failed\n",
           (unsigned long long)count_of("connections_total"),
           (unsigned long long)count_of("connections_timed_out_total"),
           (unsigned long long)count_of("connections_failed_total"));
    assert_int_equal(served_end(&server, SIGTERM, 40.0), 0);
}

/* Whoever is silent or slow, sends what may not come or takes nothing is sent away or told off
 * before long; who never reads finds out when it does. */
static void the_bad_are_sent_away(void **state)
{
    size_t left;

    (void)state;
    serve("--timeout 1 --idle 1");
    begin_crowd(0, testing_long() ? BAD_MOST : 30, 0);
    left = bad_count;
    for (int tries = 0; left > 0 && tries < 60; tries++) {
        turns_for(0.5);
        left = 0;
        for (size_t i = 0; i < bad_count; i++) {
            bads[i].hears = bads[i].deaf != 0 && cli_milliseconds() - bads[i].deaf >= DEAF_MS;
            left += bads[i].rebuffs == 0;
        }
    }
    for (size_t i = 0; i < bad_count; i++) {
        if (bads[i].rebuffs == 0)
            print_error("a bad client of kind %d was left alone\n", (int)bads[i].kind);
    }
    assert_int_equal(left, 0);
    end_crowd();
    assert_true(count_of("connections_timed_out_total") > 0);
    assert_int_equal(served_end(&server, SIGTERM, 40.0), 0);
}

/* ---- nobody asks ---- */

static void idle_clients_cost_nothing(void **state)
{
    const size_t idle = testing_long() ? BAD_MOST : 30;
    double before, after;

    (void)state;
    serve("");
    good_count = 0;
    for (bad_count = 0; bad_count < idle; bad_count++)
        bad_begin(&bads[bad_count], bad_count % 2 == 0 ? BAD_IDLE : BAD_SILENT, &w, server.address,
                  bad_count);
    turns_for(1.0);
    before = served_seconds(&server);
    turns_for(2.0);
    after = served_seconds(&server);
    printf("# %zu idle clients for 2 s: %.3f s of processor time\n", idle, after - before);
    if (before >= 0.0)
        assert_true(after - before <= 0.1);
    end_crowd();
    assert_int_equal(served_end(&server, SIGTERM, 40.0), 0);
}

/* ---- the end ---- */

static void the_end_comes_in_time(void **state)
{
    static const bad_kind stuck[] = {BAD_SILENT, BAD_IDLE, BAD_DEAF, BAD_HALF_KEYS, BAD_FLOOD};
    double begun;
    int status;

    (void)state;
    serve("--grace 2");
    good_count = 0;
    for (bad_count = 0; bad_count < 10; bad_count++)
        bad_begin(&bads[bad_count], stuck[bad_count % 5], &w, server.address, bad_count);
    turns_for(2.0);
    begun = cli_seconds();
    status = served_end(&server, SIGTERM, 40.0);
    printf("# with stuck clients the end took %.1f s\n", cli_seconds() - begun);
    assert_true(status == 0 || status == 75);
    assert_true(cli_seconds() - begun < 2.0 + 10.0);
    end_crowd();
}

/* ---- a long day ---- */

enum { LINES = 4, EACH = 13 };

/* Some connections with some requests each, every connection with the next keys. */
static void ask_for_a_while(size_t *keys)
{
    good_count = LINES;
    for (size_t i = 0; i < LINES; i++)
        good_begin(&goods[i], &w, server.address, server.key, (*keys)++ % WORLD_KEYS, EACH);
    turns_until(GOOD_HOLDS, 120.0);
    for (size_t i = 0; i < LINES; i++)
        good_go(&goods[i]);
    turns_until(GOOD_DONE, 120.0);
    for (size_t i = 0; i < LINES; i++) {
        assert_int_equal(goods[i].wrong, 0);
        good_end(&goods[i]);
    }
    good_count = 0;
}

/* Once every connection is gone from the server too. */
static int settled_descriptors(void)
{
    int least = 1 << 20;
    for (int i = 0; i < 100; i++) {
        int n = served_descriptors(&server);
        least = n < least ? n : least;
        (void)poll(NULL, 0, 2);
    }
    return least;
}

/* Memory goes up and down with the keys that are there; what leaks shows in the mean, which is
 * compared between the second and the last quarter of the day. Keys that are lost would show at
 * once: every connection brings some. */
static void a_long_day_leaves_nothing_behind(void **state)
{
    enum { PARTS = 4 };
    const size_t rounds = testing_long() ? 400 : 8;
    /* A short day has a few connections in a quarter: which keys are there then is chance. */
    const double allowance = testing_long() ? 2048.0 : 2.0 * (double)upload_bytes() / 1024.0;
    char options[80];
    double memory[PARTS], begun = cli_seconds();
    int descriptors[PARTS];
    size_t keys = 0;

    (void)state;
    /* Room for the keys of five clients, or of fewer while others are on their way. */
    snprintf(options, sizeof options, "--key-memory %zu", 5 * upload_bytes());
    serve(options);
    for (size_t i = 0; i < PARTS; i++) {
        memory[i] = 0.0;
        for (size_t k = 0; k < rounds / PARTS; k++) {
            ask_for_a_while(&keys);
            memory[i] += (double)served_memory(&server, "VmRSS:") / (double)(rounds / PARTS);
        }
        descriptors[i] = settled_descriptors();
        printf("# %zu requests, %.0f s: %.0f KiB, %d descriptors\n",
               (i + 1) * rounds / PARTS * LINES * EACH, cli_seconds() - begun, memory[i],
               descriptors[i]);
    }
    assert_true(count_of("responses_total") >= rounds * LINES * EACH);
    assert_true(count_of("keys_evicted_total") > 0);
    assert_int_equal(served_end(&server, SIGTERM, 40.0), 0);
    for (int i = 1; i < PARTS && descriptors[0] >= 0; i++)
        assert_int_equal(descriptors[i], descriptors[0]);
    if (descriptors[0] >= 0 && !KEEPS_FREED)
        assert_true(memory[PARTS - 1] <= 1.05 * memory[1] + allowance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_good_lose_nothing_among_the_bad, clean_up),
        cmocka_unit_test_teardown(the_bad_are_sent_away, clean_up),
        cmocka_unit_test_teardown(idle_clients_cost_nothing, clean_up),
        cmocka_unit_test_teardown(the_end_comes_in_time, clean_up),
        cmocka_unit_test_teardown(a_long_day_leaves_nothing_behind, clean_up),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, begin, end);
}
