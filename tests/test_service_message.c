/* The bytes of messages: known forms, round trips, and everything malformed refused. */
#include "service/message.h"

#include "tests/testing.h"

static void fill(uint8_t *p, size_t n, int first)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(first + (int)i);
}

static void open_is_digest_and_name(void **state)
{
    uint8_t bytes[SERVICE_DIGEST + SERVICE_NAME_MOST + 1];
    service_open m = {.name = "s3"}, back;
    size_t size;

    (void)state;
    fill(m.plan, sizeof m.plan, 5);
    size = service_open_write(bytes, &m);
    assert_int_equal(size, 34);
    assert_memory_equal(bytes, m.plan, SERVICE_DIGEST);
    assert_memory_equal(bytes + SERVICE_DIGEST, "s3", 2);
    assert_true(service_open_read(&back, bytes, size));
    assert_memory_equal(&back, &m, sizeof m);
    assert_true(service_open_read(&back, bytes, SERVICE_DIGEST));
    assert_string_equal(back.name, "");
    for (size_t n = 0; n < SERVICE_DIGEST; n++)
        assert_false(service_open_read(&back, bytes, n));
    memset(bytes + SERVICE_DIGEST, 'a', SERVICE_NAME_MOST + 1);
    assert_true(service_open_read(&back, bytes, SERVICE_DIGEST + SERVICE_NAME_MOST));
    assert_false(service_open_read(&back, bytes, SERVICE_DIGEST + SERVICE_NAME_MOST + 1));
}

/* Every byte in every place of a name of three. */
static void names_are_plain(void **state)
{
    uint8_t bytes[SERVICE_DIGEST + 3] = {0};
    service_open m;

    (void)state;
    for (int place = 0; place < 3; place++) {
        for (int c = 0; c < 256; c++) {
            int word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            int mark = c == '.' || c == '_' || c == '-';
            memcpy(bytes + SERVICE_DIGEST, "abc", 3);
            bytes[SERVICE_DIGEST + place] = (uint8_t)c;
            assert_int_equal(service_open_read(&m, bytes, sizeof bytes),
                             word || (mark && place > 0));
        }
    }
    assert_false(service_name_good(""));
    assert_true(service_name_good("mnist-s3_v1.2"));
}

static void plan_head(void **state)
{
    uint8_t bytes[SERVICE_PLAN_HEAD];
    service_plan_head m = {.requests = 0x01020304}, back;

    (void)state;
    fill(m.digest, sizeof m.digest, 9);
    assert_int_equal(service_plan_head_write(bytes, &m), SERVICE_PLAN_HEAD);
    assert_memory_equal(bytes + 32, "\4\3\2\1\0\0\0\0", 8);
    assert_true(service_plan_head_read(&back, bytes, sizeof bytes));
    assert_memory_equal(&back, &m, sizeof m);
    assert_false(service_plan_head_read(&back, bytes, sizeof bytes - 1));
    bytes[39] = 1;
    assert_false(service_plan_head_read(&back, bytes, sizeof bytes));
    m.requests = 0;
    service_plan_head_write(bytes, &m);
    assert_false(service_plan_head_read(&back, bytes, sizeof bytes));
}

static void keys_and_their_state(void **state)
{
    uint8_t bytes[SERVICE_KEYS_BYTES];
    service_keys m = {.size = UINT64_C(0x0102030405060708)}, back;
    service_keys_state s = {.have = 1}, sback;

    (void)state;
    fill(m.digest, sizeof m.digest, 77);
    assert_int_equal(service_keys_write(bytes, &m), SERVICE_KEYS_BYTES);
    assert_memory_equal(bytes + 32, "\10\7\6\5\4\3\2\1", 8);
    assert_true(service_keys_read(&back, bytes, sizeof bytes));
    assert_memory_equal(&back, &m, sizeof m);
    assert_false(service_keys_read(&back, bytes, sizeof bytes - 1));
    m.size = 0;
    service_keys_write(bytes, &m);
    assert_false(service_keys_read(&back, bytes, sizeof bytes));

    memcpy(s.digest, m.digest, sizeof s.digest);
    assert_int_equal(service_keys_state_write(bytes, &s), SERVICE_STATE_BYTES);
    assert_true(service_keys_state_read(&sback, bytes, SERVICE_STATE_BYTES));
    assert_int_equal(sback.have, 1);
    assert_memory_equal(sback.digest, s.digest, sizeof s.digest);
    bytes[32] = 2;
    assert_false(service_keys_state_read(&sback, bytes, SERVICE_STATE_BYTES));
    bytes[32] = 0;
    assert_false(service_keys_state_read(&sback, bytes, SERVICE_STATE_BYTES + 1));
    assert_true(service_keys_state_read(&sback, bytes, SERVICE_STATE_BYTES));
    assert_int_equal(sback.have, 0);
}

static void working(void **state)
{
    uint8_t bytes[SERVICE_WORKING_BYTES];
    const service_working m = {3, 258};
    service_working back;

    (void)state;
    assert_int_equal(service_working_write(bytes, &m), SERVICE_WORKING_BYTES);
    assert_memory_equal(bytes, "\3\0\0\0\2\1\0\0", 8);
    assert_true(service_working_read(&back, bytes, sizeof bytes));
    assert_int_equal(back.step, 3);
    assert_int_equal(back.steps, 258);
    assert_false(service_working_read(&back, bytes, sizeof bytes - 1));
    bytes[1] = 9; /* more steps done than there are */
    assert_false(service_working_read(&back, bytes, sizeof bytes));
}

/* A server's words reach a terminal: no control characters, no more than agreed. */
static void faults_are_printable(void **state)
{
    uint8_t bytes[2 + SERVICE_TEXT_MOST + 1];
    char text[SERVICE_TEXT_MOST + 100];
    service_fault m, back;
    size_t size;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    service_fault_set(&m, SERVICE_FAULT_BUSY, text);
    assert_int_equal(strlen(m.text), SERVICE_TEXT_MOST);
    size = service_fault_write(bytes, &m);
    assert_int_equal(size, 2 + SERVICE_TEXT_MOST);
    assert_true(service_fault_read(&back, bytes, size));
    assert_memory_equal(&back, &m, sizeof m);
    assert_false(service_fault_read(&back, bytes, size + 1));
    assert_false(service_fault_read(&back, bytes, 1));
    memcpy(bytes, "\7\0a\33[2Jb\n\177", 10);
    assert_true(service_fault_read(&back, bytes, 10));
    assert_int_equal(back.code, 7);
    assert_string_equal(back.text, "a?[2Jb??");
    service_fault_set(&m, 1, "line\nline");
    assert_string_equal(m.text, "line?line");
    bytes[0] = 0;
    assert_false(service_fault_read(&back, bytes, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_is_digest_and_name),
        cmocka_unit_test(names_are_plain),
        cmocka_unit_test(plan_head),
        cmocka_unit_test(keys_and_their_state),
        cmocka_unit_test(working),
        cmocka_unit_test(faults_are_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
