/* The model. */
#include "bench/cost.h"

#include "ckks/kernel/kernel.h"

enum { REDUCED_PRODUCT = 9, TENSOR = 29, TERM = 4, CLOSE = 16, WORD = 8 };

static double forward(int log_n)
{
    return 2.5 * log_n + 3.0;
}

static double inverse(int log_n)
{
    return 2.5 * log_n + 5.0;
}

static double convert(int primes)
{
    return 2.0 * primes + 9.0;
}

static double residues(int log_n)
{
    return (double)((size_t)1 << log_n);
}

static int digits(cost_shape s)
{
    return (s.limbs + s.alpha - 1) / s.alpha;
}

/* ops for eight residues -> for a whole limb */
static bench_cost on_ring(int log_n, double ops)
{
    return (bench_cost){ops * residues(log_n) / 8.0, 0.0, 0.0, 0.0};
}

bench_cost cost_add(bench_cost a, bench_cost b)
{
    return (bench_cost){a.ops + b.ops, a.stream_ops + b.stream_ops, a.read_bytes + b.read_bytes,
                        a.copy_bytes + b.copy_bytes};
}

bench_cost cost_limbs(int log_n, double limbs, double ops, double words)
{
    const double places = limbs * residues(log_n);

    return (bench_cost){0.0, ops * places / 8.0, 0.0, words * WORD * places};
}

bench_cost cost_forward(int log_n, double limbs)
{
    return on_ring(log_n, limbs * forward(log_n));
}

bench_cost cost_inverse(int log_n, double limbs)
{
    return on_ring(log_n, limbs * inverse(log_n));
}

bench_cost cost_rescale(cost_shape s)
{
    const double other = s.limbs - 1;

    return on_ring(s.log_n,
                   2.0 * (inverse(s.log_n) + other * (forward(s.log_n) + REDUCED_PRODUCT)));
}

/* The inverse transforms of one part, and its digits in all primes. */
static bench_cost decompose(cost_shape s)
{
    const double rows = (double)digits(s) * (s.limbs + s.special) - s.limbs;

    return on_ring(s.log_n,
                   s.limbs * inverse(s.log_n) + rows * (forward(s.log_n) + convert(s.alpha)));
}

/* The sums of digits times a key, which is read once. */
static bench_cost multiply(cost_shape s)
{
    const double rows = s.limbs + s.special, n = residues(s.log_n);
    const double terms = digits(s);

    return (bench_cost){0.0, rows * (TERM * terms + CLOSE) * n / 8.0,
                        rows * 2.0 * terms * CKKS_PACKED_BYTES * n, 0.0};
}

/* `parts` divided by `dropped` primes, so that `left` limbs stay. */
static bench_cost divide(int log_n, int parts, int dropped, int left)
{
    return on_ring(log_n, parts * (dropped * inverse(log_n) +
                                   left * (forward(log_n) + convert(dropped) + REDUCED_PRODUCT)));
}

bench_cost cost_hoisted(cost_shape s)
{
    return cost_add(multiply(s), divide(s.log_n, 2, s.special, s.limbs));
}

bench_cost cost_rotate(cost_shape s)
{
    return cost_add(decompose(s), cost_hoisted(s));
}

bench_cost cost_relinearise(cost_shape s, int rescale)
{
    const bench_cost sums = cost_add(decompose(s), multiply(s));

    return cost_add(sums, divide(s.log_n, 2, s.special + rescale, s.limbs - rescale));
}

bench_cost cost_tensor(cost_shape s)
{
    return on_ring(s.log_n, TENSOR * (double)s.limbs);
}

/* One term of a sum for both parts; the diagonal is packed. */
static bench_cost diagonal(cost_shape s)
{
    const double rows = s.limbs + s.special, n = residues(s.log_n);

    return (bench_cost){0.0, rows * TERM * n / 8.0, rows * CKKS_PACKED_BYTES * n, 0.0};
}

static bench_cost times(bench_cost c, double count)
{
    return (bench_cost){c.ops * count, c.stream_ops * count, c.read_bytes * count,
                        c.copy_bytes * count};
}

bench_cost cost_baby(cost_shape s)
{
    return cost_add(multiply(s), diagonal(s));
}

bench_cost cost_linear(cost_shape s, int babies, int giants, int diagonals)
{
    const double rows = s.limbs + s.special;
    const bench_cost close = on_ring(s.log_n, rows * CLOSE * (giants + 1));
    const bench_cost giant =
        cost_add(divide(s.log_n, 1, s.special, s.limbs), cost_add(decompose(s), multiply(s)));
    bench_cost c = cost_add(decompose(s), divide(s.log_n, 2, s.special, s.limbs));

    c = cost_add(c, times(multiply(s), babies));
    c = cost_add(c, times(diagonal(s), diagonals));
    return cost_add(c, cost_add(close, times(giant, giants)));
}
