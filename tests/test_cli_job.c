/* The program at its work: the job in four steps, streams, JSON, evaluation, files that appear
 * whole. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"
#include "tools/json_read.h"

#include <signal.h>

/* The number after "KEY": in the last command's JSON. */
static double json_number(const char *key)
{
    char name[64];
    const char *at;

    snprintf(name, sizeof name, "\"%s\": ", key);
    at = strstr(program_out, name);
    if (at == NULL) {
        print_error("no %s in: %s\n", name, program_out);
        fail();
        return 0.0;
    }
    return strtod(at + strlen(name), NULL);
}

static int begin(void **state)
{
    program_begin(state);
    program_job("a", 1);
    return 0;
}

/* The logits after decryption, against the same network on the plain picture. */
static void four_steps_give_the_plain_answer(void **state)
{
    char why[512], bytes[PROGRAM_TEXT];
    float image[PROGRAM_SIDE * PROGRAM_SIDE], logits[PROGRAM_LABELS];
    nn_model *model = NULL;
    const char *at;
    size_t size, label = 0;

    (void)state;
    size = program_slurp(bytes, sizeof bytes, "a.onnx");
    assert_int_equal(nn_model_read(&model, (const uint8_t *)bytes, size, why, sizeof why), NN_OK);
    program_slurp(bytes, sizeof bytes, "a.pgm");
    for (size_t i = 0; i < PROGRAM_SIDE * PROGRAM_SIDE; i++)
        image[i] = (float)(uint8_t)bytes[13 + i] / 255.0f;
    assert_int_equal(nn_model_run(model, logits, image, why, sizeof why), NN_OK);
    nn_model_free(model);

    program_expect(0, "decrypt a.plan a.secret a.response --json");
    assert_string_equal(program_err, "");
    at = strstr(program_out, "\"logits\": [");
    assert_non_null(at);
    at += strlen("\"logits\": [");
    for (size_t i = 0; i < PROGRAM_LABELS; i++) {
        char *end;
        testing_assert_near(strtod(at, &end), logits[i], 1e-2);
        at = end + 1;
        label = logits[i] > logits[label] ? i : label;
    }
    assert_int_equal((int)json_number("label"), (int)label);
    assert_true(json_number("confidence") > 0.1 && json_number("confidence") <= 1.0);
    /* It ends in nothing but its logits, which are its output. */
    assert_non_null(strstr(program_out, "\"tail\": \"none\""));
    at = strstr(program_out, "\"output\": [");
    assert_non_null(at);
    testing_assert_near(strtod(at + strlen("\"output\": ["), NULL), logits[0], 1e-2);

    program_expect(0, "decrypt a.plan a.secret a.response");
    assert_int_equal(strncmp(program_out, "label       ", 12), 0);
    assert_int_equal(atoi(program_out + 12), (int)label);
}

static void streams_stand_for_files(void **state)
{
    (void)state;
    program_expect(0, "plan a.onnx -o - >s.plan");
    program_expect(0, "--version; cmp s.plan a.plan");
    program_expect(0, "encrypt a.plan - a.pgm <a.secret | $U infer a.onnx a.eval - | "
                      "$U decrypt a.plan a.secret - --json");
    assert_true(json_number("confidence") > 0.0);
    program_expect(0, "encrypt a.plan a.secret - -o s.request <a.pgm");
    program_expect(2, "encrypt a.plan - - -o s.request <a.pgm");
    assert_non_null(strstr(program_err, "'-' can stand for one file only"));
}

static void an_idx_picture_is_taken_by_number(void **state)
{
    (void)state;
    program_idx("i.images", "i.labels", 3, 5);
    program_expect(0, "encrypt a.plan a.secret i.images -i 2 -o i.request");
    program_expect(0, "infer a.onnx a.eval i.request -o i.response");
    program_expect(0, "decrypt a.plan a.secret i.response");
    program_expect(2, "encrypt a.plan a.secret i.images -i 3 -o i3.request");
    assert_false(program_has("i3.request"));
}

