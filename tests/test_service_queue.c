/* Fairness against a plain model: the order of turns, limits, dropping. */
#include "service/queue.h"

#include "tests/failing.h"
#include "tests/testing.h"

static int tokens[64];

static service_queue *make(size_t most, size_t most_client)
{
    service_queue *q = NULL;
    assert_int_equal(service_queue_create(&q, most, most_client), SERVICE_OK);
    return q;
}

static void push(service_queue *q, uint64_t client, int token)
{
    assert_int_equal(service_queue_push(q, client, &tokens[token]), SERVICE_OK);
}

static void expect(service_queue *q, int token)
{
    assert_ptr_equal(service_queue_pop(q), &tokens[token]);
}

static void clients_take_turns(void **state)
{
    service_queue *q = make(10, 10);

    (void)state;
    assert_null(service_queue_pop(q));
    for (int i = 0; i < 4; i++)
        push(q, 7, i);
    push(q, 9, 4);
    push(q, 9, 5);
    push(q, 1, 6);
    expect(q, 0);
    expect(q, 4);
    expect(q, 6);
    expect(q, 1);
    push(q, 1, 7); /* comes back: behind 9 and 7 */
    expect(q, 5);
    expect(q, 2);
    expect(q, 7);
    expect(q, 3);
    assert_null(service_queue_pop(q));
    assert_int_equal(service_queue_length(q), 0);
    service_queue_free(q);
}

/* However much one client asks for, another waits for one job of it at most. */
static void a_greedy_client_delays_nobody(void **state)
{
    service_queue *q = make(64, 64);

    (void)state;
    for (int i = 0; i < 60; i++)
        push(q, 1, i);
    expect(q, 0);
    push(q, 2, 60);
    expect(q, 1);
    expect(q, 60);
    service_queue_free(q);
}

static void limits_hold(void **state)
{
    service_queue *q = NULL;

    (void)state;
    assert_int_equal(service_queue_create(&q, 0, 1), SERVICE_ERR_ARG);
    assert_int_equal(service_queue_create(&q, 1, 0), SERVICE_ERR_ARG);
    assert_null(q);
    q = make(3, 2);
    push(q, 1, 0);
    push(q, 1, 1);
    assert_int_equal(service_queue_push(q, 1, &tokens[2]), SERVICE_ERR_LIMIT);
    push(q, 2, 3);
    assert_int_equal(service_queue_push(q, 3, &tokens[4]), SERVICE_ERR_LIMIT);
    expect(q, 0);
    push(q, 1, 5);
    service_queue_free(q);
    service_queue_free(NULL);
}

static int is_odd(void *user, void *job)
{
    (void)user;
    return ((int *)job - tokens) % 2 == 1;
}

static void picked_jobs_go(void **state)
{
    service_queue *q = make(20, 20);

    (void)state;
    for (int i = 0; i < 6; i++)
        push(q, 1, i);
    push(q, 2, 7);
    push(q, 3, 8);
    assert_int_equal(service_queue_drop(q, is_odd, NULL), 4);
    assert_int_equal(service_queue_length(q), 4);
    push(q, 4, 10); /* the ring's end is still where it was */
    push(q, 1, 12);
    expect(q, 0);
    expect(q, 8);
    expect(q, 10);
    expect(q, 2);
    expect(q, 4);
    expect(q, 12);
    service_queue_free(q);
}

/* Random traffic against an array: each pop is the first job of the client whose turn is longest
 * ago. */
static void as_a_plain_model_does(void **state)
{
    enum { CLIENTS = 5, STEPS = 4000 };
    int fifo[CLIENTS][64], count[CLIENTS] = {0}, ring[CLIENTS], waiting = 0;
    service_queue *q = make(40, 64);
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int step = 0; step < STEPS; step++) {
        int c = (int)testing_below(&rng, CLIENTS);
        if (testing_below(&rng, 2) == 0 && service_queue_length(q) < 40) {
            int token = (int)testing_below(&rng, 64);
            push(q, (uint64_t)c * 1000, token);
            if (count[c] == 0)
                ring[waiting++] = c;
            fifo[c][count[c]++] = token;
        } else if (waiting > 0) {
            c = ring[0];
            expect(q, fifo[c][0]);
            memmove(ring, ring + 1, sizeof ring - sizeof ring[0]);
            memmove(fifo[c], fifo[c] + 1, sizeof fifo[c] - sizeof fifo[c][0]);
            waiting--;
            if (--count[c] > 0)
                ring[waiting++] = c;
        } else {
            assert_null(service_queue_pop(q));
        }
    }
    service_queue_free(q);
}

static void no_memory_changes_nothing(void **state)
{
    service_queue *q = NULL;

    (void)state;
    failing_from(1);
    assert_int_equal(service_queue_create(&q, 4, 4), SERVICE_ERR_MEMORY);
    assert_true(failing_stop());
    q = make(4, 4);
    for (long k = 1; k <= 2; k++) {
        failing_from(k);
        assert_int_equal(service_queue_push(q, 1, &tokens[0]), SERVICE_ERR_MEMORY);
        assert_true(failing_stop());
        assert_int_equal(service_queue_length(q), 0);
        assert_null(service_queue_pop(q));
    }
    service_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_take_turns),    cmocka_unit_test(a_greedy_client_delays_nobody),
        cmocka_unit_test(limits_hold),           cmocka_unit_test(picked_jobs_go),
        cmocka_unit_test(as_a_plain_model_does), cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
