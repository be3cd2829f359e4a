/* unseen inspect: what files are, whether they are whole, and that no secret is shown. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

#include "channel/hash.h"

enum { USAGE = 2, DAMAGED = 3, MISMATCH = 4, NO_FILE = 8 };

static int begin(void **state)
{
    program_begin(state);
    program_job("a", 1);
    program_idx("a.images", "a.labels", 3, 5);
    program_expect(0, "calibrate --seconds 0 -o a.costs");
    return 0;
}

static void shows(const char *fact)
{
    if (strstr(program_out, fact) == NULL) {
        print_error("no %s in: %s\n", fact, program_out);
        fail();
    }
}

/* The BLAKE2s of a file, as JSON shows it. */
static void shows_digest(const char *path, int whether)
{
    static char bytes[1 << 22];
    uint8_t hash[CHANNEL_HASH_BYTES];
    char text[96] = "\"blake2s\": \"";
    size_t size = program_slurp(bytes, sizeof bytes, path), at = strlen(text);

    assert_true(size > 0 && size < sizeof bytes - 1);
    channel_hash(hash, bytes, size);
    for (size_t k = 0; k < CHANNEL_HASH_BYTES; k++)
        snprintf(text + at + 2 * k, 3, "%02x", hash[k]);
    assert_int_equal(strstr(program_out, text) != NULL, whether);
}

/* The value of a member, as text. */
static void member(char value[64], const char *key)
{
    char name[64];
    const char *at;

    snprintf(name, sizeof name, "\"%s\": ", key);
    at = strstr(program_out, name);
    assert_non_null(at);
    at += strlen(name);
    snprintf(value, 64, "%.*s", (int)strcspn(at, ",\n"), at);
}

static void every_file_is_known(void **state)
{
    static const struct {
        const char *path, *kind;
    } files[] = {
        {"a.plan", "a plan"},
        {"a.eval", "a file of evaluation keys"},
        {"a.request", "a request"},
        {"a.response", "a response"},
        {"a.onnx", "an ONNX network"},
        {"a.pgm", "a PGM picture"},
        {"a.images", "pictures (IDX)"},
        {"a.labels", "a file of labels (IDX)"},
        {"a.costs", "unit times of a machine"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char line[64];
        program_expect(0, "inspect %s", files[i].path);
        assert_string_equal(program_err, "");
        snprintf(line, sizeof line, "%s: %s\n", files[i].path, files[i].kind);
        shows(line);
        program_expect(0, "inspect %s --json", files[i].path);
        snprintf(line, sizeof line, "\"kind\": \"%s\"", files[i].kind);
        shows(line);
        shows("\"whole\": true");
        shows_digest(files[i].path, 1);
    }
    program_expect(0, "inspect - <a.onnx");
    shows("standard input: an ONNX network\n");
}

/* Files of one job have the same ids, those of another job others. */
static void what_belongs_together_is_seen(void **state)
{
    static const char *const files[] = {"a.secret", "a.eval", "a.request", "a.response"};
    char model[64], plan[64], key[64], value[64], answers[64];

    (void)state;
    program_expect(0, "inspect a.eval --json");
    member(key, "key");
    program_expect(0, "inspect a.plan --json");
    member(model, "model");
    member(plan, "plan");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        program_expect(0, "inspect %s --json", files[i]);
        member(value, "model");
        assert_string_equal(value, model);
        member(value, "plan");
        assert_string_equal(value, plan);
        member(value, "key");
        assert_string_equal(value, key);
    }
    member(answers, "answers_blake2s");
    program_expect(0, "inspect a.request --json");
    member(value, "blake2s");
    assert_memory_equal(value, answers, 33); /* a quotation mark and 16 bytes */
    program_expect(0, "plan a.onnx --security 192 -o h.plan");
    program_expect(0, "inspect h.plan --json");
    member(value, "model");
    assert_string_equal(value, model);
    member(value, "plan");
    assert_string_not_equal(value, plan);
    shows("\"security_bits\": 192");
    program_expect(MISMATCH, "inspect a.request --plan h.plan");
    program_one_sentence("inspect", "this is a request of plan");
}

