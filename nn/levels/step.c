/* See nn/levels/step.h. */
#include "nn/levels/step.h"

#include <math.h>
#include <stdlib.h>

double nn_schedule_spread_bits(int ring, int log_n)
{
    return 0.5 * (log_n + (ring == CKKS_RING_REAL ? 1 : -1));
}

double nn_schedule_rounding_bits(int ring, int log_n)
{
    double n = ldexp(1.0, log_n);
    return 0.5 * log2(n / (ring == CKKS_RING_REAL ? 9.0 : 18.0)) +
           nn_schedule_spread_bits(ring, log_n);
}

double nn_schedule_weight_bits(int ring, int log_n, int diagonals)
{
    return nn_schedule_spread_bits(ring, log_n) + 0.5 * log2((diagonals > 0 ? diagonals : 1) / 6.0);
}

int nn_stage_is_square(const nn_stage *stage)
{
    return stage->kind == NN_STAGE_POLY && stage->basis == CKKS_BASIS_MONOMIAL &&
           stage->degree == 2 && stage->coef[0] == 0.0 && stage->coef[1] == 0.0 &&
           stage->coef[2] == 1.0;
}

double nn_schedule_bits(const nn_schedule *s, int limbs, int special)
{
    double bits = 0.0;
    for (int l = 0; l < limbs; l++)
        bits += s->q_bits[l];
    for (int k = 0; k < special; k++)
        bits += s->p_bits[k];
    return bits;
}

void nn_schedule_clear(nn_schedule *s)
{
    if (s == NULL)
        return;
    free(s->step);
    *s = (nn_schedule){0};
}
