/* The error model against measurements, in both rings: for every operation the measured deviation
 * of a slot's error lies within 10 % of the model; noise_world.h says over how many slots.
 */
#include "tests/noise_world.h"

/* ------------------------------------------------------------------ fresh ciphertexts */

static void run_encode(world *t)
{
    encode(t, t->re, t->im, 25);
    scheme_ok(t->s.w, ckks_decode(t->s.w, t->got_re, t->got_im, t->s.slots, t->p));
    expect(t, t->re, t->im);
    tally(t, ckks_noise_encode(t->s.ctx, ckks_scale_from(0x1p25)));
    assert_true(t->p->error == ckks_noise_encode(t->s.ctx, ckks_scale_from(0x1p25)));
}

static void run_encrypt(world *t)
{
    expect(t, t->re, t->im);
    tally_cipher(t, t->a, ckks_ciphertext_error(t->a));
}

static void run_encrypt_public(world *t)
{
    ckks_public_key *pk = NULL;

    scheme_ok(t->s.w, ckks_public_key_create(t->s.w, &pk, t->s.sk));
    encode(t, t->re, t->im, 35);
    scheme_ok(t->s.w, ckks_encrypt_public(t->s.w, t->c, pk, t->p));
    expect(t, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    ckks_public_key_free(pk);
}

static void run_share(world *t)
{
    scheme_ok(t->s.w, ckks_decrypt_to_share(t->s.w, t->p, t->s.sk, t->a, 3.0, 30));
    scheme_ok(t->s.w, ckks_decode(t->s.w, t->got_re, t->got_im, t->s.slots, t->p));
    expect(t, t->re, t->im);
    tally(t, t->p->error);
    testing_assert_near(t->p->error / ckks_ciphertext_error(t->a), 6.0 * 32768.0, 64.0);
}

static void fresh(void **state)
{
    (void)state;
    measure("encode", PLAIN, 40, 35, run_encode);
    measure("encrypt with the secret", PLAIN, 40, 35, run_encrypt);
    measure("encrypt with the public key", TIMES_SECRET, 40, 35, run_encrypt_public);
    measure("decrypt to share", PLAIN, 45, 50, run_share);
}

/* ------------------------------------------------------------------ sums and slotwise products */

static void run_add(world *t)
{
    scheme_ok(t->s.w, ckks_eval_add(t->s.w, t->c, t->a, t->b));
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = t->re[j] + t->re2[j];
        t->out_im[j] = t->im[j] + t->im2[j];
    }
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

/* The same error twice does not add in squares. */
static void run_double(world *t)
{
    scheme_ok(t->s.w, ckks_eval_add(t->s.w, t->c, t->a, t->a));
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = 2.0 * t->re[j];
        t->out_im[j] = 2.0 * t->im[j];
    }
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

static void run_product(world *t)
{
    scheme_ok(t->s.w, ckks_eval_mul_raw(t->s.w, t->c, t->a, t->b));
    expect_product(t, t->re2, t->im2);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

static void run_square(world *t)
{
    scheme_ok(t->s.w, ckks_eval_square_raw(t->s.w, t->c, t->a));
    expect_product(t, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

/* A plaintext at 2^14 beside a ciphertext at 2^17: both roundings are seen. */
static void run_mul_plain(world *t)
{
    encode(t, t->re2, t->im2, 14);
    scheme_ok(t->s.w, ckks_eval_mul_plain(t->s.w, t->c, t->a, t->p));
    expect_product(t, t->re2, t->im2);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

static void mul_const(world *t, double x, ckks_scale scale)
{
    scheme_ok(t->s.w, ckks_eval_mul_const(t->s.w, t->c, t->a, x, scale));
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = t->re[j] * x;
        t->out_im[j] = t->im[j] * x;
    }
}

static void run_mul_const(world *t)
{
    mul_const(t, -2.7, ckks_scale_from(0x1p30));
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

/* A coarse constant, 1/3 at 2^8: the rounding turns no slot, it scales it. By the model each part
 * of a slot may be as large as the slot; on the circle both share it. */
static void run_mul_const_coarse(world *t)
{
    const double both = scheme_ring == CKKS_RING_REAL ? 1.0 : sqrt(2.0);

    mul_const(t, 1.0 / 3.0, ckks_scale_from(0x1p8));
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c) / both);
}

static void run_add_const(world *t)
{
    scheme_ok(t->s.w, ckks_eval_add_const(t->s.w, t->c, t->a, 0.7));
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = t->re[j] + 0.7;
        t->out_im[j] = t->im[j];
    }
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
}

static void slotwise(void **state)
{
    (void)state;
    measure("add", PLAIN, 40, 35, run_add);
    measure("add to itself", PLAIN, 40, 35, run_double);
    measure("add a constant", PLAIN, 40, 35, run_add_const);
    measure("multiply by a constant", PLAIN, 40, 35, run_mul_const);
    measure("multiply by a coarse constant", PLAIN, 40, 35, run_mul_const_coarse);
    measure("multiply by a plaintext", PLAIN, 40, 17, run_mul_plain);
    measure("product", PLAIN, 40, 35, run_product);
    measure("square", PLAIN, 40, 35, run_square);
}

/* ------------------------------------------------------------------ divisions and key switches */

/* From 2^60 to 2^20: what stays is the rounding. */
static void run_rescale(world *t)
{
    scheme_ok(t->s.w, ckks_eval_rescale(t->s.w, t->c, t->a));
    expect(t, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    testing_assert_near(ckks_ciphertext_error(t->c) /
                            ckks_noise_divide(t->s.ctx, 2, ckks_ciphertext_scale(t->c)),
                        1.0, 1e-6);
}

static void run_rescale_three(world *t)
{
    scheme_ok(t->s.w, ckks_eval_square_raw(t->s.w, t->c, t->a));
    scheme_ok(t->s.w, ckks_eval_rescale(t->s.w, t->c, t->c));
    expect_product(t, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    testing_assert_near(ckks_ciphertext_error(t->c) /
                            ckks_noise_divide(t->s.ctx, 3, ckks_ciphertext_scale(t->c)),
                        1.0, 0.05);
}

/* What one key switch and the division after it add, by the model. */
static double switch_model(const world *t, const ckks_key_spec *spec, ckks_scale scale)
{
    return ckks_noise_add(
        ckks_noise_keyswitch(t->s.ctx, spec->limbs, spec->alpha, spec->special, scale),
        ckks_noise_divide(t->s.ctx, 2, scale));
}

static void rotate(world *t, int alpha, int special)
{
    ckks_key_spec spec = {CKKS_KEY_ROTATE, -3, LIMBS, alpha, special};

    scheme_keys(&t->s, &spec, 1);
    scheme_ok(t->s.w, ckks_eval_rotate(t->s.w, t->c, t->a, -3));
    expect_turned(t, t->a, -3);
    tally_cipher(t, t->c, switch_model(t, &spec, ckks_ciphertext_scale(t->a)));
    testing_assert_near(ckks_ciphertext_error(t->c) /
                            ckks_noise_add(ckks_ciphertext_error(t->a),
                                           switch_model(t, &spec, ckks_ciphertext_scale(t->a))),
                        1.0, 1e-9);
}

/* P is 2^46 times a digit: the division by P is all. */
static void run_mod_down(world *t)
{
    rotate(t, 1, 2);
}

/* P is 1.7 times a digit: the key's errors are all. */
static void run_rotate(world *t)
{
    rotate(t, 1, 1);
}

static void run_rotate_wide(world *t)
{
    rotate(t, 2, 2);
}

static void run_rotate_many(world *t)
{
    static const int steps[FEW] = {1, -1, 7, 100};
    ckks_key_spec spec[FEW];

    for (int i = 0; i < FEW; i++)
        spec[i] = (ckks_key_spec){CKKS_KEY_ROTATE, steps[i], LIMBS, 1, 1};
    scheme_keys(&t->s, spec, FEW);
    scheme_ok(t->s.w, ckks_eval_rotate_many(t->s.w, t->out, t->a, steps, FEW));
    for (int i = 0; i < FEW; i++) {
        expect_turned(t, t->a, steps[i]);
        tally_cipher(t, t->out[i], switch_model(t, spec, ckks_ciphertext_scale(t->a)));
    }
}

static void run_conjugate(world *t)
{
    ckks_key_spec spec = {CKKS_KEY_CONJUGATE, 0, LIMBS, 1, 1};

    scheme_keys(&t->s, &spec, 1);
    scheme_ok(t->s.w, ckks_eval_conjugate(t->s.w, t->c, t->a));
    expect_turned(t, t->a, 0);
    for (size_t j = 0; j < t->s.slots; j++)
        t->out_im[j] = -t->out_im[j];
    tally_cipher(t, t->c, switch_model(t, &spec, ckks_ciphertext_scale(t->a)));
}

/* A product at 2^30, before and after. */
static void run_relinearise(world *t)
{
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, LIMBS, 1, 1};

    scheme_keys(&t->s, &spec, 1);
    scheme_ok(t->s.w, ckks_eval_mul_raw(t->s.w, t->b, t->a, t->b));
    scheme_ok(t->s.w, ckks_eval_relinearise(t->s.w, t->c, t->b, 0));
    expect_turned(t, t->b, 0);
    tally_cipher(t, t->c, switch_model(t, &spec, ckks_ciphertext_scale(t->b)));
    testing_assert_near(ckks_ciphertext_error(t->c) /
                            ckks_noise_add(ckks_ciphertext_error(t->b),
                                           switch_model(t, &spec, ckks_ciphertext_scale(t->b))),
                        1.0, 1e-9);
}

/* The same with the division by a prime: from 2^64 to 2^18. Only the one rounding is left. */
static void run_relinearise_rescale(world *t)
{
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, LIMBS, 1, 1};

    scheme_keys(&t->s, &spec, 1);
    scheme_ok(t->s.w, ckks_eval_mul(t->s.w, t->c, t->a, t->b, 1));
    expect_product(t, t->re2, t->im2);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    testing_assert_near(ckks_ciphertext_error(t->c) /
                            ckks_noise_divide(t->s.ctx, 2, ckks_ciphertext_scale(t->c)),
                        1.0, 0.05);
}

static void divisions(void **state)
{
    (void)state;
    measure("rescale", TIMES_SECRET, 40, 60, run_rescale);
    measure("rescale three parts", TIMES_SQUARE, 45, 32, run_rescale_three);
    measure("mod-down", TIMES_SECRET, 46, 30, run_mod_down);
    measure("relinearise and rescale", TIMES_SECRET, 46, 32, run_relinearise_rescale);
}

static void key_switches(void **state)
{
    (void)state;
    measure("rotate", TIMES_SECRET, 46, 30, run_rotate);
    measure("rotate, two primes a digit", TIMES_SECRET, 46, 30, run_rotate_wide);
    measure("rotate many", TIMES_SECRET, 46, 30, run_rotate_many);
    measure("relinearise", TIMES_SECRET, 46, 15, run_relinearise);
    if (scheme_ring == CKKS_RING_COMPLEX)
        measure("conjugate", TIMES_SECRET, 46, 30, run_conjugate);
}

/* ------------------------------------------------------------------ circuits */

enum { SIDE = 4, TERMS = SIDE * SIDE };

/* A transform by the diagonals baby + giant, baby steps first_baby and after it by SIDE or by one,
 * giants multiples of SIDE; values random signs over SIDE, or 1, so that their squares add up to 1
 * or to their number. */
typedef struct transform {
    int baby[TERMS], giant[TERMS];
    double *value[TERMS]; /* of every diagonal */
    size_t slots;
    ckks_lintrans_shape shape;
    ckks_lintrans *made;
    ckks_worker *w;
} transform;

static ckks_status diagonal(void *user, int k, double *value)
{
    const transform *v = user;

    memcpy(value, v->value[k], v->slots * sizeof *value);
    return CKKS_OK;
}

static void transform_start(world *t, transform *v, int babies, int first_baby, int special,
                            int ones, double scale)
{
    ckks_key_spec spec[2 * TERMS];
    const ckks_ciphertext *in = t->a;
    size_t count = 0;

    memset(v, 0, sizeof *v);
    v->slots = t->s.slots;
    v->shape = (ckks_lintrans_shape){.limbs = LIMBS,
                                     .special = special,
                                     .alpha = 1,
                                     .step_count = SIDE * babies,
                                     .baby = v->baby,
                                     .giant = v->giant};
    for (int i = 0; i < v->shape.step_count; i++) {
        double *value = scheme_vector(&t->s, -1, 1);

        for (size_t j = 0; j < t->s.slots; j++)
            value[j] = ones ? 1.0 : value[j] < 0 ? -1.0 / SIDE : 1.0 / SIDE;
        v->baby[i] = first_baby + i % babies;
        v->giant[i] = i / babies * SIDE;
        v->value[i] = value;
    }
    count = ckks_lintrans_keys(t->s.ctx, spec, 2 * TERMS, &v->shape);
    scheme_keys(&t->s, spec, count);
    scheme_ok(NULL, ckks_worker_create(&v->w, t->s.ctx,
                                       ckks_lintrans_scratch_bytes(t->s.ctx, &v->shape, 1)));
    scheme_ok(v->w, ckks_worker_use_keys(v->w, t->s.keys));
    scheme_ok(v->w,
              ckks_lintrans_create(v->w, &v->made, &v->shape, diagonal, v, ckks_scale_from(scale)));
    scheme_ok(v->w, ckks_lintrans_apply(v->w, &t->c, &in, v->made));
}

/* The transform of the slots in re, im is expected. */
static void transform_expect(world *t, const transform *v, const double *re, const double *im)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = 0.0;
        t->out_im[j] = 0.0;
        for (int i = 0; i < v->shape.step_count; i++) {
            size_t from = (j + (size_t)(v->baby[i] + v->giant[i])) % t->s.slots;

            t->out_re[j] += v->value[i][j] * re[from];
            t->out_im[j] += v->value[i][j] * im[from];
        }
    }
}

