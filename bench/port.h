/* Loops of a butterfly's multiplications and additions that do not wait for each other, one for
 * each family of kernels and compiled with its flags; a chain that does wait; a walk through
 * memory. */
#ifndef UNSEEN_BENCH_PORT_H
#define UNSEEN_BENCH_PORT_H

#include <stddef.h>
#include <stdint.h>

/* Operations of a round, in the butterfly's mixture: 3 multiplications to 2 additions for words, 1
 * to 1 for doubles. Multiplications are chains, more of them than latency times rate of any
 * machine. */
enum {
    PORT_OPS = 20,
    PORT_WORD_CHAINS = 12,
    PORT_DOUBLE_CHAINS = 10,
};

/** So many rounds.
 *
 *  Returns: 1, or 0 at once when the family is not compiled in
 */
int port_ifma(size_t rounds);
int port_avx512f(size_t rounds);
int port_avx2(size_t rounds);
int port_neon(size_t rounds);
int port_portable(size_t rounds);

/** A chain of 8 multiplications where each waits for the one before, so many times over. */
void port_chain(size_t rounds);

/** Reads size bytes, a multiple of 128, once; the result keeps the compiler from leaving it out. */
uint64_t port_read(const void *block, size_t size);

/* The compiler takes x to be changed, or t to be used, and does no sum of its own over a loop. R is
 * the letter of a register. */
#define PORT_CHANGED(R, x) __asm__ volatile("" : "+" R(x))
#define PORT_USED(R, t) __asm__ volatile("" : : R(t))

/* One function: CHAINS multiplications and PORT_OPS - CHAINS additions a round, on the type T. */
#define PORT_LOOP(NAME, T, R, CHAINS, START, MULTIPLY, ADD)                                        \
    int NAME(size_t rounds)                                                                        \
    {                                                                                              \
        T chain[CHAINS], x = START, y = START;                                                     \
        _Pragma("GCC unroll 20") for (int i = 0; i < CHAINS; i++) chain[i] = x;                    \
        for (size_t r = 0; r < rounds; r++) {                                                      \
            _Pragma("GCC unroll 20") for (int i = 0; i < PORT_OPS; i++)                            \
            {                                                                                      \
                if (i < CHAINS) {                                                                  \
                    chain[i % CHAINS] = MULTIPLY(chain[i % CHAINS], x, y);                         \
                    PORT_CHANGED(R, chain[i % CHAINS]);                                            \
                } else {                                                                           \
                    T sum = ADD(x, y);                                                             \
                    PORT_USED(R, sum);                                                             \
                    PORT_CHANGED(R, x);                                                            \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }

#endif
