/* --json of every subcommand: one document on standard output, whole, with what it is asked for;
 * nothing else there, and nothing on standard error with --quiet. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"
#include "tools/json_read.h"

static int begin(void **state)
{
    program_begin(state);
    program_job("a", 1);
    program_idx("i.images", "i.labels", 4, 1);
    return 0;
}

/* Run with --json; the document, which the caller frees. */
static json_document *run_json(int status, const char *line)
{
    json_document *d = NULL;
    char why[200] = "";

    program_expect(status, "%s --json --quiet", line);
    assert_string_equal(program_err, "");
    if (json_read(&d, (const uint8_t *)program_out, strlen(program_out), why, sizeof why) != 0) {
        print_error("%s: %s\n%s\n", line, why, program_out);
        fail();
    }
    return d;
}

/* The document has these members, separated by blanks. */
static void has_members(int status, const char *line, const char *members)
{
    json_document *d = run_json(status, line);
    char list[512];

    snprintf(list, sizeof list, "%s", members);
    for (char *name = strtok(list, " "); name != NULL; name = strtok(NULL, " ")) {
        if (json_member(json_root(d), name) == NULL) {
            print_error("%s: no member %s in %s\n", line, name, program_out);
            fail();
        }
    }
    json_free(d);
}

static void every_report_has_its_members(void **state)
{
    (void)state;
    has_members(0, "plan a.onnx", "model infer_ms steps account");
    has_members(0, "plan a.onnx --explain", "infer_ms account rings");
    has_members(0, "plan a.onnx --ablate", "model ablation");
    has_members(0, "plan a.onnx --images 3", "alternatives packing why");
    has_members(0, "keygen a.plan -s s.key -e e.keys",
                "model plan key keys secret secret_bytes eval eval_bytes seconds");
    has_members(0, "encrypt a.plan a.secret a.pgm -o r.request",
                "model plan key image first requests bytes request seconds");
    has_members(0, "encrypt a.plan a.secret i.images --output-dir d --manifest l",
                "model plan key requests bytes folder manifest seconds");
    has_members(0, "infer a.onnx a.eval a.request -o r.response",
                "model plan key request response bytes infer_ms threads kernel");
    has_members(0, "decrypt a.plan a.secret r.response", "label confidence logits tail output");
    has_members(0, "check a.onnx --images i.images --count 2", "layers activations sentence");
    has_members(0, "fit a.onnx --images i.images -o f.onnx", "images agree activations reached");
    has_members(0, "eval a.onnx --images i.images --labels i.labels",
                "images agree confusion wrong shape forecast");
    has_members(0, "calibrate --seconds 0 --kernel portable -o c.costs",
                "kernel forward_ns operations misfit");
    assert_true(program_has("c.costs"));
    assert_int_equal(system("mkdir -p x/mnist x/digits && cp a.onnx x/mnist/toy.onnx && "
                            "for i in 0 1 2 3 4 5 6 7 8 9; do cp a.pgm x/digits/$i.pgm; done"),
                     0);
    has_members(1, "demo --data x --net toy", "model security_bits right digits");
}

/* Sums that must agree, and the wrong images with their pixels. */
static void an_evaluation_adds_up(void **state)
{
    json_document *d = run_json(0, "eval a.onnx --images i.images --labels i.labels --pictures 2");
    const json_value *root = json_root(d);
    size_t rows, wrongs, pictures = 0;
    const json_value *row = json_member_array(root, "confusion", &rows);
    const json_value *wrong = json_member_array(root, "wrong", &wrongs);
    double sum = 0.0, diagonal = 0.0;

    (void)state;
    assert_int_equal(rows, 10);
    for (size_t r = 0; row != NULL; row = row->next, r++) {
        size_t c = 0;
        assert_int_equal(row->count, PROGRAM_LABELS);
        for (const json_value *v = row->first; v != NULL; v = v->next, c++) {
            sum += v->number;
            diagonal += r == c ? v->number : 0.0;
            assert_true(r == 3 || !(v->number > 0.0)); /* all labels are 3 */
        }
    }
    assert_true(fabs(sum - 4.0) < 0.5);
    assert_true(fabs(diagonal - json_member_number(root, "correct_encrypted")) < 0.5);
    assert_true(fabs((double)wrongs - (4.0 - diagonal)) < 0.5);
    for (; wrong != NULL; wrong = wrong->next)
        pictures +=
            strlen(json_member_text(wrong, "pixels")) == (PROGRAM_SIDE * PROGRAM_SIDE + 2) / 3 * 4;
    assert_int_equal(pictures, wrongs < 2 ? wrongs : 2);
    json_free(d);
    program_expect(2, "eval a.onnx --images i.images --labels i.labels --pictures 2");
    program_expect(2, "eval a.onnx --images i.images --labels i.labels --json --pictures 101");
}

/* A result and the JSON about it are not mixed. */
static void one_thing_at_a_time(void **state)
{
    static const char *const lines[] = {
        "encrypt a.plan a.secret a.pgm --json", "encrypt a.plan a.secret a.pgm -o - --json",
        "infer a.onnx a.eval a.request --json", "keygen a.plan -s - -e x --json",
        "calibrate --seconds 0 -o - --json",
    };

    (void)state;
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        program_expect(2, "%s", lines[k]);
        assert_non_null(strstr(program_err, "--json would"));
        assert_string_equal(program_out, "");
    }
}

/* None is forgotten: those without are the ones that report nothing. */
static void all_subcommands_have_it(void **state)
{
    static const char *const without[] = {"report", "serve"};
    char list[PROGRAM_TEXT], name[32];
    int seen = 0;

    (void)state;
    program_expect(0, "--help | sed -n 's/^  \\([a-z][a-z-]*\\)  .*/\\1/p'");
    memcpy(list, program_out, sizeof list);
    for (const char *at = list; sscanf(at, "%31s", name) == 1; at = strchr(at, '\n') + 1, seen++) {
        int expected = 1;
        for (size_t k = 0; k < sizeof without / sizeof *without; k++)
            expected &= strcmp(name, without[k]) != 0;
        program_expect(0, "%s --help", name);
        if ((strstr(program_out, "\n      --json ") != NULL) != expected) {
            print_error("%s --help %s --json\n", name, expected ? "lacks" : "has");
            fail();
        }
    }
    assert_true(seen >= 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_has_its_members),
        cmocka_unit_test(an_evaluation_adds_up),
        cmocka_unit_test(one_thing_at_a_time),
        cmocka_unit_test(all_subcommands_have_it),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
