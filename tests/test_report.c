/* Pages of results made by hand: what is shown, what is compared, and files that mean harm. */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"

#include "tests/markup.h"
#include "tools/result.h"

static const char eval[] =
    "{\"model\": \"a<script>alert(1)</script>.onnx\", \"images\": 4, \"correct_plain\": 4, "
    "\"correct_encrypted\": 3, \"agree\": 3, \"infer_ms\": 5, \"infer_ms_per_image\": 5, "
    "\"shape\": [1, 1, 2], \"confusion\": [[2, 0], [1, 1]], \"wrong\": [{\"index\": 7, "
    "\"label\": 1, \"plain\": 1, \"encrypted\": 0, \"pixels\": \"AP8=\"}]}";

static const char check[] =
    "{\"model\": \"c.onnx\", \"images\": 1, \"encrypted\": 1, \"fitted_agree\": 1, "
    "\"sentence\": \"All is <well>.\", \"layers\": [{\"name\": \"first\", \"approximation\": "
    "{\"rms\": 0, \"rms_bits\": null}, \"noise\": {\"rms\": 0.01, \"rms_bits\": 6.6}, \"ms\": 2, "
    "\"limbs\": 3, \"range_used\": 1.25}, {\"name\": \"<second>\", \"ms\": null}], "
    "\"activations\": []}";

static const char csv[] = "# a machine & its clock\n"
                          "name,log_n,kernel,threads,min_us,median_us,cycles,distance,bytes\n"
                          "nn/small/infer,13,fast,1,2000,2100,8000,,64\n"
                          "nn/small/infer,13,fast,2,1000,1100,4000,2.5,64\n";

static char *page;

static void make(const char *const *source, size_t count)
{
    static const char *const name[] = {"one.json", "<b>two", "three"};
    report_file file[3];
    size_t size;
    char why[200] = "";
    for (size_t k = 0; k < count; k++)
        assert_int_equal(report_read(&file[k], name[k], (const uint8_t *)source[k],
                                     strlen(source[k]), why, sizeof why),
                         TOOL_OK);
    free(page);
    page = NULL;
    FILE *f = open_memstream(&page, &size);
    assert_non_null(f);
    assert_int_equal(report_page(f, file, count), TOOL_OK);
    assert_int_equal(fclose(f), 0);
    for (size_t k = 0; k < count; k++)
        report_free(&file[k]);
    markup_assert_whole(page);
    /* Nothing is loaded and nothing runs. */
    assert_int_equal(markup_count(page, "://"), markup_count(page, "http://www.w3.org/2000/svg"));
    assert_int_equal(markup_count(page, "<script") + markup_count(page, "url("), 0);
    assert_int_equal(markup_count(page, "nan") + markup_count(page, "2^inf"), 0);
}

static void has(const char *part)
{
    if (strstr(page, part) == NULL) {
        print_error("the page lacks: %s\n", part);
        fail();
    }
}

static void test_eval(void **state)
{
    (void)state;
    make((const char *const[]){eval}, 1);
    has("a&lt;script&gt;alert(1)");
    has("<dt>right, encrypted</dt><dd>75 %</dd>");
    has("<title>1 taken for 0: 1 of 2</title>");
    has("src=\"data:image/bmp;base64,Qk0");
    has("alt=\"image 7, label 1, taken for 0\"");
    has("<br>plain: 1");
    assert_int_equal(markup_count(page, "<svg "), 3); /* labels, times, matrix; no bytes are told */
    make((const char *const[]){eval, eval}, 2);
    has("&lt;b&gt;two");
    assert_int_equal(markup_count(page, "<svg "), 4); /* a matrix for each */
    assert_int_equal(markup_count(page, "<title>right, encrypted: one.json 75 %</title>"), 1);
}

static void test_check(void **state)
{
    (void)state;
    make((const char *const[]){check}, 1);
    has("All is &lt;well&gt;.");
    has("&lt;second&gt;");
    has("<title>first: approximation exact</title>");
    has("class=\"beyond\"");
    assert_int_equal(markup_count(page, "<svg "), 4);
    /* Of the same layers each number's bars stand side by side: two for the bits. */
    make((const char *const[]){check, check}, 2);
    assert_int_equal(markup_count(page, "<svg "), 5);
    has("<title>first: &lt;b&gt;two 2.00 ms</title>");
}

static void test_bench(void **state)
{
    (void)state;
    make((const char *const[]){csv, check, eval}, 3);
    has("a machine &amp; its clock");
    has("small/infer, 2 threads");
    has("<title>small/infer: 2.00 ms</title>");
    assert_int_equal(markup_count(page, "<section "), 3);
}

/* Values of other kinds and sizes than they should have. */
static void test_strange(void **state)
{
    static const char *const strange[] = {
        "{\"correct_encrypted\": [], \"agree\": {}, \"confusion\": 3, \"wrong\": \"x\"}",
        "{\"correct_encrypted\": 1, \"agree\": 1, \"confusion\": [[1], [1, 2]], \"wrong\": [1]}",
        "{\"correct_encrypted\": 1, \"agree\": 1, \"confusion\": [[\"a\", -1], [1, 2]]}",
        "{\"correct_encrypted\": 1, \"agree\": 1, \"shape\": [1, 1e9, 1e9], \"wrong\": "
        "[{\"pixels\": \"AAAA\"}]}",
        "{\"correct_encrypted\": 1, \"agree\": 1, \"shape\": [2, 1, 1], \"wrong\": "
        "[{\"pixels\": \"AAAA\"}]}",
        "{\"correct_encrypted\": 1, \"agree\": 1, \"shape\": [1, 1, 1], \"wrong\": "
        "[{\"pixels\": \"AAAA\"}]}",
        "{\"layers\": 1, \"sentence\": null, \"model\": 7}",
        "{\"steps\": [], \"infer_ms\": \"soon\", \"account\": [[], {}, 3], \"rings\": {}}",
        "{\"alternatives\": [{}, {\"images_per_ciphertext\": 1e308}], \"images\": null}",
        "{\"ablation\": [{\"passes\": {}, \"forecast\": []}], \"model\": null}",
        "# only a head",
        "name,log_n\n/,\n,\n",
    };
    (void)state;
    for (size_t k = 0; k < sizeof strange / sizeof *strange; k++)
        make(&strange[k], 1);
}

static void test_refused(void **state)
{
    static const char *const bad[][2] = {
        {"", "line 1"},
        {"{}", "neither JSON of unseen eval, check or plan"},
        {"[1]", "neither JSON"},
        {"\x1f\x8b", "line 1"},
        {"name,b\n1\n", "line 2 has not the 2 fields"},
    };
    report_file f;
    char why[200];
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_int_equal(
            report_read(&f, "x", (const uint8_t *)bad[k][0], strlen(bad[k][0]), why, sizeof why),
            TOOL_ERR_FORMAT);
        assert_non_null(strstr(why, bad[k][1]));
        assert_null(f.document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eval),    cmocka_unit_test(test_check),
        cmocka_unit_test(test_bench),   cmocka_unit_test(test_strange),
        cmocka_unit_test(test_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(page);
    return failed;
}
