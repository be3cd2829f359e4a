/* Many requests by a manifest: encrypted, run in shares, verified, decrypted. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

enum { USAGE = 2, DAMAGED = 3, MISMATCH = 4, NO_FILE = 8, INPUT_OUTPUT = 74, ITEMS = 5 };

static int begin(void **state)
{
    program_begin(state);
    program_model("a.onnx", 1, 0);
    program_idx("a.images", "a.labels", ITEMS + 2, 3);
    program_expect(0, "plan a.onnx -o a.plan");
    program_expect(0, "keygen a.plan -s a.secret -e a.eval");
    program_expect(0,
                   "encrypt a.plan a.secret a.images --index 1 --count %d --output-dir in "
                   "--manifest list",
                   ITEMS);
    return 0;
}

/* How often a part of a text occurs in what the last command printed. */
static int times(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void the_list_names_every_request(void **state)
{
    char list[512];

    (void)state;
    program_slurp(list, sizeof list, "list");
    assert_string_equal(list, "in/000001.request\nin/000002.request\nin/000003.request\n"
                              "in/000004.request\nin/000005.request\n");
    program_expect(USAGE, "encrypt a.plan a.secret a.images --index 4 --count 4 --output-dir no");
    program_one_sentence("encrypt", "there are no pictures 4 to 7, the file has 7");
    program_expect(USAGE, "encrypt a.plan a.secret a.images --index 7 --output-dir no");
    program_expect(USAGE, "encrypt a.plan a.secret a.images --count 2 -o no");
    program_expect(USAGE, "encrypt a.plan a.secret a.images --output-dir no -o no");
    program_expect(NO_FILE, "encrypt a.plan a.secret a.images --output-dir list");
    program_one_sentence("encrypt", "list: cannot be made a folder");
    assert_false(program_has("no"));
}

/* Two shares do all once; a second run finds nothing to do, byte for byte. */
static void shares_make_the_whole(void **state)
{
    (void)state;
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir out --shard 2/2 --log l2");
    assert_string_equal(program_out, "");
    assert_true(program_has("out/000002.response") && program_has("out/000004.response"));
    assert_false(program_has("out/000001.response"));
    program_expect(0, "infer a.onnx a.eval --manifest - --output-dir out --shard 1/2 <list");
    assert_int_equal(times(program_out, "\"status\": \"done\""), 3);
    assert_int_equal(times(program_out, "\"shard\": 1, \"shards\": 2, \"items\": 3, \"done\": 3, "
                                        "\"skipped\": 0, \"failed_permanently\": 0, "
                                        "\"failed_transiently\": 0, \"code\": 0"),
                     1);
    assert_int_equal(times(program_out, "\n"), 4);
    program_slurp(program_out, sizeof program_out, "l2");
    assert_int_equal(times(program_out, "\"status\": \"done\""), 2);
    program_expect(0, "--version; cat out/*.response | cksum >sum");
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir out --threads 1");
    assert_int_equal(times(program_out, "\"status\": \"skipped\""), ITEMS);
    program_expect(0, "--version; cat out/*.response | cksum | cmp - sum");
}

/* Each says what it is, and only what is missing or wrong is made again. */
static void what_is_wrong_is_made_again(void **state)
{
    (void)state;
    assert_int_equal(unlink("out/000001.response"), 0);
    program_spoil("out/000002.response", "out/000002.response", 0,
                  (long)program_file_size("out/000002.response") / 2);
    program_spoil("out/000004.response", "out/000004.response", 3000, -1);
    program_expect(0, "--version; cp out/000005.response out/000003.response");
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir out");
    assert_int_equal(times(program_out, "\"status\": \"skipped\""), 1);
    assert_int_equal(times(program_out, "\"status\": \"done\""), 4);
    assert_non_null(strstr(program_err, "out/000003.response: made again: it answers another"));
    assert_non_null(strstr(program_err, "out/000002.response: made again: a ciphertext: damaged"));
    assert_non_null(strstr(program_err, "out/000004.response: made again: the file is cut short"));
    assert_int_equal(times(program_err, "\n"), 3);
}

/* Labels of all, as they come one by one; a response in another's place is found. */
static void answers_are_those_of_their_requests(void **state)
{
    char many[PROGRAM_TEXT];

    (void)state;
    program_expect(0, "decrypt a.plan a.secret --manifest list --output-dir out");
    assert_string_equal(program_err, "");
    memcpy(many, program_out, sizeof many);
    assert_int_equal(times(many, "\n"), ITEMS);
    for (int k = 1; k <= ITEMS; k++) {
        char line[64];
        program_expect(0, "decrypt a.plan a.secret out/00000%d.response", k);
        snprintf(line, sizeof line, "out/00000%d.response\t%d\t", k, atoi(program_out + 12));
        assert_non_null(strstr(many, line));
    }
    program_expect(0, "decrypt a.plan a.secret --manifest list --output-dir out --json");
    assert_int_equal(times(program_out, "\n"), ITEMS);
    assert_int_equal(times(program_out, "\"label\": "), ITEMS);

    program_expect(0, "--version; mkdir other; cp out/* other; "
                      "cp other/000001.response other/000002.response; rm other/000003.response");
    program_expect(MISMATCH, "decrypt a.plan a.secret --manifest list --output-dir other --json");
    assert_int_equal(times(program_out, "\"label\": "), ITEMS - 2);
    assert_int_equal(times(program_out, "\"code\": 4, \"error\": \"is not the answer to "), 1);
    assert_int_equal(times(program_out, "\"code\": 8, "), 1);
    /* Without its request nobody can tell. */
    program_expect(0, "--version; printf 'gone.request\\tother/000001.response\\n' >short");
    program_expect(0, "decrypt a.plan a.secret --manifest short");
    program_expect(USAGE, "decrypt a.plan a.secret --output-dir out out/000001.response");
    program_expect(USAGE, "decrypt a.plan a.secret");
}

/* The others are run, and the status is that of the failure. */
static void a_failure_does_not_stop_the_others(void **state)
{
    (void)state;
    program_expect(0, "--version; mkdir bad; cp in/* bad; ls bad/* >badlist; "
                      "printf 'cut\\nnone\\na.secret\\n' >>badlist; head -c 900 list >cut");
    program_spoil("bad/000002.request", "bad/000002.request", 0, 5000);
    program_expect(DAMAGED, "infer a.onnx a.eval --manifest badlist --output-dir out2");
    assert_int_equal(times(program_out, "\"status\": \"done\""), 4);
    assert_int_equal(times(program_out, "\"status\": \"failed\", \"code\": 3, "), 2);
    assert_int_equal(times(program_out, "\"status\": \"failed\", \"code\": 8, "), 1);
    assert_int_equal(times(program_out, "\"status\": \"failed\", \"code\": 7, "), 1);
    assert_non_null(strstr(program_out, "\"failed_permanently\": 4, \"failed_transiently\": 0, "
                                        "\"code\": 3"));
    assert_non_null(strstr(program_err, "unseen infer: bad/000002.request: "));
    assert_false(program_has("out2/000002.response"));
    /* Keys of another client are nobody's fault but the manifest's. */
    program_expect(0, "keygen a.plan -s o.secret -e o.eval");
    program_expect(MISMATCH, "infer a.onnx o.eval --manifest list --output-dir out3");
    assert_int_equal(times(program_out, "\"code\": 4, \"transient\": false"), ITEMS);
}

/* A disk that is full: three items, and the rest is left for later. */
static void what_may_pass_is_told_apart(void **state)
{
    (void)state;
    program_expect(INPUT_OUTPUT, "--version >/dev/null; mkdir full; ulimit -f 8; "
                                 "$U infer a.onnx a.eval --manifest list --output-dir full");
    assert_int_equal(times(program_out, "\"code\": 74, \"transient\": true"), 3);
    assert_non_null(strstr(program_out, "\"failed_transiently\": 3, \"code\": 74"));
    assert_non_null(strstr(program_err, "three items in a row failed for a passing reason"));
    program_expect(0, "--version; test -z \"$(ls -A full)\"");
    /* One of them alone is enough for the status, whatever else there is. */
    program_expect(0,
                   "--version; printf 'none\\tout/none\\nin/000001.request\\t/dev/full\\n' >mixed");
    program_expect(INPUT_OUTPUT, "infer a.onnx a.eval --manifest mixed");
    assert_int_equal(times(program_out, "\"code\": 8, "), 1);
}

static void write_list(const char *text)
{
    program_write("badlist", text, strlen(text));
}

static void lists_that_are_none(void **state)
{
    static const struct {
        const char *text, *sentence;
    } bad[] = {
        {"in/000001.request\n", "line 1 names no response"},
        {"# first\n\na\tb\tc\n", "line 3 is not a path, or two"},
        {"\tb\n", "line 1 is not a path, or two"},
        {"a\t\n", "line 1 is not a path, or two"},
        {"a\tx\nb\ty\nc\tx\n", "lines 1 and 3 have the same response, x"},
        {"-\tx\n", "line 1 has '-'"},
        {"a\t-\n", "line 1 has '-'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_list(bad[i].text);
        program_expect(DAMAGED, "infer a.onnx a.eval --manifest badlist");
        program_one_sentence("infer", bad[i].sentence);
    }
    program_expect(DAMAGED, "infer a.onnx a.eval --manifest in/000001.request");
    program_one_sentence("infer", "this is no manifest");
    program_expect(NO_FILE, "infer a.onnx a.eval --manifest none");
    write_list("in/1.request\nelse/1.request\n");
    program_expect(DAMAGED, "infer a.onnx a.eval --manifest badlist --output-dir out");
    /* Nothing to do is done; the last line may lack its end, lines may end as on Windows. */
    write_list("# nothing\r\n\r\n");
    program_expect(0, "infer a.onnx a.eval --manifest badlist");
    assert_int_equal(times(program_out, "\"items\": 0"), 1);
    write_list("in/000001.request\tw.response\r\nin/000002.request\tv.response");
    program_expect(0, "infer a.onnx a.eval --manifest badlist");
    assert_true(program_has("w.response") && program_has("v.response"));
}

static void shares_from_the_environment(void **state)
{
    static const char *const bad[] = {"0/2",         "3/2",       "1",    "1/0",      "x/2",
                                      "/2",          "1/2/3",     "-1/2", "slurm/2x", "slurm/2,",
                                      "kubernetes/", "1/1000001", "",     "1 /2"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        program_expect(USAGE, "infer a.onnx a.eval --manifest list --shard '%s'", bad[i]);
    program_expect(USAGE, "infer a.onnx a.eval --manifest list --shard slurm/2");
    assert_non_null(strstr(program_err, "wants SLURM_ARRAY_TASK_ID in the environment"));
    program_expect(0, "--version; SLURM_ARRAY_TASK_ID=3 $U infer a.onnx a.eval --manifest list "
                      "--output-dir out --shard slurm/3");
    assert_int_equal(times(program_out, "\"shard\": 3, \"shards\": 3, \"items\": 1"), 1);
    program_expect(0, "--version; JOB_COMPLETION_INDEX=0 $U infer a.onnx a.eval --manifest list "
                      "--output-dir out --shard kubernetes/3");
    assert_int_equal(times(program_out, "\"shard\": 1, \"shards\": 3, \"items\": 2"), 1);
    program_expect(USAGE, "--version; JOB_COMPLETION_INDEX=3 $U infer a.onnx a.eval "
                          "--manifest list --output-dir out --shard kubernetes/3");
    assert_non_null(strstr(program_err, "from 0 to 2, and it is '3'"));
    program_expect(USAGE, "--version; SLURM_ARRAY_TASK_ID=0 $U infer a.onnx a.eval "
                          "--manifest list --output-dir out --shard slurm/3");
    program_expect(USAGE, "infer a.onnx a.eval in/000001.request --shard 1/2");
    program_expect(USAGE, "infer a.onnx a.eval in/000001.request --manifest list");
    program_expect(USAGE, "infer a.onnx a.eval --manifest list -o x");
    program_expect(USAGE, "infer a.onnx a.eval");
    program_expect(USAGE, "infer - a.eval --manifest - --output-dir out");
}

/* Everything that can be wrong with the responses is listed, and nothing else. */
static void what_is_incomplete_is_listed(void **state)
{
    (void)state;
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir c --shard 1/2 --log c1");
    program_expect(1, "collect list c1 --output-dir c");
    assert_string_equal(program_err, "");
    assert_int_equal(times(program_out, "missing     c/00000"), 2);
    assert_non_null(strstr(program_out, "no log      of share 2 of 2\n3 of 5 responses are whole"));
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir c --shard 2/2 --log c2");
    program_expect(0, "collect list c1 c2 --output-dir c -o merged --json");
    assert_non_null(strstr(program_out, "\"complete\": true"));
    assert_non_null(strstr(program_out, "\"shards_logged\": 2"));
    program_slurp(program_out, sizeof program_out, "merged");
    assert_int_equal(times(program_out, "\"state\": \"whole\""), ITEMS);
    assert_int_equal(times(program_out, "\"ms\": "), ITEMS);
    assert_int_equal(times(program_out, "\n"), ITEMS + 1);
    assert_non_null(strstr(program_out, "\"items\": 5, \"whole\": 5, \"missing\": 0, "));

    assert_int_equal(unlink("c/000001.response"), 0);
    program_spoil("c/000002.response", "c/000002.response", 0, 4000);
    program_expect(0, "--version; cp c/000005.response c/000003.response");
    program_expect(0, "--version; sed 's/000004/000009/' list >gap");
    program_expect(NO_FILE, "collect gap --output-dir c --json");
    assert_non_null(strstr(program_out, "\"whole\": 1,\n  \"missing\": 1,\n  \"damaged\": 1,\n"
                                        "  \"foreign\": 1,\n  \"unreadable\": 1,\n"
                                        "  \"complete\": false"));
    assert_non_null(strstr(program_err, "in/000009.request: cannot be opened"));
    assert_non_null(strstr(program_out, "it answers another request"));
    /* A damaged request in front of a response that was good. */
    program_expect(0, "--version; cp -r in in2; sed 's/in/in2/' list >list2");
    program_spoil("in2/000005.request", "in2/000005.request", 0, 4000);
    program_expect(1, "collect list2 --output-dir c");
    assert_non_null(strstr(program_out, "foreign     c/000005.response: it answers another"));
}

static void logs_that_do_not_belong(void **state)
{
    (void)state;
    program_expect(MISMATCH, "collect gap c2 --output-dir c");
    program_expect(0, "infer a.onnx a.eval --manifest list --output-dir c --shard 1/3 --log c3");
    program_expect(MISMATCH, "collect list c1 c3 --output-dir c");
    program_one_sentence("collect", "of one of 3 shares, the others are of 2");
    program_expect(0, "--version; sed 's/\"plan\": \"./\"plan\": \"x/' c1 >foreign");
    program_expect(MISMATCH, "collect list foreign --output-dir c");
    program_one_sentence("collect", "log of another model, plan or key");
    program_expect(0, "--version; head -n 2 c1 >cut; head -c 500 c1 >torn");
    program_expect(DAMAGED, "collect list cut --output-dir c");
    program_one_sentence("collect", "it is cut short");
    program_expect(DAMAGED, "collect list torn --output-dir c");
    program_expect(DAMAGED, "collect list a.onnx --output-dir c");
    program_expect(NO_FILE, "collect list none --output-dir c");
    program_expect(DAMAGED, "collect list");
    program_one_sentence("collect", "line 1 names no response");
    program_expect(USAGE, "collect");
    program_write("badlist", "", 0);
    program_expect(0, "collect badlist");
    program_expect(INPUT_OUTPUT, "collect list c1 --output-dir c -o /dev/full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_names_every_request),
        cmocka_unit_test(shares_make_the_whole),
        cmocka_unit_test(what_is_wrong_is_made_again),
        cmocka_unit_test(answers_are_those_of_their_requests),
        cmocka_unit_test(a_failure_does_not_stop_the_others),
        cmocka_unit_test(what_may_pass_is_told_apart),
        cmocka_unit_test(lists_that_are_none),
        cmocka_unit_test(shares_from_the_environment),
        cmocka_unit_test(what_is_incomplete_is_listed),
        cmocka_unit_test(logs_that_do_not_belong),
    };
    return cmocka_run_group_tests_name("many", tests, begin, program_end);
}