static void a_plan_opens_everything_of_its_job(void **state)
{
    (void)state;
    program_expect(0, "inspect a.secret a.eval a.request a.response --plan a.plan --json");
    assert_string_equal(program_err, "");
    shows("\"read_under_plan\": true");
    shows("\"security_bits\": 128");
    program_expect(0, "inspect a.request --json");
    shows("\"read_under_plan\": false");
}

/* Neither the key's bytes nor a digest of them. */
static void no_secret_is_shown(void **state)
{
    static char secret[PROGRAM_TEXT];
    size_t size = program_slurp(secret, sizeof secret, "a.secret");

    (void)state;
    program_expect(0, "inspect a.secret --json --plan a.plan");
    shows("\"kind\": \"a secret key\"");
    assert_null(strstr(program_out, "\"blake2s\""));
    shows_digest("a.secret", 0);
    program_expect(0, "inspect a.secret");
    assert_null(strstr(program_out, "blake2s"));
    /* The bare object, as the library writes it. */
    program_write("bare", secret + 64, size - 64);
    program_expect(0, "inspect bare --json");
    shows("a bare secret key");
    assert_null(strstr(program_out, "blake2s"));
    program_expect(0, "--version; tail -c +65 a.eval >bare");
    program_expect(0, "inspect bare --json");
    shows("bare evaluation keys");
    shows_digest("bare", 1);
}

/* Any damage to a file that has a checksum, anywhere; cuts anywhere. */
static void damage_is_found(void **state)
{
    static const char *const files[] = {"a.plan", "a.secret", "a.eval", "a.request", "a.response"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size = program_file_size(files[i]);
        for (size_t at = 0; at < size; at += at < 112 ? 5 : size / 7 + 1) {
            program_spoil("alt", files[i], 0, (long)at);
            program_expect(DAMAGED, "inspect alt");
            program_one_sentence("inspect", "alt: ");
            program_spoil("cut", files[i], at > 0 ? at : 1, -1);
            program_expect(DAMAGED, "inspect cut");
            program_one_sentence("inspect", "cut: ");
        }
    }
    program_write("cut", "", 0);
    program_expect(DAMAGED, "inspect cut");
    program_one_sentence("inspect", "the file is empty");
    program_expect(DAMAGED, "inspect .err");
    program_one_sentence("inspect", "is empty");
    program_write("text", "hello", 5);
    program_expect(DAMAGED, "inspect text");
    program_one_sentence("inspect", "no file that the program knows");
    program_expect(NO_FILE, "inspect none");
    program_expect(NO_FILE, "inspect .");
    program_expect(USAGE, "inspect");
    program_expect(USAGE, "inspect - -");
}

/* All are shown; the status is that of the first that fails. */
static void one_bad_file_among_many(void **state)
{
    (void)state;
    program_spoil("alt", "a.request", 0, 5000);
    program_expect(DAMAGED, "inspect a.plan alt none a.response --json");
    shows("\"file\": \"a.response\"");
    shows("\"whole\": false,\n      \"code\": 3,\n      \"error\": \"a ciphertext: damaged");
    shows("\"code\": 8");
    assert_non_null(strstr(program_err, "unseen inspect: alt: "));
    /* A head that lies about what is in it. */
    program_expect(0, "--version; { head -c 64 a.request; tail -c +65 a.secret; } >lie");
    program_expect(DAMAGED, "inspect lie");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_known),
        cmocka_unit_test(what_belongs_together_is_seen),
        cmocka_unit_test(a_plan_opens_everything_of_its_job),
        cmocka_unit_test(no_secret_is_shown),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(one_bad_file_among_many),
    };
    return cmocka_run_group_tests_name("inspect", tests, begin, program_end);
}
