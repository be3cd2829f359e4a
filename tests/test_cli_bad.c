/* Bad input to the program: each gets one sentence and the documented exit status, and no file. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

#include <fcntl.h>

enum {
    USAGE = 2,
    DAMAGED = 3,
    MISMATCH = 4,
    UNSUPPORTED = 5,
    NO_PARAMS = 6,
    REFUSED = 7,
    NO_FILE = 8,
    INPUT_OUTPUT = 74
};

/* a and b are two clients of two models. */
static int begin(void **state)
{
    program_begin(state);
    program_job("a", 1);
    program_job("b", 2);
    return 0;
}

/* No command of this file may leave an output; "x", and "y" for evaluation keys, is what they are
 * all told to write. */
static void nothing_written(void)
{
    int there = program_has("x") || program_has("y");

    remove("x");
    remove("y");
    assert_false(there);
}

/* The cuts that readers get wrong: nothing, inside each part of a head, in the middle, one byte
 * short. */
static void cut_short(const char *from, const char *subcommand, const char *format)
{
    size_t size = program_file_size(from);
    const size_t cuts[] = {1, 7, 20, 39, 41, size / 2, size - 1};

    program_write("cut", "", 0);
    program_expect(DAMAGED, format, "cut");
    program_one_sentence(subcommand, "cut: ");
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        program_spoil("cut", from, cuts[i], -1);
        program_expect(DAMAGED, format, "cut");
        program_one_sentence(subcommand, "cut: ");
    }
    nothing_written();
}

static void altered(const char *from, const char *subcommand, const char *format)
{
    size_t size = program_file_size(from);
    const size_t places[] = {0, 6, 30, 33, 60, size / 2, size - 1};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        program_spoil("alt", from, 0, (long)places[i]);
        program_expect(DAMAGED, format, "alt");
        program_one_sentence(subcommand, "alt: ");
    }
    nothing_written();
}

#define EACH_READER(check)                                                                         \
    do {                                                                                           \
        check("a.plan", "keygen", "keygen %s -s x -e y");                                          \
        check("a.secret", "encrypt", "encrypt a.plan %s a.pgm -o x");                              \
        check("a.eval", "infer", "infer a.onnx %s a.request -o x");                                \
        check("a.request", "infer", "infer a.onnx a.eval %s -o x");                                \
        check("a.response", "decrypt", "decrypt a.plan a.secret %s");                              \
    } while (0)

static void files_cut_short(void **state)
{
    (void)state;
    EACH_READER(cut_short);
}

static void files_altered(void **state)
{
    (void)state;
    EACH_READER(altered);
}

static void onnx_cut_short(void **state)
{
    size_t size = program_file_size("a.onnx");

    (void)state;
    program_write("cut", "", 0);
    program_expect(DAMAGED, "plan cut -o x");
    program_one_sentence("plan", "cut: ");
    for (size_t part = 1; part < 8; part++) {
        program_spoil("cut", "a.onnx", size * part / 8, -1);
        program_expect(DAMAGED, "plan cut -o x");
        program_one_sentence("plan", "cut: ");
    }
    program_expect(DAMAGED, "plan a.pgm -o x");
    program_one_sentence("plan", "a.pgm: ");
    nothing_written();
}

/* ONNX has no checksum. A changed byte makes a file that is refused in one sentence, or another
 * model, with which the keys of the first do not work. */
static void onnx_altered_is_refused_or_another_model(void **state)
{
    size_t size = program_file_size("a.onnx");
    int refused = 0, other = 0;

    (void)state;
    for (size_t at = 0; at < size; at += at < 400 ? 11 : 97) {
        int status;
        program_spoil("alt", "a.onnx", 0, (long)at);
        status = program_run("plan alt");
        if (status == 0) {
            other++;
            program_expect(MISMATCH, "infer alt a.eval a.request -o x");
            program_one_sentence("infer", "a.eval: ");
        } else {
            refused++;
            assert_true(status >= DAMAGED && status <= NO_PARAMS);
            assert_int_equal(strncmp(program_err, "unseen plan: alt: ", 18), 0);
        }
    }
    nothing_written();
    assert_true(refused > 0 && other > 0);
}

