/* A small set of images in memory, and trainings on it: two classes, a bar that stands or lies,
 * somewhere, on a little noise; in three channels of different brightness when asked for. */
#ifndef UNSEEN_TESTS_TRAIN_SETS_H
#define UNSEEN_TESTS_TRAIN_SETS_H

#include "tests/testing.h"

#include "train/parser.h"
#include "train/session.h"
#include "train/status.h"

enum { SET_SIDE = 12, SET_AREA = SET_SIDE * SET_SIDE, SET_TRAIN = 300, SET_TEST = 40 };

typedef struct train_set {
    uint8_t pixels[2][SET_TRAIN * 3 * SET_AREA];
    uint8_t labels[2][SET_TRAIN];
    train_data data;
} train_set;

/** Draw the images. */
static inline void train_set_make(train_set *s, size_t channels)
{
    testing_rng rng;
    testing_rng_init(&rng, 1);
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = 0; i < (half ? SET_TEST : SET_TRAIN); i++) {
            size_t lies = testing_below(&rng, 2), where = 3 + testing_below(&rng, 6);
            s->labels[half][i] = (uint8_t)lies;
            for (size_t c = 0; c < channels; c++) {
                uint8_t *image = s->pixels[half] + (i * channels + c) * SET_AREA;
                for (size_t k = 0; k < SET_AREA; k++)
                    image[k] = (uint8_t)testing_below(&rng, 40);
                for (size_t k = 2; k < 10; k++)
                    image[lies ? where * SET_SIDE + k : k * SET_SIDE + where] =
                        (uint8_t)(255 - 60 * c);
            }
        }
    }
    s->data =
        (train_data){.train = {SET_TRAIN, channels, SET_SIDE, SET_SIDE, s->pixels[0], s->labels[0]},
                     .test = {SET_TEST, channels, SET_SIDE, SET_SIDE, s->pixels[1], s->labels[1]}};
    train_data_digest(&s->data);
}

/** Read a description that is right. */
static inline void train_set_parse(train_recipe *r, const char *text)
{
    char why[1024] = "";
    int line;
    int st = train_recipe_parse(r, text, strlen(text), &line, why, sizeof why);
    if (st != TRAIN_OK)
        printf("# line %d: %s\n", line, why);
    assert_int_equal(st, TRAIN_OK);
}

/** Begin a training. */
static inline void train_set_start(train_session *t, const train_recipe *r, const train_set *s,
                                   uint32_t epochs, int threads)
{
    char why[256];
    assert_int_equal(train_session_create(t, r, &s->data, 5, epochs, 20, threads, why, sizeof why),
                     TRAIN_OK);
}

/* Every kind of layer, a residual sum with two takers, padding that is not the same at both ends.
 */
#define TRAIN_SET_EVERYTHING                                                                       \
    "input 3 12 12\n"                                                                              \
    "conv 6 3x3 pad same\nnorm\nmark a\nswish4 4\n"                                                \
    "conv 6 3x3 pad 1 1 1 1 groups 2\nnorm\nadd a\nquadratic 0.2 0.5 learn\n"                      \
    "mark b\nconv 8 3x2 stride 2 pad 1 0 0 1\nnorm\nrelu\n"                                        \
    "mark c\nfrom b\navgpool 2\nconv 8 1x1\nadd c\n"                                               \
    "avgpool 3 stride 1\nswish\ndense 12\npoly 0.1 0.5 0.2 0.01\nmark d\ndense 12\nnorm\n"         \
    "square\nadd d\ndense 10\n"                                                                    \
    "batch 43\nsmoothing 0.1\nrate 0.01\n"

#endif
