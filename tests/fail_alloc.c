/* Memory runs out at the k-th request, for every k, of a whole session: context, keys, objects,
 * transform, bytes. Nothing leaks, nothing crashes, every status says so, and what was made before
 * still works.
 */
#include "tests/scheme.h"

#include "ckks/circuits.h"

enum { LOG_N = 10 };

/* Everything of a session; freed whatever was reached. */
typedef struct session {
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk, *sk2;
    ckks_public_key *pk, *pk2;
    ckks_eval_keys *keys, *keys2;
    ckks_plaintext *p;
    ckks_ciphertext *c;
    ckks_lintrans *t;
} session;

static void session_free(session *s)
{
    ckks_lintrans_free(s->t);
    ckks_ciphertext_free(s->c);
    ckks_plaintext_free(s->p);
    ckks_eval_keys_free(s->keys);
    ckks_eval_keys_free(s->keys2);
    ckks_public_key_free(s->pk);
    ckks_public_key_free(s->pk2);
    ckks_secret_key_free(s->sk);
    ckks_secret_key_free(s->sk2);
    ckks_worker_free(s->w);
    ckks_context_free(s->ctx);
}

#define STEP(call)                                                                                 \
    do {                                                                                           \
        ckks_status st_ = (call);                                                                  \
        if (st_ != CKKS_OK)                                                                        \
            return st_;                                                                            \
    } while (0)

static ckks_status session_bytes(session *s, uint8_t *bytes, size_t room)
{
    size_t used = 0;

    STEP(ckks_secret_key_write(bytes, room, &used, s->sk));
    STEP(ckks_secret_key_read(s->w, &s->sk2, bytes, used, &used));
    STEP(ckks_public_key_write(bytes, room, &used, s->pk));
    STEP(ckks_public_key_read(s->w, &s->pk2, bytes, used, &used));
    STEP(ckks_eval_keys_write(bytes, room, &used, s->keys));
    STEP(ckks_eval_keys_read(s->w, &s->keys2, bytes, used, &used));
    return CKKS_OK;
}

/* Diagonals of the two rows that user points to. */
static ckks_status diagonal(void *user, int k, double *value)
{
    const double(*values)[1 << (LOG_N - 1)] = user;

    memcpy(value, values[k], sizeof values[k]);
    return CKKS_OK;
}

static ckks_status session_run(session *s, const ckks_params *params, uint8_t *bytes, size_t room)
{
    static double values[2][1 << (LOG_N - 1)];
    static const ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                                          {CKKS_KEY_ROTATE, 1, 2, 1, 1}};
    static const int baby[] = {0, 1};
    static const int giant[] = {0, 0};
    const ckks_lintrans_shape shape = {.limbs = 2,
                                       .rescale = 1,
                                       .special = 1,
                                       .alpha = 1,
                                       .step_count = 2,
                                       .baby = baby,
                                       .giant = giant};
    const ckks_ciphertext *c = NULL;

    values[0][0] = 1.0;
    values[1][5] = -1.0;
    STEP(ckks_context_create(&s->ctx, params, NULL, 0));
    STEP(ckks_worker_create(&s->w, s->ctx, ckks_lintrans_scratch_bytes(s->ctx, &shape, 1)));
    STEP(ckks_secret_key_create(s->w, &s->sk));
    STEP(ckks_public_key_create(s->w, &s->pk, s->sk));
    STEP(ckks_eval_keys_create(s->w, &s->keys, s->sk, specs, 2));
    STEP(ckks_worker_use_keys(s->w, s->keys));
    STEP(ckks_plaintext_create(&s->p, s->ctx));
    STEP(ckks_ciphertext_create(&s->c, s->ctx));
    STEP(ckks_lintrans_create(s->w, &s->t, &shape, diagonal, values, ckks_scale_from(0x1p30)));
    STEP(ckks_encode(s->w, s->p, values[0], NULL, 8, 2, ckks_scale_from(0x1p30)));
    STEP(ckks_encrypt_public(s->w, s->c, s->pk, s->p));
    c = s->c;
    STEP(ckks_lintrans_apply(s->w, &s->c, &c, s->t));
    STEP(ckks_decrypt(s->w, s->p, s->sk, s->c));
    return session_bytes(s, bytes, room);
}

static void every_allocation_in_turn(void **state)
{
    enum { ROOM = 1 << 18 };
    uint8_t *bytes = malloc(ROOM);
    int forever = 0;

    (void)state;
    assert_non_null(bytes);
    for (forever = 0; forever < 2; forever++) {
        int k = 1;
        for (;; k++) {
            testing_alloc t = {.fail_at = k, .fail_forever = forever};
            ckks_params params = scheme_params(LOG_N, 2, 40, 1);
            session s = {0};
            ckks_status st = CKKS_OK;
            params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &t};
            st = session_run(&s, &params, bytes, ROOM);
            if (t.calls < k) {
                assert_int_equal(st, CKKS_OK);
                session_free(&s);
                assert_int_equal(t.live, 0);
                break;
            }
            assert_int_equal(st, CKKS_ERR_MEMORY);
            if (s.w != NULL && s.sk != NULL && s.ctx != NULL && ckks_worker_error(s.w)[0] != '\0')
                assert_non_null(strstr(ckks_worker_error(s.w), "no memory"));
            session_free(&s);
            assert_int_equal(t.live, 0);
        }
        assert_true(k > 25); /* so many places were tried */
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