/* A model of the same shape whose weights differ in one bit is another model. */
static void altered_weights_are_another_model(void **state)
{
    (void)state;
    program_model("c.onnx", 3, 0);
    program_expect(NO_FILE, "infer c.onnx gone.eval a.request -o x");
    program_one_sentence("infer", "gone.eval: cannot be opened: ");
    program_expect(MISMATCH, "infer c.onnx a.eval a.request -o x");
    program_one_sentence("infer", "a.eval: ");
    nothing_written();
}

static void pictures_damaged(void **state)
{
    const char *encrypt = "encrypt a.plan a.secret %s -o x";

    (void)state;
    program_spoil("cut", "a.pgm", 700, -1);
    program_expect(DAMAGED, encrypt, "cut");
    program_one_sentence("encrypt", "cut: ");
    program_write("cut", "P5\n28 28\n", 9);
    program_expect(DAMAGED, encrypt, "cut");
    program_one_sentence("encrypt", "cut: ");
    program_write("cut", "GIF89a", 6);
    program_expect(DAMAGED, encrypt, "cut");
    program_one_sentence("encrypt", "neither a PGM picture");
    program_write("small.pgm", "P5\n2 2\n255\n0123", 15);
    program_expect(MISMATCH, encrypt, "small.pgm");
    program_one_sentence("encrypt", "28 x 28");
    nothing_written();
}

static void idx_damaged(void **state)
{
    (void)state;
    program_idx("i.images", "i.labels", 3, 1);
    program_spoil("cut", "i.images", 1000, -1);
    program_expect(DAMAGED, "eval a.onnx --images cut --labels i.labels");
    program_one_sentence("eval", "cut: ");
    program_spoil("cut", "i.labels", 9, -1);
    program_expect(DAMAGED, "eval a.onnx --images i.images --labels cut");
    program_one_sentence("eval", "cut: ");
    program_expect(DAMAGED, "eval a.onnx --images i.labels --labels i.images");
    program_one_sentence("eval", "i.labels: ");
    program_spoil("alt", "i.images", 0, 2);
    program_expect(DAMAGED, "eval a.onnx --images alt --labels i.labels");
    program_one_sentence("eval", "alt: ");
    program_write("gz", "\037\213\010\0\0\0\0\0\0\0abc", 13);
    program_expect(DAMAGED, "eval a.onnx --images gz --labels i.labels");
    program_one_sentence("eval", "gz: ");
    program_idx("j.images", "j.labels", 2, 1);
    program_expect(DAMAGED, "eval a.onnx --images i.images --labels j.labels");
    program_one_sentence("eval", "j.labels: there are 2 labels for 3 images");
}

