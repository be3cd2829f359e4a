/* Checkpoints: a resumed training gives the same bits; what is damaged or of another is refused and
 * nothing touched; a finished one teaches, or is begun with.
 */
#include "tests/train_sets.h"

#include "train/checkpoint.h"

static const char text[] = "input 1 12 12\nconv 4 3x3 stride 2\nnorm\nsquare\ndense 10\n"
                           "batch 32\nrate 0.005\naverage 0.9\nshift 1\n";
static const char pupil[] = "input 1 12 12\ndense 10\nbatch 32\ndistil 0.9 2\n";
static train_set set;
static train_recipe r;
static char why[256];

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 1);
    train_set_parse(&r, text);
    return 0;
}

static void resume_is_the_same(void **state)
{
    (void)state;
    train_session whole, first, second;
    uint8_t *bytes;
    size_t size;
    train_set_start(&whole, &r, &set, 4, 1);
    train_set_start(&first, &r, &set, 4, 2);
    train_set_start(&second, &r, &set, 4, 1);
    for (int e = 0; e < 4; e++)
        assert_int_equal(train_session_epoch(&whole, NULL, NULL), TRAIN_OK);
    for (int e = 0; e < 2; e++)
        assert_int_equal(train_session_epoch(&first, NULL, NULL), TRAIN_OK);
    train_session_model(&first, 1); /* as after a report: the weights are written all the same */
    assert_int_equal(train_checkpoint_write(&bytes, &size, &first, text), TRAIN_OK);
    assert_int_equal(train_checkpoint_read(&second, bytes, size, text, why, sizeof why), TRAIN_OK);
    assert_int_equal(second.done, 2);
    for (int e = 0; e < 2; e++)
        assert_int_equal(train_session_epoch(&second, NULL, NULL), TRAIN_OK);
    size_t n = whole.net.param_count * sizeof(float);
    assert_memory_equal(whole.net.params, second.net.params, n);
    assert_memory_equal(whole.moments.average, second.moments.average, n);
    free(bytes);
    train_session_free(&whole);
    train_session_free(&first);
    train_session_free(&second);
}

/* FNV-1a, as checkpoint.h says. */
static void seal(uint8_t *bytes, size_t size)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size - 8; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    for (int i = 0; i < 8; i++)
        bytes[size - 8 + (size_t)i] = (uint8_t)(sum >> (8 * i));
}

static void refused(void **state)
{
    (void)state;
    train_session t;
    uint8_t *bytes;
    size_t size;
    train_set_start(&t, &r, &set, 2, 1);
    assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    assert_int_equal(train_checkpoint_write(&bytes, &size, &t, text), TRAIN_OK);
    t.net.params[0] = 77.0f;
    /* cut short, or with any byte changed */
    for (size_t cut = 0; cut < size; cut += cut < 300 ? 1 : 97)
        assert_int_equal(train_checkpoint_read(&t, bytes, cut, text, why, sizeof why),
                         TRAIN_ERR_FORMAT);
    for (size_t at = 0; at < size; at += at < 300 ? 1 : 97) {
        bytes[at] ^= 0x20;
        assert_int_equal(train_checkpoint_read(&t, bytes, size, text, why, sizeof why),
                         TRAIN_ERR_FORMAT);
        bytes[at] ^= 0x20;
    }
    /* fields, with a checksum that fits: seed, epochs, done, images, data, teacher, start,
     * parameters
     */
    size_t fields = 12 + 12 + strlen(text) + 12;
    static const int code[8] = {TRAIN_ERR_MISMATCH, TRAIN_ERR_MISMATCH, TRAIN_ERR_MISMATCH,
                                TRAIN_ERR_MISMATCH, TRAIN_ERR_MISMATCH, TRAIN_ERR_MISMATCH,
                                TRAIN_ERR_MISMATCH, TRAIN_ERR_FORMAT};
    for (size_t f = 0; f < 8; f++) {
        bytes[fields + 8 * f] ^= 0x40;
        seal(bytes, size);
        assert_int_equal(train_checkpoint_read(&t, bytes, size, text, why, sizeof why), code[f]);
        bytes[fields + 8 * f] ^= 0x40;
    }
    /* section names and lengths */
    for (size_t at = 12; at < 24; at++) {
        bytes[at] ^= 0x41;
        seal(bytes, size);
        assert_int_equal(train_checkpoint_read(&t, bytes, size, text, why, sizeof why),
                         TRAIN_ERR_FORMAT);
        bytes[at] ^= 0x41;
    }
    seal(bytes, size);
    assert_int_equal(train_checkpoint_read(&t, bytes, size, "input 1 12 12\n", why, sizeof why),
                     TRAIN_ERR_MISMATCH);
    assert_true(t.net.params[0] == 77.0f && t.done == 1);
    assert_int_equal(train_checkpoint_read(&t, bytes, size, text, why, sizeof why), TRAIN_OK);
    assert_true(t.net.params[0] != 77.0f);
    free(bytes);
    train_session_free(&t);
}