static void transform_stop(transform *v)
{
    for (int i = 0; i < v->shape.step_count; i++)
        free(v->value[i]);
    ckks_lintrans_free(v->made);
    ckks_worker_free(v->w);
}

/* Diagonals at 2^10: their rounding is all. */
static void run_transform_coarse(world *t)
{
    transform v;

    transform_start(t, &v, SIDE, 1, 1, 0, 0x1p10);
    transform_expect(t, &v, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    transform_stop(&v);
}

/* Diagonals at 2^40: the hoisted key switches of the baby steps are all. */
static void run_transform_babies(world *t)
{
    transform v;

    transform_start(t, &v, SIDE, 1, 1, 0, 0x1p40);
    transform_expect(t, &v, t->re, t->im);
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    transform_stop(&v);
}

/* Sums of rotations, exactly: the transform adds the errors of its giant steps, given for one, and
 * of the last division. */
static void rotations(world *t, int baby, int special, double giant)
{
    double *re = scheme_vector(&t->s, 0, 1);
    double *im = scheme_vector(&t->s, 0, 1);
    transform v;

    transform_start(t, &v, 1, baby, special, 1, 1.0);
    scheme_decrypt(&t->s, re, im, t->a);
    transform_expect(t, &v, re, im);
    tally_cipher(t, t->c,
                 ckks_noise_add(giant * sqrt(SIDE - 1.0),
                                ckks_noise_divide(t->s.ctx, 2, ckks_ciphertext_scale(t->a))));
    transform_stop(&v);
    free(re);
    free(im);
}

/* Without a baby step, what is divided by P before a giant step is P times the input. */
static void run_transform_giants(world *t)
{
    rotations(t, 0, 1, ckks_noise_keyswitch(t->s.ctx, LIMBS, 1, 1, ckks_ciphertext_scale(t->a)));
}

/* With one, and P far above the digits, that division's rounding is what a giant step adds. */
static void run_transform_roundings(world *t)
{
    rotations(t, 1, 2, ckks_noise_divide_c1(t->s.ctx, ckks_ciphertext_scale(t->a)));
}

/* A polynomial of real slots, the input's error being all: multiplied by the slope at each slot,
 * whose mean fourth power is below three times its squared mean square. The carried estimate takes
 * slopes at their largest. */
static void run_polynomial(world *t)
{
    const double coef[] = {0.25, -0.5, 0.75, 0.0, 0.5};
    const ckks_polynomial p = {CKKS_BASIS_MONOMIAL, 4, coef};
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, LIMBS, 1, 1};
    ckks_worker *w = NULL;
    double slopes = 0.0;

    memset(t->im, 0, t->s.slots * sizeof *t->im);
    for (size_t j = 0; j < t->s.slots; j++) {
        double x = testing_uniform(&t->s.rng, -1, 1);
        double slope = -0.5 + 1.5 * x + 2.0 * x * x * x;

        t->re[j] = x;
        t->out_re[j] = 0.25 + x * (-0.5 + x * (0.75 + x * x * 0.5));
        t->out_im[j] = 0.0;
        slopes += slope * slope;
    }
    scheme_ok(t->s.w,
              ckks_encode(t->s.w, t->p, t->re, NULL, t->s.slots, LIMBS, ckks_scale_from(0x1p20)));
    scheme_ok(t->s.w, ckks_encrypt(t->s.w, t->a, t->s.sk, t->p));
    scheme_keys(&t->s, &spec, 1);
    scheme_ok(NULL, ckks_worker_create(&w, t->s.ctx, ckks_poly_scratch_bytes(t->s.ctx, &p, LIMBS)));
    scheme_ok(w, ckks_worker_use_keys(w, t->s.keys));
    scheme_ok(w, ckks_poly_eval(w, t->c, t->a, &p, 0x1p40));
    slopes = sqrt(slopes / (double)t->s.slots);
    tally_cipher(t, t->c, slopes * ckks_noise_encrypt(t->s.ctx, ckks_scale_from(0x1p20)));
    assert_true(ckks_ciphertext_error(t->c) >=
                slopes * ckks_noise_encrypt(t->s.ctx, ckks_scale_from(0x1p20)));
    ckks_worker_free(w);
}

