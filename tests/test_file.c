/* Files that are mapped. */
#define _XOPEN_SOURCE 700

#include "tools/file.h"

#include "tests/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli.h"

enum { SIZE = 100000 };

static char folder[] = "test_file_XXXXXX";

static int begin(void **state)
{
    static uint8_t bytes[SIZE];
    testing_rng rng;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    testing_rng_init(&rng, 1);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)testing_u64(&rng);
    f = fopen("file", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink("file");
    unlink("err");
    assert_int_equal(chdir(".."), 0);
    return rmdir(folder);
}

/* The same bytes mapped and read; what is no regular file is read. */
static void mapped_bytes_are_those_of_the_file(void **state)
{
    file_mapping mapped, piped;
    file_bytes read;
    char name[32];
    int ends[2];

    (void)state;
    assert_int_equal(file_map(&mapped, "file", SIZE), CLI_OK);
    assert_int_equal(file_read(&read, "file", SIZE), CLI_OK);
    assert_true(mapped.mapped == 1 && mapped.bytes.size == SIZE && read.size == SIZE);
    assert_memory_equal(mapped.bytes.data, read.data, SIZE);
    file_unmap(&mapped);
    assert_null(mapped.bytes.data);
    file_unmap(&mapped);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], read.data, 1000), 1000);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(file_map(&piped, name, SIZE), CLI_OK);
    assert_true(piped.mapped == 0 && piped.bytes.size == 1000);
    assert_memory_equal(piped.bytes.data, read.data, 1000);
    file_unmap(&piped);
    close(ends[0]);
    file_free(&read);
}

static void what_cannot_be_mapped_says_why(void **state)
{
    file_mapping m;

    (void)state;
    assert_int_equal(file_map(&m, "none", SIZE), CLI_NO_FILE);
    assert_int_equal(file_map(&m, "file", SIZE - 1), CLI_DAMAGED);
    assert_int_equal(file_map(&m, ".", SIZE), CLI_NO_FILE);
    assert_true(m.mapped == 0 && m.bytes.data == NULL);
}

/* The child maps the file, which then loses its bytes, and looks at them. */
static void look_at_what_is_gone(void)
{
    file_mapping m;
    output_file o;

    if (freopen("err", "w", stderr) == NULL || file_map(&m, "file", SIZE) != CLI_OK ||
        output_open(&o, "out", OUTPUT_TEXT) != CLI_OK || truncate("file", 0) != 0)
        _exit(1);
    volatile uint8_t *bytes = m.bytes.data;
    _exit(bytes[SIZE - 1] == 0 ? 2 : 3);
}

static void a_file_cut_short_while_mapped_ends_the_program_cleanly(void **state)
{
    char text[200] = "";
    int status = 0, entries = 0;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        look_at_what_is_gone();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), CLI_IO);
    FILE *err = fopen("err", "r");
    assert_non_null(err);
    assert_non_null(fgets(text, sizeof text, err));
    fclose(err);
    assert_non_null(strstr(text, "cut short while it was being read"));
    /* Its output's temporary file is gone. */
    entries = system("test $(ls -A | wc -l) -eq 2");
    assert_int_equal(entries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapped_bytes_are_those_of_the_file),
        cmocka_unit_test(what_cannot_be_mapped_says_why),
        cmocka_unit_test(a_file_cut_short_while_mapped_ends_the_program_cleanly),
    };
    return cmocka_run_group_tests_name("file", tests, begin, end);
}