/* A pupil of one dense layer comes nearer to its teacher than one that is told labels alone. */
static void teachers_teach(void **state)
{
    (void)state;
    train_session teacher, taught, again;
    train_recipe p, known, known_again;
    uint8_t *bytes, *state_bytes;
    size_t size, state_size;
    train_set_start(&teacher, &r, &set, 8, 2);
    while (teacher.done < teacher.epochs)
        assert_int_equal(train_session_epoch(&teacher, NULL, NULL), TRAIN_OK);
    assert_int_equal(train_checkpoint_write(&bytes, &size, &teacher, text), TRAIN_OK);
    train_set_parse(&p, pupil);
    train_set_start(&taught, &p, &set, 2, 1);
    assert_int_equal(train_checkpoint_teach(&taught, &known, bytes, size, why, sizeof why),
                     TRAIN_OK);
    /* the model, not the weights that training goes on with */
    assert_memory_equal(taught.teacher.params, teacher.moments.average,
                        teacher.net.param_count * sizeof(float));
    assert_int_equal(train_session_epoch(&taught, NULL, NULL), TRAIN_OK);
    double first = taught.loss;
    assert_int_equal(train_checkpoint_write(&state_bytes, &state_size, &taught, pupil), TRAIN_OK);
    assert_int_equal(train_session_epoch(&taught, NULL, NULL), TRAIN_OK);
    assert_true(taught.loss < first);
    /* a resumed pupil needs the same teacher */
    train_set_start(&again, &p, &set, 2, 1);
    assert_int_equal(train_checkpoint_read(&again, state_bytes, state_size, pupil, why, sizeof why),
                     TRAIN_ERR_MISMATCH);
    assert_int_equal(train_checkpoint_teach(&again, &known_again, bytes, size, why, sizeof why),
                     TRAIN_OK);
    assert_int_equal(train_checkpoint_read(&again, state_bytes, state_size, pupil, why, sizeof why),
                     TRAIN_OK);
    assert_int_equal(train_session_epoch(&again, NULL, NULL), TRAIN_OK);
    assert_memory_equal(again.net.params, taught.net.params, again.net.param_count * sizeof(float));
    bytes[40] ^= 1;
    assert_int_equal(train_checkpoint_teach(&again, &known_again, bytes, size, why, sizeof why),
                     TRAIN_ERR_FORMAT);
    train_session_free(&teacher);
    train_session_free(&taught);
    train_session_free(&again);
    free(bytes);
    free(state_bytes);
}