/* x^2 + c where |x| = 1: the estimate is the model. */
static void run_polynomial_square(world *t)
{
    const double coef[] = {0.25, 0.0, 1.0};
    const ckks_polynomial p = {CKKS_BASIS_MONOMIAL, 2, coef};
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, LIMBS, 1, 1};
    ckks_worker *w = NULL;

    scheme_keys(&t->s, &spec, 1);
    scheme_ok(NULL, ckks_worker_create(&w, t->s.ctx, ckks_poly_scratch_bytes(t->s.ctx, &p, LIMBS)));
    scheme_ok(w, ckks_worker_use_keys(w, t->s.keys));
    scheme_ok(w, ckks_poly_eval(w, t->c, t->a, &p, 0x1p20));
    expect_product(t, t->re, t->im);
    for (size_t j = 0; j < t->s.slots; j++)
        t->out_re[j] += 0.25;
    tally_cipher(t, t->c, ckks_ciphertext_error(t->c));
    ckks_worker_free(w);
}

static void circuits(void **state)
{
    (void)state;
    measure("transform, coarse diagonals", PLAIN, 46, 40, run_transform_coarse);
    measure("transform, baby steps", TIMES_SECRET, 46, 30, run_transform_babies);
    measure("transform, giant steps", TIMES_SECRET, 46, 30, run_transform_giants);
    measure("transform, roundings", TIMES_SECRET, 46, 30, run_transform_roundings);
    measure("polynomial", TIMES_SQUARE, 40, 20, run_polynomial);
    measure("polynomial x^2 + c", TIMES_SECRET, 40, 30, run_polynomial_square);
}

