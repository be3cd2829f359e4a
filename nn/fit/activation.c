/* Activation functions, see nn/fit/activation.h. */

#include "nn/fit/activation.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int parameters;
} table[NN_APPROX_FUNCTIONS] = {
    [NN_APPROX_RELU] = {"relu", 0},
    [NN_APPROX_SWISH] = {"swish", 0},
    [NN_APPROX_GELU] = {"gelu", 0},
    [NN_APPROX_SIGMOID] = {"sigmoid", 0},
    [NN_APPROX_TANH] = {"tanh", 0},
    [NN_APPROX_GELU_TANH] = {"gelu_tanh", 0},
    [NN_APPROX_HARD_SWISH] = {"hard_swish", 0},
    [NN_APPROX_ABS] = {"abs", 0},
    [NN_APPROX_LEAKY_RELU] = {"leaky_relu", 1},
    [NN_APPROX_HARD_SIGMOID] = {"hard_sigmoid", 2},
    [NN_APPROX_CLIP] = {"clip", 2},
};

static int is_known(nn_approx_function function)
{
    return function >= NN_APPROX_RELU && function < NN_APPROX_FUNCTIONS;
}

int nn_activation_parameters(nn_approx_function function)
{
    return is_known(function) ? table[function].parameters : 0;
}

const char *nn_activation_name(nn_approx_function function)
{
    return is_known(function) ? table[function].name : NULL;
}

int nn_activation_find(nn_approx_function *function, const char *name, size_t length)
{
    for (int k = 0; k < NN_APPROX_FUNCTIONS; k++) {
        if (strlen(table[k].name) == length && strncmp(table[k].name, name, length) == 0) {
            *function = (nn_approx_function)k;
            return 1;
        }
    }
    return 0;
}

int nn_activation_is_valid(const nn_activation *f)
{
    return is_known(f->function) && isfinite(f->a) && isfinite(f->b) &&
           (f->function != NN_APPROX_CLIP || f->a < f->b) &&
           (f->function != NN_APPROX_HARD_SIGMOID || f->a > 0);
}

double nn_activation_value(const nn_activation *f, double x)
{
    switch (f->function) {
    case NN_APPROX_LEAKY_RELU:
        return x > 0 ? x : f->a * x;
    case NN_APPROX_HARD_SIGMOID:
        return fmin(fmax(f->a * x + f->b, 0), 1);
    case NN_APPROX_CLIP:
        return fmin(fmax(x, f->a), f->b);
    default:
        return nn_approx_value(f->function, x);
    }
}

int nn_activation_bend(const nn_activation *f, double *base, double *bend)
{
    switch (f->function) {
    case NN_APPROX_RELU:
        *base = *bend = 0.5;
        return 1;
    case NN_APPROX_LEAKY_RELU:
        *base = (1 + f->a) / 2;
        *bend = (1 - f->a) / 2;
        return 1;
    case NN_APPROX_ABS:
        *base = 0;
        *bend = 1;
        return 1;
    default:
        return 0;
    }
}

int nn_activation_kinks(double at[2], const nn_activation *f, double lo, double hi)
{
    double where[2] = {0, 0};
    int all = 0, inside = 0;

    switch (f->function) {
    case NN_APPROX_RELU:
    case NN_APPROX_LEAKY_RELU:
    case NN_APPROX_ABS:
        all = 1;
        break;
    case NN_APPROX_HARD_SWISH:
        where[0] = -3;
        where[1] = 3;
        all = 2;
        break;
    case NN_APPROX_HARD_SIGMOID:
        where[0] = -f->b / f->a;
        where[1] = (1 - f->b) / f->a;
        all = 2;
        break;
    case NN_APPROX_CLIP:
        where[0] = f->a;
        where[1] = f->b;
        all = 2;
        break;
    default:
        break;
    }
    for (int k = 0; k < all; k++)
        if (where[k] > lo && where[k] < hi)
            at[inside++] = where[k];
    return inside;
}
