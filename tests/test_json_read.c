/* The reader of JSON: what it takes, what it refuses and in which line, what the writer writes. */
#define _POSIX_C_SOURCE 200809L

#include "tools/json_read.h"

#include "tests/testing.h"
#include "tools/json.h"
#include "tools/result.h"

static char why[200];

static json_document *read_text(const char *text)
{
    json_document *d;
    why[0] = '\0';
    if (json_read(&d, (const uint8_t *)text, strlen(text), why, sizeof why) != TOOL_OK)
        assert_null(d);
    return d;
}

static void refused(const char *text, const char *part)
{
    json_document *d = read_text(text);
    if (d != NULL || strstr(why, part) == NULL) {
        print_error("%s: \"%s\", wanted \"%s\"\n", text, why, part);
        fail();
    }
}

static void test_values(void **state)
{
    (void)state;
    json_document *d = read_text(" {\"a\": [1, -2.5e1, true, null, \"x\\n\\u00e9\\ud83d\\ude00\"],"
                                 "\n\"b\": {}, \"a\": 7}\r\n");
    size_t count;
    assert_non_null(d);
    const json_value *root = json_root(d);
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->count, 3);
    const json_value *v = json_member_array(root, "a", &count);
    assert_int_equal(count, 5);
    assert_true(v->kind == JSON_NUMBER && fabs(v->number - 1) < 1e-12 && v->key == NULL);
    v = v->next;
    assert_true(fabs(v->number + 25) < 1e-12);
    v = v->next;
    assert_true(v->kind == JSON_BOOL && v->number > 0.5);
    v = v->next;
    assert_int_equal(v->kind, JSON_NULL);
    v = v->next;
    assert_string_equal(v->text, "x\n\xc3\xa9\xf0\x9f\x98\x80");
    assert_null(v->next);
    assert_int_equal(json_member(root, "b")->kind, JSON_OBJECT);
    assert_null(json_member(root, "b")->first);
    assert_null(json_member(root, "c"));
    assert_null(json_member(NULL, "c"));
    assert_true(isnan(json_member_number(root, "b")) && isnan(json_member_number(root, "c")));
    assert_string_equal(json_member_text(root, "c"), "");
    assert_null(json_member_array(root, "b", &count));
    assert_int_equal(count, 0);
    json_free(d);
    json_free(NULL);
}

static void test_refused(void **state)
{
    static char deep[2 * JSON_MOST_DEPTH + 10];
    (void)state;
    refused("", "line 1 is the end");
    refused("[1,\n\n2,]", "line 3 is no number");
    refused("[1 2]", "should be a comma");
    refused("{1:2}", "name of a member");
    refused("{\"a\" 2}", "colon");
    refused("{\"a\":2", "should be a comma or a closing bracket");
    refused("[1] x", "follows the end");
    refused("01", "number");
    refused("1.", "number");
    refused("-", "number");
    refused("1e", "number");
    refused("1e999", "too large");
    refused("+1", "number");
    refused("NaN", "number");
    refused("nul", "no value");
    refused("\"a", "without its end");
    refused("\"\\", "without its end");
    refused("\"\\x\"", "escape");
    refused("\"\\u12x4\"", "hexadecimal");
    refused("\"\\u12", "cut short");
    refused("\"\\u0000\"", "NUL");
    refused("\"\\ud800x\"", "surrogate");
    refused("\"\\ud800\\u0041\"", "surrogate");
    refused("\"\\udc00\"", "surrogate");
    refused("\"\n\"", "control character");
    refused("\"\xff\"", "UTF-8");
    refused("\"\xc0\x80\"", "UTF-8");     /* overlong */
    refused("\"\xed\xa0\x80\"", "UTF-8"); /* a surrogate */
    refused("\"\xe2\x82\"", "UTF-8");     /* cut short by the quote */
    memset(deep, '[', JSON_MOST_DEPTH + 1);
    refused(deep, "deeper");
    memset(deep, '[', JSON_MOST_DEPTH);
    memset(deep + JSON_MOST_DEPTH, ']', JSON_MOST_DEPTH);
    json_document *d = read_text(deep);
    assert_non_null(d);
    json_free(d);
}

static void test_too_many(void **state)
{
    size_t size = 2 * (size_t)JSON_MOST_VALUES + 1;
    char *text = malloc(size + 1);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 2 == 0 ? ',' : '1';
    text[0] = '[';
    text[size - 1] = ']';
    text[size] = '\0';
    refused(text, "more than the 1048576 values");
    text[size - 3] = ']'; /* one less */
    text[size - 2] = text[size - 1] = ' ';
    json_document *d = read_text(text);
    assert_non_null(d);
    assert_int_equal(json_root(d)->count, JSON_MOST_VALUES - 1);
    json_free(d);
    free(text);
}

/* What the writer writes reads back equal. */
static void test_round_trip(void **state)
{
    static const char strange[] = "a\"b\\c\t\x01 \xc3\xa9 \xff\xfe end";
    char *text = NULL;
    size_t size = 0;
    json j;
    FILE *f = open_memstream(&text, &size);
    (void)state;
    assert_non_null(f);
    json_begin(&j, f);
    json_open_object(&j, NULL);
    json_string(&j, strange, strange);
    json_real(&j, "third", 1.0 / 3.0);
    json_real(&j, "none", NAN);
    json_bool(&j, "yes", 1);
    json_close_object(&j);
    json_end(&j);
    assert_int_equal(fclose(f), 0);
    json_document *d = read_text(text);
    assert_non_null(d);
    const json_value *v = json_root(d)->first;
    assert_string_equal(v->text, "a\"b\\c\t\x01 \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd end");
    assert_string_equal(v->key, v->text);
    assert_memory_equal(&v->next->number, &(double){1.0 / 3.0}, sizeof(double));
    assert_int_equal(v->next->next->kind, JSON_NULL);
    json_free(d);
    free(text);
}

/* Any change of one byte and any cut: refused or read, never out of bounds (for the sanitizers). */
static void test_damaged(void **state)
{
    static const char whole[] = "{\"a\": [1, 2.5e-3, \"\\u00e9\\\"\", true, {}], \"b\": null}";
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < 20000; k++) {
        size_t size = k % sizeof whole;
        uint8_t *copy = malloc(size + 1);
        json_document *d;
        assert_non_null(copy);
        memcpy(copy, whole, size);
        if (size > 0)
            copy[testing_u64(&rng) % size] = (uint8_t)testing_u64(&rng);
        if (json_read(&d, copy, size, why, sizeof why) == TOOL_OK)
            json_free(d);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