static void idx_damaged_elsewhere(void **state)
{
    (void)state;
    program_idx("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 3, 1);
    program_idx("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 3, 1);
    program_spoil("cut", "train-images-idx3-ubyte", 1000, -1);
    program_expect(DAMAGED, "encrypt a.plan a.secret cut -o x");
    program_one_sentence("encrypt", "cut: ");
    assert_int_equal(rename("cut", "train-images-idx3-ubyte"), 0);
    program_expect(DAMAGED, "train --data . --net %s/nets/mnist-cryptonets.net -o x",
                   UNSEEN_SOURCE_DATADIR);
    program_one_sentence("train", "./train-images-idx3-ubyte: ");
    assert_int_equal(remove("train-images-idx3-ubyte"), 0);
    program_expect(NO_FILE, "train --data . --net %s/nets/mnist-cryptonets.net -o x",
                   UNSEEN_SOURCE_DATADIR);
    program_one_sentence("train", "train-images-idx3-ubyte");
    nothing_written();
}

static void wrong_key(void **state)
{
    (void)state;
    program_expect(0, "keygen a.plan -s other.secret -e other.eval");
    program_expect(MISMATCH, "decrypt a.plan other.secret a.response");
    program_one_sentence("decrypt", "a.response: ");
    program_expect(MISMATCH, "infer a.onnx other.eval a.request -o x");
    program_one_sentence("infer", "a.request: ");
    nothing_written();
}

static void wrong_model(void **state)
{
    (void)state;
    program_expect(MISMATCH, "infer b.onnx a.eval a.request -o x");
    program_one_sentence("infer", "a.eval: ");
    program_expect(MISMATCH, "infer b.onnx b.eval a.request -o x");
    program_one_sentence("infer", "a.request: ");
    program_expect(MISMATCH, "encrypt b.plan a.secret a.pgm -o x");
    program_one_sentence("encrypt", "a.secret: ");
    program_expect(MISMATCH, "decrypt b.plan b.secret a.response");
    program_one_sentence("decrypt", "a.response: ");
    nothing_written();
}

/* Planned for more security than the server plans for. */
static void wrong_parameters(void **state)
{
    (void)state;
    program_expect(0, "plan a.onnx --security 256 -o h.plan");
    program_expect(0, "keygen h.plan -s h.secret -e h.eval");
    program_expect(0, "encrypt h.plan h.secret a.pgm -o h.request");
    program_expect(MISMATCH, "infer a.onnx h.eval h.request -o x");
    program_one_sentence("infer", "h.eval: ");
    nothing_written();
    program_expect(0, "infer a.onnx h.eval h.request --security 256 -o h.response");
    program_expect(0, "decrypt h.plan h.secret h.response");
}

static void one_file_where_another_belongs(void **state)
{
    (void)state;
    program_expect(DAMAGED, "infer a.onnx a.request a.request -o x");
    program_one_sentence("infer", "a request where a file of evaluation keys belongs");
    program_expect(DAMAGED, "decrypt a.plan a.secret a.request");
    program_one_sentence("decrypt", "a request where a response belongs");
    program_expect(DAMAGED, "keygen a.eval -s x -e y");
    program_one_sentence("keygen", "a.eval: ");
    nothing_written();
}

static void a_secret_key_is_refused(void **state)
{
    (void)state;
    program_expect(REFUSED, "infer a.onnx a.secret a.request -o x");
    program_one_sentence("infer", "secret key");
    program_expect(REFUSED, "infer a.onnx a.eval a.secret -o x");
    program_one_sentence("infer", "secret key");
    /* The bare object too, as the library writes it. */
    assert_int_equal(system("tail -c +65 a.secret >bare"), 0);
    program_expect(REFUSED, "infer a.onnx bare a.request -o x");
    program_one_sentence("infer", "secret key");
    nothing_written();
}

static void missing_files(void **state)
{
    (void)state;
    program_expect(NO_FILE, "plan none.onnx");
    program_one_sentence("plan", "none.onnx: ");
    program_expect(NO_FILE, "keygen none.plan -s x -e y");
    program_one_sentence("keygen", "none.plan: ");
    program_expect(NO_FILE, "infer a.onnx none.eval a.request -o x");
    program_one_sentence("infer", "none.eval: ");
    program_expect(NO_FILE, "decrypt a.plan none.secret a.response");
    program_one_sentence("decrypt", "none.secret: ");
    program_expect(NO_FILE, "encrypt a.plan a.secret none.pgm -o x");
    program_one_sentence("encrypt", "none.pgm: ");
    program_expect(NO_FILE, "plan a.onnx -o none/x");
    program_one_sentence("plan", "none/x: ");
    program_expect(NO_FILE, "plan a.onnx -o .");
    program_one_sentence("plan", "is a folder");
    program_expect(NO_FILE, "plan .");
    program_expect(NO_FILE, "eval a.onnx --images none --labels none");
    program_one_sentence("eval", "none: ");
    program_expect(NO_FILE, "demo --data none");
    program_one_sentence("demo", "none/mnist/cryptonets.onnx: ");
    nothing_written();
}

/* A device that is full, and a file that may not grow, as on a full disk. */
static void full_disk(void **state)
{
    int before;

    (void)state;
    program_expect(INPUT_OUTPUT, "encrypt a.plan a.secret a.pgm -o /dev/full");
    program_one_sentence("encrypt", "/dev/full: cannot be written: ");
    program_expect(INPUT_OUTPUT, "plan a.onnx >/dev/full");
    program_one_sentence("plan", "standard output: ");
    program_expect(INPUT_OUTPUT, "encrypt a.plan a.secret a.pgm >/dev/full");
    program_one_sentence("encrypt", "standard output: ");
    before = program_entries();
    program_expect(INPUT_OUTPUT, "--version >/dev/null; ulimit -f 16; "
                                 "$U keygen a.plan -s full.secret -e full.eval");
    program_one_sentence("keygen", "full.eval: cannot be written: ");
    assert_int_equal(program_entries(), before);
}

/* Replace the name of an operator by one of the same length that there is not. */
static void unsupported_operator(void **state)
{
    static char bytes[PROGRAM_TEXT];
    size_t size = program_slurp(bytes, sizeof bytes, "a.onnx");

    (void)state;
    for (size_t i = 0; i + 7 <= size; i++) {
        if (memcmp(bytes + i, "Flatten", 7) == 0)
            memcpy(bytes + i, "Quuxify", 7);
    }
    program_write("odd.onnx", bytes, size);
    program_expect(UNSUPPORTED, "plan odd.onnx -o x");
    assert_non_null(strstr(program_err, "Quuxify"));
    assert_non_null(strstr(program_err, "flatten"));
    assert_int_equal(strncmp(program_err, "unseen plan: odd.onnx: ", 23), 0);
    nothing_written();
}

static void no_secure_parameters(void **state)
{
    (void)state;
    program_model("deep.onnx", 4, 45);
    program_expect(NO_PARAMS, "plan deep.onnx -o x");
    program_one_sentence("plan", "deep.onnx: ");
    program_expect(NO_PARAMS, "plan a.onnx --security 256 --log-n 11 -o x");
    program_one_sentence("plan", "a.onnx: ");
    nothing_written();
}

static void bad_command_lines(void **state)
{
    static const char *const lines[] = {
        "",
        "frobnicate",
        "plan",
        "plan a.onnx b.onnx",
        "plan a.onnx --security 100",
        "plan a.onnx --precision many",
        "plan a.onnx --json=yes",
        "plan a.onnx -o",
        "plan a.onnx --nothing",
        "plan a.onnx -Z",
        "plan a.onnx --color sometimes",
        "infer a.onnx a.eval",
        "eval a.onnx",
        "eval a.onnx --images a --labels b --threads 0",
        "eval a.onnx --images a --labels b --count -3",
        "train",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        program_expect(USAGE, "%s", lines[i]);
        assert_int_equal(strncmp(program_err, "unseen", 6), 0);
        assert_string_equal(program_out, "");
    }
}

/* Ciphertext to a terminal: a pseudo-terminal in place of standard output. */
static void binary_is_not_written_to_a_terminal(void **state)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);

    (void)state;
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        skip();
    program_expect(REFUSED, "encrypt a.plan a.secret a.pgm >'%s'", ptsname(terminal));
    program_one_sentence("encrypt", "terminal");
    program_expect(REFUSED, "plan a.onnx -o '%s'", ptsname(terminal));
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_cut_short),
        cmocka_unit_test(files_altered),
        cmocka_unit_test(onnx_cut_short),
        cmocka_unit_test(onnx_altered_is_refused_or_another_model),
        cmocka_unit_test(altered_weights_are_another_model),
        cmocka_unit_test(pictures_damaged),
        cmocka_unit_test(idx_damaged),
        cmocka_unit_test(idx_damaged_elsewhere),
        cmocka_unit_test(wrong_key),
        cmocka_unit_test(wrong_model),
        cmocka_unit_test(wrong_parameters),
        cmocka_unit_test(one_file_where_another_belongs),
        cmocka_unit_test(a_secret_key_is_refused),
        cmocka_unit_test(missing_files),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(unsupported_operator),
        cmocka_unit_test(no_secure_parameters),
        cmocka_unit_test(bad_command_lines),
        cmocka_unit_test(binary_is_not_written_to_a_terminal),
    };
    return cmocka_run_group_tests_name("cli_bad", tests, begin, program_end);
}