/* ------------------------------------------------------------------ the formulas themselves */

static void formulas(void **state)
{
    const int real = scheme_ring == CKKS_RING_REAL;
    const double g = real ? 2.0 * N : N;          /* mean |slot|^2 */
    const double part = sqrt(real ? g : g / 2.0); /* deviation of a part */
    const double h = 2.0 * g / 3.0;
    const ckks_scale one = ckks_scale_from(1.0);
    const ckks_scale two = ckks_scale_from(2.0);
    world t;

    (void)state;
    start(&t, 40);
    assert_true(ckks_noise_add(3.0, 4.0) == 5.0);
    testing_assert_near(ckks_noise_sigma(), sqrt(42.0) / 2.0, 1e-12);
    testing_assert_near(ckks_noise_slot(t.s.ctx, 3.0, two), 1.5 * part, 1e-9);
    testing_assert_near(ckks_noise_coefficient(t.s.ctx, 1.5 * part, two), 3.0, 1e-12);
    testing_assert_near(ckks_noise_encode(t.s.ctx, one), part / sqrt(6.0), 1e-9);
    testing_assert_near(ckks_noise_encode(t.s.ctx, ckks_scale_from((double)N * N)) * N * N,
                        part / sqrt(12.0), 1e-9);
    testing_assert_near(ckks_noise_encrypt(t.s.ctx, one), part * sqrt(10.5), 1e-9);
    testing_assert_near(ckks_noise_encrypt_public(t.s.ctx, one), part * sqrt(10.5 * (1 + 2 * h)),
                        1e-6);
    testing_assert_near(ckks_noise_divide(t.s.ctx, 2, one), part * sqrt((1 + h) / 12), 1e-6);
    testing_assert_near(ckks_noise_divide(t.s.ctx, 3, one),
                        part * sqrt((1 + h + (real ? 3 : 2) * h * h) / 12), 1e-6);
    testing_assert_near(ckks_noise_divide_c1(t.s.ctx, one), part * sqrt(h / 12), 1e-6);
    testing_assert_near(ckks_noise_mul(2.0, 0.0, 3.0, 0.5), 1.0, 1e-12);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh),        cmocka_unit_test(slotwise), cmocka_unit_test(divisions),
        cmocka_unit_test(key_switches), cmocka_unit_test(circuits), cmocka_unit_test(formulas),
    };

    return scheme_run(tests);
}