static void keys_are_for_their_owner_and_not_overwritten(void **state)
{
    struct stat info;

    (void)state;
    assert_int_equal(stat("a.secret", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    program_expect(0, "keygen a.plan -s k.secret -e k.eval");
    program_expect(7, "keygen a.plan -s k.secret -e k.eval");
    program_one_sentence("keygen", "k.secret");
    program_expect(0, "keygen a.plan -s k.secret -e k.eval --force");
    program_expect(2, "keygen a.plan -s same -e same");
    program_expect(2, "keygen a.plan -s only.secret");
    assert_false(program_has("same") || program_has("only.secret"));
}

static void plan_tells_sizes_as_they_come_out(void **state)
{
    (void)state;
    program_expect(0, "plan a.onnx --json");
    assert_true(json_number("security_bits") >= 128);
    testing_assert_near(json_number("eval_key_bytes"), (double)program_file_size("a.eval"),
                        0.02 * (double)program_file_size("a.eval"));
    testing_assert_near(json_number("request_bytes"), (double)program_file_size("a.request"), 512);
    testing_assert_near(json_number("response_bytes"), (double)program_file_size("a.response"),
                        512);
    program_expect(0, "plan a.onnx");
    assert_non_null(strstr(program_out, "security"));
    program_expect(0, "plan a.onnx --security 192 --json");
    assert_true(json_number("security_bits") >= 192);
}

/* The same images give the same counts with one thread, with three, and in slices. */
static void eval_does_not_depend_on_threads(void **state)
{
    static const char *const fields[] = {"images",
                                         "correct_plain",
                                         "correct_encrypted",
                                         "agree",
                                         "max_abs_logit_error",
                                         "log2_n",
                                         "security_bits",
                                         "log2_qp",
                                         "keygen_ms",
                                         "encrypt_ms",
                                         "infer_ms",
                                         "decrypt_ms",
                                         "eval_key_bytes",
                                         "request_bytes",
                                         "response_bytes",
                                         "peak_rss_bytes",
                                         "threads"};
    double plain, cipher, slices = 0.0;

    (void)state;
    program_idx("e.images", "e.labels", 6, 9);
    program_expect(0, "eval a.onnx --images e.images --labels e.labels --threads 1 --json");
    assert_string_equal(program_err, "");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_true(json_number(fields[i]) >= 0.0);
    assert_non_null(strstr(program_out, "\"kernel\": \""));
    assert_int_equal((int)json_number("images"), 6);
    assert_int_equal((int)json_number("agree"), 6);
    assert_true(json_number("max_abs_logit_error") > 0.0 &&
                json_number("max_abs_logit_error") < 1e-2);
    plain = json_number("correct_plain");
    cipher = json_number("correct_encrypted");
    program_expect(0, "eval a.onnx --images e.images --labels e.labels --threads 3 --json");
    assert_true(json_number("correct_plain") == plain &&
                json_number("correct_encrypted") == cipher);
    for (int first = 0; first < 6; first += 4) {
        program_expect(
            0, "eval a.onnx --images e.images --labels e.labels --first %d --count %d --json",
            first, first == 0 ? 4 : 2);
        slices += json_number("correct_encrypted");
    }
    assert_true(slices == cipher);
    program_expect(0, "eval a.onnx --images e.images --labels e.labels --count 1");
    assert_non_null(strstr(program_out, "right, encrypted"));
}

/* In sets of one, of two side by side and in batches the labels are the same. */
static void eval_packs_images_as_asked(void **state)
{
    static const char *const sets[] = {"1", "2", "4096", "8192"};
    static const char *const fields[] = {"infer_ms_per_image", "images_per_second", "sets",
                                         "server_memory"};
    double right = -1.0;

    (void)state;
    program_idx("p.images", "p.labels", 5, 11);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        program_expect(0,
                       "eval a.onnx --images p.images --labels p.labels --batch %s --json "
                       "--min-agreement 100",
                       sets[i]);
        assert_string_equal(program_err, "");
        assert_int_equal((int)json_number("images"), 5);
        assert_int_equal((int)json_number("images_per_ciphertext"), atoi(sets[i]));
        assert_int_equal((int)json_number("sets"), i == 0 ? 5 : i == 1 ? 3 : 1);
        assert_non_null(strstr(program_out, i == 0   ? "\"packing\": \"single\""
                                            : i == 1 ? "\"packing\": \"side by side\""
                                                     : "\"packing\": \"batch\""));
        assert_non_null(strstr(program_out, "were asked for"));
        assert_true(json_number("max_abs_logit_error") < 1e-2);
        assert_true(right < 0.0 || json_number("correct_encrypted") == right);
        right = json_number("correct_encrypted");
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            assert_true(json_number(fields[k]) > 0.0);
    }
    program_expect(0, "eval a.onnx --images p.images --labels p.labels --batch 4096 --threads 2");
    assert_non_null(strstr(program_out, "batch, sets of 4096"));
    assert_non_null(strstr(program_out, "images a second"));
    program_expect(2, "eval a.onnx --images p.images --labels p.labels --batch 0");
    program_expect(2, "eval a.onnx --images p.images --labels p.labels --batch some");
    program_expect(6, "eval a.onnx --images p.images --labels p.labels --batch 4096 --log-n 12");
    program_one_sentence("eval", "a.onnx");
}

/* One image is no reason for a batch, many are; and the report says so. */
static void the_packing_is_chosen_by_the_images(void **state)
{
    (void)state;
    program_expect(0, "eval a.onnx --images p.images --labels p.labels --count 1 --batch auto "
                      "--json");
    assert_int_equal((int)json_number("images_per_ciphertext"), 1);
    assert_non_null(strstr(program_out, "1 image takes the server"));
    program_expect(0, "plan a.onnx --images 1 --log-n 13");
    assert_non_null(strstr(program_out, "<- chosen"));
    assert_non_null(strstr(program_out, "1 image: single, because"));
    program_expect(0, "plan a.onnx --images 100000 --log-n 13 --json");
    assert_string_equal(program_err, "");
    assert_int_equal((int)json_number("images"), 100000);
    assert_true(json_number("images_per_ciphertext") >= 4096.0);
    assert_non_null(strstr(program_out, "\"packing\": \"batch\""));
    assert_non_null(strstr(program_out, "100000 images take the server"));
    assert_true(json_number("request_bytes_per_image") > 0.0);
    /* Where there is no memory for batches, the others are left. */
    program_expect(0, "plan a.onnx --images 100000 --log-n 13 --memory 30M --json");
    assert_null(strstr(program_out, "batch"));
    program_expect(2, "plan a.onnx --images 10 -o x.plan");
    program_expect(2, "plan a.onnx --images 10 --unmerged");
    program_expect(2, "plan a.onnx --images 0");
    assert_false(program_has("x.plan"));
}

static void eval_below_the_demand_is_a_negative_result(void **state)
{
    (void)state;
    program_idx("n.images", "n.labels", 2, 9);
    /* 10 is a label that no network of ten classes gives. */
    program_write("n.labels", "\0\0\10\1\0\0\0\2\12\12", 10);
    program_expect(1, "eval a.onnx --images n.images --labels n.labels --min-accuracy 50 --json");
    assert_int_equal((int)json_number("correct_plain"), 0);
    const char *matrix = strstr(program_out, "\"confusion\": ["), *end;
    int rows = -1; /* brackets: one for the matrix, one a row */
    assert_non_null(matrix);
    end = strstr(matrix, "\n  ]");
    assert_non_null(end);
    for (; matrix < end; matrix++)
        rows += *matrix == '[';
    assert_int_equal(rows, 11);
    program_expect(0, "eval a.onnx --images n.images --labels n.labels --min-agreement 100 --json");
}

/* A network of this test's size gives wrong labels to the digits, and the demo says so. */
static void demo_tells_a_wrong_label(void **state)
{
    (void)state;
    assert_int_equal(system("mkdir -p d/mnist && cp a.onnx d/mnist/toy.onnx"), 0);
    program_expect(8, "demo --data d --net toy");
    assert_non_null(strstr(program_err, "d/digits/0.pgm"));
    assert_int_equal(system("mkdir -p d/digits && for i in 0 1 2 3 4 5 6 7 8 9; do "
                            "cp a.pgm d/digits/$i.pgm; done"),
                     0);
    program_expect(1, "demo --data d --net toy");
    assert_non_null(strstr(program_out, "(WRONG)"));
    assert_non_null(strstr(program_out, "the server saw"));
    assert_non_null(strstr(program_out, "Security    128 bits"));
    assert_null(strchr(program_out, '\033'));
    program_expect(1, "demo --data d --net toy --color always");
    assert_non_null(strchr(program_out, '\033'));
}

static void progress_only_on_a_terminal_or_on_demand(void **state)
{
    (void)state;
    program_expect(0, "infer a.onnx a.eval a.request -o p.response");
    assert_string_equal(program_err, "");
    program_expect(0, "infer a.onnx a.eval a.request -o p.response --progress always");
    assert_non_null(strstr(program_err, "inferring: 0 of "));
    assert_null(strchr(program_err, '\r')); /* lines of their own, for a log */
    assert_null(strchr(program_err, '\033'));
    program_expect(0, "eval a.onnx --images i.images --labels i.labels --progress never");
    assert_string_equal(program_err, "");
    program_expect(2, "infer a.onnx a.eval a.request -o p.response --progress sometimes");
    assert_non_null(strstr(program_err, "auto, always, never or json"));
}

/* Each line is an object; each job begins with nothing done and ends once, with all of it. */
static void progress_for_programs(void **state)
{
    size_t jobs = 0, ended = 0;
    char why[200];

    (void)state;
    program_expect(0, "eval a.onnx --images i.images --labels i.labels --progress=json -q");
    for (char *line = strtok(program_err, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_document *d = NULL;
        assert_int_equal(json_read(&d, (const uint8_t *)line, strlen(line), why, sizeof why), 0);
        const json_value *v = json_root(d), *over = json_member(v, "ended");
        assert_string_equal(json_member_text(v, "command"), "eval");
        assert_true(json_member_number(v, "seconds") >= 0.0);
        assert_non_null(over);
        jobs += !(over->number > 0.0) && !(json_member_number(v, "done") > 0.0);
        if (over->number > 0.0 && strcmp(json_member_text(v, "what"), "images") == 0) {
            assert_true(fabs(json_member_number(v, "total") - 3.0) < 0.5);
            assert_true(fabs(json_member_number(v, "done") - 3.0) < 0.5);
            assert_true(json_member_number(v, "per_second") > 0.0);
            assert_true(json_member_number(v, "seconds_left") < 1e-9);
        }
        ended += over->number > 0.0;
        json_free(d);
    }
    assert_int_equal(ended, 4); /* plan, keys, weights, images */
    assert_true(jobs >= ended);
}

static void help_and_version_are_results(void **state)
{
    static const char *const names[] = {"demo",  "plan", "keygen", "encrypt",
                                        "infer", "eval", "train",  "decrypt"};

    (void)state;
    program_expect(0, "--version");
    assert_int_equal(strncmp(program_out, "unseen ", 7), 0);
    program_expect(0, "--help");
    assert_string_equal(program_err, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null(strstr(program_out, names[i]));
        program_expect(0, "%s --help", names[i]);
        assert_string_equal(program_err, "");
        assert_int_equal(strncmp(program_out, "Usage: unseen ", 14), 0);
        program_expect(0, "--help");
    }
}

/* Whether keygen's outputs stand open under their temporary names. */
static int working(void)
{
    DIR *d = opendir(".");
    int found = 0;

    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        found += strncmp(e->d_name, ".z.eval.", 8) == 0;
    closedir(d);
    return found;
}

/* A signal in the middle of the work: the program ends by it, and the folder is as it was. Returns
 * whether the program was at work when it came; on a loaded machine it may be through by then. */
static int interrupt(int number)
{
    const struct timespec moment = {0, 1000000};
    int before = program_entries(), status = 0, through;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        /* A shell starts what runs in the background with SIGINT ignored, and that is inherited. */
        signal(number, SIG_DFL);
        execl(program_path, "unseen", "keygen", "a.plan", "-s", "z.secret", "-e", "z.eval",
              (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 30000 && !working() && !program_has("z.eval"); i++)
        nanosleep(&moment, NULL);
    assert_int_equal(kill(child, number), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    through = program_has("z.eval");
    if (through) {
        assert_int_equal(unlink("z.secret"), 0);
        assert_int_equal(unlink("z.eval"), 0);
    } else {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), number);
    }
    assert_int_equal(program_entries(), before);
    return !through;
}

static void an_interrupt_leaves_nothing(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int hit = 0;
        for (int tries = 0; tries < 20 && !hit; tries++)
            hit = interrupt(numbers[i]);
        assert_true(hit);
    }
}

static void demo_labels_all_ten_digits_right(void **state)
{
    const char *source = getenv("top_srcdir");

    (void)state;
    if (source != NULL)
        program_expect(0, "demo --data '%s/data'", source);
    else
        program_expect(0, "demo");
    assert_string_equal(program_err, "");
    assert_non_null(strstr(program_out, "10 of 10 labels are right"));
    assert_null(strstr(program_out, "WRONG"));
}

static void a_link_is_followed_and_modes_are_the_umask(void **state)
{
    struct stat info;

    (void)state;
    program_write("real", "old", 3);
    assert_int_equal(symlink("real", "link"), 0);
    program_expect(0, "--version; umask 027; $U plan a.onnx -o link");
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat("real", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(program_file_size("real"), program_file_size("a.plan"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_steps_give_the_plain_answer),
        cmocka_unit_test(streams_stand_for_files),
        cmocka_unit_test(an_idx_picture_is_taken_by_number),
        cmocka_unit_test(keys_are_for_their_owner_and_not_overwritten),
        cmocka_unit_test(plan_tells_sizes_as_they_come_out),
        cmocka_unit_test(eval_does_not_depend_on_threads),
        cmocka_unit_test(eval_packs_images_as_asked),
        cmocka_unit_test(the_packing_is_chosen_by_the_images),
        cmocka_unit_test(eval_below_the_demand_is_a_negative_result),
        cmocka_unit_test(demo_tells_a_wrong_label),
        cmocka_unit_test(demo_labels_all_ten_digits_right),
        cmocka_unit_test(progress_only_on_a_terminal_or_on_demand),
        cmocka_unit_test(progress_for_programs),
        cmocka_unit_test(help_and_version_are_results),
        cmocka_unit_test(an_interrupt_leaves_nothing),
        cmocka_unit_test(a_link_is_followed_and_modes_are_the_umask),
    };
    return cmocka_run_group_tests_name("cli_job", tests, begin, program_end);
}
