/* Times in their classes, and both texts. */
#include "service/counters.h"

#include "tests/testing.h"

static service_counters counters;

static int fill(void **state)
{
    (void)state;
    memset(&counters, 0, sizeof counters);
    counters.value[SERVICE_COUNT_requests_total] = 12;
    counters.value[SERVICE_COUNT_keys_bytes] = UINT64_MAX;
    for (int i = 0; i < 98; i++)
        service_times_add(&counters.infer, 0.0015);
    service_times_add(&counters.infer, 30.0);
    service_times_add(&counters.infer, 1e9);
    service_times_add(&counters.wait, -1.0);
    service_times_add(&counters.wait, 0.001);
    return 0;
}

static void json_has_every_counter(void **state)
{
    char text[4096];
    size_t size = service_counters_json(&counters, text, sizeof text);

    (void)state;
    assert_int_equal(size, strlen(text));
    assert_non_null(strstr(text, "\"requests_total\": 12,\n"));
    assert_non_null(strstr(text, "\"keys_bytes\": 18446744073709551615,\n"));
    assert_non_null(strstr(text, "\"infer_seconds\": {\"count\": 100, \"sum\": 1000000030.147000, "
                                 "\"p50\": 0.002, \"p99\": 50}"));
    assert_non_null(strstr(text, "\"wait_seconds\": {\"count\": 2, \"sum\": 0.001000, "
                                 "\"p50\": 0.001, \"p99\": 0.001}"));
}

/* Classes add up, end in +Inf with the count; every name has its help and its type. */
static void prometheus_text_is_well_formed(void **state)
{
    char text[8192], *line;
    size_t size = service_counters_prometheus(&counters, text, sizeof text), values = 0, types = 0;

    (void)state;
    assert_int_equal(size, strlen(text));
    assert_non_null(strstr(text, "\nunseen_requests_total 12\n"));
    assert_non_null(strstr(text, "unseen_infer_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(text, "unseen_infer_seconds_bucket{le=\"0.002\"} 98\n"));
    assert_non_null(strstr(text, "unseen_infer_seconds_bucket{le=\"50\"} 99\n"));
    assert_non_null(strstr(text, "unseen_infer_seconds_bucket{le=\"100\"} 99\n"));
    assert_non_null(strstr(text, "unseen_infer_seconds_bucket{le=\"+Inf\"} 100\n"));
    assert_non_null(strstr(text, "unseen_wait_seconds_count 2\n"));
    for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        types += strncmp(line, "# TYPE unseen_", 14) == 0;
        values += strncmp(line, "unseen_", 7) == 0;
        assert_true(line[0] == '#' || strncmp(line, "unseen_", 7) == 0);
    }
    assert_int_equal(types, SERVICE_COUNT_END + 2);
    assert_int_equal(values, SERVICE_COUNT_END + 2 * (SERVICE_TIME_CLASSES + 3));
}

/* A buffer of any size is not overrun, and the length is always the whole one. */
static void short_buffers_are_kept(void **state)
{
    char whole[8192], text[8192];
    size_t size = service_counters_prometheus(&counters, whole, sizeof whole);

    (void)state;
    assert_int_equal(service_counters_prometheus(&counters, NULL, 0), size);
    for (size_t room = 1; room <= size + 1; room += 97) {
        memset(text, 'x', sizeof text);
        assert_int_equal(service_counters_prometheus(&counters, text, room), size);
        assert_int_equal(strlen(text), room - 1);
        assert_memory_equal(text, whole, room - 1);
        assert_int_equal(text[room], 'x');
    }
    assert_int_equal(service_counters_json(&counters, NULL, 0),
                     service_counters_json(&counters, text, sizeof text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(json_has_every_counter, fill),
        cmocka_unit_test_setup(prometheus_text_is_well_formed, fill),
        cmocka_unit_test_setup(short_buffers_are_kept, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
