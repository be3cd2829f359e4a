/* Distortions: none, whole places, mirrors, turns and holes. */
#include "tests/train_sets.h"

#include "train/distort.h"

enum { H = 6, W = 8, AREA = H * W };

static uint8_t image[2 * AREA];
static float out[2 * AREA];
static size_t hole[4];
static train_recipe r;

static void make(const char *statements)
{
    char text[256];
    snprintf(text, sizeof text, "input 2 %d %d\ndense 10\n%s", H, W, statements);
    train_set_parse(&r, text);
    for (size_t i = 0; i < 2 * AREA; i++)
        image[i] = (uint8_t)(i * 37 % 251);
}

static void distort(uint64_t index)
{
    train_distort(out, AREA, hole, image, &r, train_random_stream(1, 2, index));
}

static void nothing(void **state)
{
    (void)state;
    make("");
    distort(0);
    for (size_t i = 0; i < 2 * AREA; i++)
        assert_true(out[i] == (float)image[i]);
    assert_int_equal(hole[2] - hole[0], 0);
}

/* Among mirrors and moves by whole places every result is one of them, and each occurs. */
static void moves_and_mirrors(void **state)
{
    (void)state;
    static const char *const text[] = {"flip\nshift 1.4\n", "flip\nshift 1.4\nborder edge\n"};
    for (int edge = 0; edge < 2; edge++) {
        unsigned char seen[18] = {0};
        make(text[edge]);
        for (uint64_t n = 0; n < 400; n++) {
            int found = -1;
            distort(n);
            for (int k = 0; k < 18 && found < 0; k++) {
                int dy = k / 3 % 3 - 1, dx = k % 3 - 1, same = 1;
                for (int i = 0; i < 2 * AREA && same; i++) {
                    int x = i % W, y = i / W % H + dy;
                    x = (k >= 9 ? W - 1 - x : x) + dx;
                    int inside = x >= 0 && x < W && y >= 0 && y < H;
                    x = x < 0 ? 0 : x >= W ? W - 1 : x;
                    y = y < 0 ? 0 : y >= H ? H - 1 : y;
                    float want = inside || edge ? (float)image[i / AREA * AREA + y * W + x] : 0.0f;
                    same = out[i] == want;
                }
                found = same ? k : -1;
            }
            assert_true(found >= 0);
            seen[found] = 1;
        }
        for (int k = 0; k < 18; k++)
            assert_int_equal(seen[k], 1);
    }
}

/* A plane, a x + b y + c, stays one under an affine map away from the border; channels move alike.
 */
static void planes_stay_planes(void **state)
{
    (void)state;
    make("rotation 20\nscale 0.2\nshear 0.1\nshift 0.5\nborder edge\n");
    for (size_t i = 0; i < AREA; i++) {
        image[i] = (uint8_t)(100 + 5 * (i % W) + 3 * (i / W));
        image[AREA + i] = (uint8_t)(200 - 5 * (i % W) - 3 * (i / W));
    }
    int moved = 0;
    for (uint64_t n = 0; n < 50; n++) {
        distort(n);
        for (size_t i = 0; i < AREA; i++)
            testing_assert_near(out[i] + out[AREA + i], 300.0, 1e-3);
        float *m = out + 2 * W + 3; /* three in a row in the middle, and three in a column */
        testing_assert_near(m[1] - m[0], m[0] - m[-1], 1e-3);
        testing_assert_near(m[W] - m[0], m[0] - m[-W], 1e-3);
        moved += fabsf(m[0] - (float)image[2 * W + 3]) > 0.5f;
    }
    assert_true(moved > 10);
    make("rotation 180\nscale 0.5\nshift 20\n"); /* far outside is background */
    for (uint64_t n = 0; n < 200; n++) {
        distort(n);
        for (size_t i = 0; i < 2 * AREA; i++)
            assert_true(out[i] >= 0.0f && out[i] <= 255.0f);
    }
}

/* Turns and mirrors keep the length of a plane's slope, and about half of them are mirrors. */
static void turns_keep_lengths(void **state)
{
    (void)state;
    int mirrors = 0;
    make("flip\nrotation 30\nborder edge\n");
    for (size_t i = 0; i < AREA; i++) {
        image[i] = (uint8_t)(100 + 5 * (i % W) + 3 * (i / W));
        image[AREA + i] = (uint8_t)(100 - 3 * (i % W) + 5 * (i / W)); /* the slope, turned by 90 */
    }
    for (uint64_t n = 0; n < 100; n++) {
        distort(n);
        const float *m = out + 2 * W + 3, *k = m + AREA;
        double x = (double)(m[1] - m[0]), y = (double)(m[W] - m[0]);
        double u = (double)(k[1] - k[0]), v = (double)(k[W] - k[0]);
        testing_assert_near(x * x + y * y, 34.0, 0.01);
        testing_assert_near(u * u + v * v, 34.0, 0.01);
        testing_assert_near(x * u + y * v, 0.0, 0.01);
        mirrors += x * v - y * u < 0.0;
    }
    assert_true(mirrors > 25 && mirrors < 75);
}

static void holes(void **state)
{
    (void)state;
    make("cutout 3\n");
    int whole = 0;
    for (uint64_t n = 0; n < 200; n++) {
        distort(n);
        assert_true(hole[0] < hole[2] && hole[2] <= H && hole[1] < hole[3] && hole[3] <= W);
        assert_true(hole[2] - hole[0] <= 3 && hole[3] - hole[1] <= 3);
        whole += hole[2] - hole[0] == 3 && hole[3] - hole[1] == 3;
    }
    assert_true(whole > 50 && whole < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(moves_and_mirrors),
        cmocka_unit_test(planes_stay_planes),
        cmocka_unit_test(turns_keep_lengths),
        cmocka_unit_test(holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
