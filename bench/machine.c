/* Measuring the machine. Each figure is the best of a few tries of a millisecond or so. */
#define _POSIX_C_SOURCE 200809L

#include "bench/machine.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/port.h"
#include "ckks/kernel/kernel.h"

enum { TRIES = 9, ROUNDS = 100000, CHAIN = 8, CHAIN_CYCLES = 3 };

/* lanes and ops of a butterfly. */
static const struct {
    const char *kernel;
    int (*loop)(size_t rounds);
    int lanes, butterfly;
} families[MACHINE_FAMILIES] = {
    {"avx512ifma", port_ifma, 8, 5}, {"avx512f", port_avx512f, 8, 8},   {"avx2", port_avx2, 4, 8},
    {"neon", port_neon, 2, 8},       {"portable", port_portable, 1, 5},
};

double machine_now(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double measure_clock(void)
{
    double best = 0.0;

    for (int i = 0; i < TRIES; i++) {
        double begun = machine_now(), hz;

        port_chain(ROUNDS);
        hz = (double)ROUNDS * CHAIN * CHAIN_CYCLES / (machine_now() - begun);
        best = hz > best ? hz : best;
    }
    return best;
}

static double measure_rate(int family, double hz)
{
    double best = 0.0;

    if (ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, families[family].kernel) == NULL)
        return 0.0;
    for (int i = 0; i < TRIES; i++) {
        double begun = machine_now(), rate;

        if (!families[family].loop(ROUNDS))
            return 0.0;
        rate = (double)ROUNDS * PORT_OPS / (machine_now() - begun) / hz;
        best = rate > best ? rate : best;
    }
    return best;
}

static volatile uint64_t sink;

/* Small blocks several times over, so that the clock is fine enough. */
static void measure_block(bench_machine *m, int i, unsigned char *block)
{
    const size_t size = (size_t)1 << (MACHINE_FIRST_LOG + 2 * i);
    const int passes = i < 3 ? 1 << (2 * (3 - i)) : 1;

    for (int t = 0; t < TRIES; t++) {
        double begun = machine_now(), rate;

        for (int p = 0; p < passes; p++)
            sink = port_read(block, size);
        rate = (double)size * passes / (machine_now() - begun);
        m->read[i] = rate > m->read[i] ? rate : m->read[i];
        begun = machine_now();
        for (int p = 0; p < passes; p++) {
            memcpy(block, block + size / 2, size / 2);
            sink = block[p];
        }
        rate = (double)size * passes / (machine_now() - begun);
        m->copy[i] = rate > m->copy[i] ? rate : m->copy[i];
    }
}

void machine_measure(bench_machine *m)
{
    const size_t most = (size_t)1 << (MACHINE_FIRST_LOG + 2 * (MACHINE_BLOCKS - 1));
    unsigned char *block = aligned_alloc(4096, most);

    memset(m, 0, sizeof *m);
    m->hz = measure_clock();
    for (int f = 0; f < MACHINE_FAMILIES; f++)
        m->rate[f] = measure_rate(f, m->hz);
    if (block != NULL) {
        memset(block, 1, most);
        for (int i = 0; i < MACHINE_BLOCKS; i++)
            measure_block(m, i, block);
    }
    free(block);
}

void machine_print(const bench_machine *m)
{
    printf("# clock_ghz %.3f\n", m->hz / 1e9);
    for (int f = 0; f < MACHINE_FAMILIES; f++) {
        if (m->rate[f] > 0.0)
            printf("# butterfly_ops_per_cycle %s %.2f\n", families[f].kernel, m->rate[f]);
    }
    for (int i = 0; i < MACHINE_BLOCKS; i++)
        printf("# bytes_per_cycle block_kib %d read %.1f copy %.1f\n",
               1 << (MACHINE_FIRST_LOG - 10 + 2 * i), m->read[i] / m->hz, m->copy[i] / m->hz);
}

double machine_op(const bench_machine *m, const char *kernel)
{
    const double ifma = 5.0 / 8.0; /* a butterfly in ops */

    for (int f = 0; f < MACHINE_FAMILIES; f++) {
        if (strcmp(families[f].kernel, kernel) == 0 && m->rate[f] > 0.0)
            return families[f].butterfly / (families[f].lanes * m->rate[f] * m->hz) / ifma;
    }
    return 0.0;
}

static double at_size(const double speed[MACHINE_BLOCKS], double bytes)
{
    int i = 0;

    while (i + 1 < MACHINE_BLOCKS && bytes > (double)((size_t)1 << (MACHINE_FIRST_LOG + 2 * i)))
        i++;
    return speed[i];
}

double machine_read(const bench_machine *m, double bytes)
{
    return at_size(m->read, bytes);
}

double machine_copy(const bench_machine *m, double bytes)
{
    return at_size(m->copy, bytes);
}