static void wrong_teachers(void **state)
{
    (void)state;
    train_session t;
    train_recipe p, known;
    uint8_t *bytes;
    size_t size;
    train_set_start(&t, &r, &set, 1, 1);
    /* one whose description does not fit its parameters, and one that takes other images */
    assert_int_equal(train_checkpoint_write(&bytes, &size, &t, "input 1 12 12\ndense 10\n"),
                     TRAIN_OK);
    train_session_free(&t);
    train_set_parse(&p, pupil);
    train_set_start(&t, &p, &set, 1, 1);
    assert_int_equal(train_checkpoint_teach(&t, &known, bytes, size, why, sizeof why),
                     TRAIN_ERR_FORMAT);
    assert_null(t.teacher.block);
    free(bytes);
    assert_int_equal(train_checkpoint_write(&bytes, &size, &t, "input 1 8 8\ndense 10\n"),
                     TRAIN_OK);
    assert_int_equal(train_checkpoint_teach(&t, &known, bytes, size, why, sizeof why),
                     TRAIN_ERR_MISMATCH);
    free(bytes);
    assert_int_equal(train_checkpoint_write(&bytes, &size, &t, "input 1 8\n"), TRAIN_OK);
    assert_int_equal(train_checkpoint_teach(&t, &known, bytes, size, why, sizeof why),
                     TRAIN_ERR_FORMAT);
    assert_non_null(strstr(why, "line 1"));
    free(bytes);
    train_session_free(&t);
}

/* The same layers with another curve, and coefficients of it that are trained: the weights are the
 * first network's model; where the layers differ the run is left alone. */
static void starts(void **state)
{
    (void)state;
    static const char other[] = "input 1 12 12\nconv 4 3x3 stride 2\nnorm\n"
                                "quadratic 0.25 0.5 learn\ndense 10\nbatch 32\naverage 0.5\n";
    static const char *const apart[5][2] = {
        {"input 1 12 12\nconv 4 3x3 stride 2\nsquare\ndense 10\n", "line 2"},
        {"input 1 12 12\nconv 4 3x3 stride 2 pad 1\nnorm\nsquare\ndense 10\n", "line 2"},
        {"input 1 12 12\nconv 5 3x3 stride 2\nnorm\nsquare\ndense 10\n", "line 2"},
        {"input 1 12 12\nconv 4 3x3 stride 2\nnorm\nsquare\ndense 10\nsquare\ndense 10\n",
         "line 6"},
        {"input 1 12 12\ndense 10\n", "line 2"},
    };
    train_session first, t;
    train_recipe p;
    uint8_t *bytes;
    size_t size;
    train_set_start(&first, &r, &set, 1, 1);
    assert_int_equal(train_session_epoch(&first, NULL, NULL), TRAIN_OK);
    assert_int_equal(train_checkpoint_write(&bytes, &size, &first, text), TRAIN_OK);
    train_set_parse(&p, other);
    train_set_start(&t, &p, &set, 1, 1);
    const train_op *act = &t.net.ops[1];
    float curve = t.net.params[act->curve];
    assert_int_equal(train_checkpoint_start(&t, bytes, size, why, sizeof why), TRAIN_OK);
    assert_true(t.start_digest != 0 && act->curve_count > 0 && t.net.params[act->curve] == curve);
    for (size_t i = 0; i < t.net.op_count; i++) {
        const train_op *a = &t.net.ops[i], *b = &first.net.ops[i];
        assert_memory_equal(t.net.params + a->weight, first.moments.average + b->weight,
                            a->weight_count * sizeof(float));
        assert_memory_equal(t.moments.average + a->bias, first.moments.average + b->bias,
                            a->bias_count * sizeof(float));
    }
    assert_int_equal(train_checkpoint_start(&t, bytes, size - 1, why, sizeof why),
                     TRAIN_ERR_FORMAT);
    train_session_free(&t);
    for (size_t i = 0; i < 5; i++) {
        train_set_parse(&p, apart[i][0]);
        train_set_start(&t, &p, &set, 1, 1);
        t.net.params[0] = 77.0f;
        assert_int_equal(train_checkpoint_start(&t, bytes, size, why, sizeof why),
                         TRAIN_ERR_MISMATCH);
        if (strstr(why, apart[i][1]) == NULL)
            fail_msg("case %zu: %s", i, why);
        assert_true(t.net.params[0] == 77.0f && t.start_digest == 0);
        train_session_free(&t);
    }
    train_session_free(&first);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume_is_the_same),
        cmocka_unit_test(refused),
        cmocka_unit_test(teachers_teach),
        cmocka_unit_test(wrong_teachers),
        cmocka_unit_test(starts),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
