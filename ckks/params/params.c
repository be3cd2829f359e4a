/* Parameters: choosing primes, and checking every rule of a literal, with a sentence for the first
 * one that is broken. Everything here is public.
 */
#include "ckks/ckks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ckks/word/modarith.h"
#include "ckks/word/prime.h"

/* Sizes of primes that may be asked for: CKKS_MAX_PRIME is 2^46.8. */
static const double max_bits = 46.8;

/* Fill why, when there is one, and pass the status through. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static ckks_status
refuse(ckks_status status, char *why, size_t why_size, const char *format, ...)
{
    if (why != NULL && why_size > 0) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(why, why_size, format, args);
        va_end(args);
    }
    return status;
}

static int is_ring(int ring)
{
    return ring == CKKS_RING_COMPLEX || ring == CKKS_RING_REAL;
}

static int used_before(const ckks_params *params, uint64_t prime)
{
    for (int i = 0; i < params->q_count; i++) {
        if (params->q[i] == prime)
            return 1;
    }
    for (int i = 0; i < params->p_count; i++) {
        if (params->p[i] == prime)
            return 1;
    }
    return 0;
}

/* log2 of the order that roots of unity must have: 2N, in the real ring 4N. */
static int log_order(const ckks_params *params)
{
    return params->log_n + (params->ring == CKKS_RING_REAL ? 2 : 1);
}

/* The largest prime = 1 modulo the order below 2^bits that params does not hold yet; 0 when there
 * is none above half that size. */
static uint64_t next_prime(const ckks_params *params, double bits)
{
    double limit = exp2(bits);
    uint64_t prime = limit >= (double)CKKS_MAX_PRIME ? CKKS_MAX_PRIME + 1 : (uint64_t)limit;

    do {
        if (ckks_prime_below(&prime, prime, (uint64_t)1 << log_order(params)) != CKKS_OK)
            return 0;
        if ((double)prime < limit / 2)
            return 0;
    } while (used_before(params, prime));
    return prime;
}

static ckks_status fill_primes(ckks_params *params, int special, const double *bits, int count,
                               char *why, size_t why_size)
{
    for (int i = 0; i < count; i++) {
        uint64_t prime = 0;
        if (!(bits[i] >= params->log_n + 3 && bits[i] <= max_bits))
            return refuse(CKKS_ERR_ARG, why, why_size,
                          "%s prime %d: a size of %g bits is not between %d and %g for N = 2^%d",
                          special ? "special" : "limb", i, bits[i], params->log_n + 3, max_bits,
                          params->log_n);
        prime = next_prime(params, bits[i]);
        if (prime == 0)
            return refuse(CKKS_ERR_PARAMS, why, why_size,
                          "%s prime %d: no unused prime = 1 mod 2^%d of %g bits is left",
                          special ? "special" : "limb", i, log_order(params), bits[i]);
        if (special)
            params->p[params->p_count++] = prime;
        else
            params->q[params->q_count++] = prime;
    }
    return CKKS_OK;
}

ckks_status ckks_params_generate(ckks_params *params, int ring, int log_n, const double *q_bits,
                                 int q_count, const double *p_bits, int p_count, int security_bits,
                                 char *why, size_t why_size)
{
    ckks_params made = {0};
    ckks_status st = CKKS_OK;

    if (params == NULL || q_bits == NULL || (p_bits == NULL && p_count > 0))
        return refuse(CKKS_ERR_ARG, why, why_size, "a pointer is NULL");
    if (log_n < CKKS_MIN_LOG_N || log_n > CKKS_MAX_LOG_N || q_count < 1 || q_count > CKKS_MAX_Q ||
        p_count < 0 || p_count > CKKS_MAX_P)
        return refuse(
            CKKS_ERR_ARG, why, why_size,
            "N = 2^%d with %d limbs and %d special primes is outside 2^%d..2^%d, 1..%d, 0..%d",
            log_n, q_count, p_count, CKKS_MIN_LOG_N, CKKS_MAX_LOG_N, CKKS_MAX_Q, CKKS_MAX_P);
    if (!is_ring(ring))
        return refuse(CKKS_ERR_ARG, why, why_size, "ring %d is not known", ring);
    made.ring = ring;
    made.log_n = log_n;
    made.insecure_test = security_bits == 0;
    made.security_bits = security_bits == 0 ? 128 : security_bits;
    /* Special primes first: of equal sizes they get the larger primes, so that they exceed the
     * digits. */
    st = fill_primes(&made, 1, p_bits, p_count, why, why_size);
    if (st == CKKS_OK)
        st = fill_primes(&made, 0, q_bits, q_count, why, why_size);
    if (st == CKKS_OK)
        st = ckks_params_check(&made, why, why_size);
    if (st == CKKS_OK)
        *params = made;
    return st;
}

/* One prime against the rules that concern it alone. */
static ckks_status check_prime(const ckks_params *params, uint64_t prime, const char *role, int i,
                               char *why, size_t why_size)
{
    if (prime > CKKS_MAX_PRIME || prime < CKKS_MIN_PRIME ||
        (prime & (((uint64_t)1 << log_order(params)) - 1)) != 1)
        return refuse(CKKS_ERR_PARAMS, why, why_size,
                      "%s[%d] = %llu is not = 1 mod 2^%d and below 2^%g", role, i,
                      (unsigned long long)prime, log_order(params), max_bits);
    if (!ckks_prime_is(prime))
        return refuse(CKKS_ERR_PARAMS, why, why_size, "%s[%d] = %llu is not a prime", role, i,
                      (unsigned long long)prime);
    return CKKS_OK;
}

static ckks_status check_primes(const ckks_params *params, char *why, size_t why_size)
{
    uint64_t all[CKKS_MAX_Q + CKKS_MAX_P] = {0};
    int count = 0;

    for (int i = 0; i < params->q_count + params->p_count; i++) {
        int special = i >= params->q_count;
        int k = special ? i - params->q_count : i;
        uint64_t prime = special ? params->p[k] : params->q[k];
        ckks_status st = check_prime(params, prime, special ? "p" : "q", k, why, why_size);
        if (st != CKKS_OK)
            return st;
        for (int j = 0; j < count; j++) {
            if (all[j] == prime)
                return refuse(CKKS_ERR_PARAMS, why, why_size, "the prime %llu is used twice",
                              (unsigned long long)prime);
        }
        all[count++] = prime;
    }
    return CKKS_OK;
}

static ckks_status check_security(const ckks_params *params, char *why, size_t why_size)
{
    double max = ckks_security_max_log2_qp(params->log_n, params->security_bits);
    /* Every use of the secret is checked by its own modulus: fresh ciphertexts and the public
     * key live modulo Q here, each evaluation key modulo Q_limbs P_special when it is made or
     * read. */
    double log2_q = ckks_params_log2_qp(params, params->q_count, 0);

    if (params->insecure_test)
        return CKKS_OK;
    if (max == 0.0)
        return refuse(CKKS_ERR_INSECURE, why, why_size,
                      "N = 2^%d has no row for %d-bit security (2^11..2^16 and 128, 192, 256 have)",
                      params->log_n, params->security_bits);
    if (log2_q > max)
        return refuse(CKKS_ERR_INSECURE, why, why_size,
                      "log2(Q) = %.2f is above %.0f, the largest for N = 2^%d at %d-bit security",
                      log2_q, max, params->log_n, params->security_bits);
    return CKKS_OK;
}

ckks_status ckks_params_check(const ckks_params *params, char *why, size_t why_size)
{
    ckks_status st = CKKS_OK;

    if (params == NULL)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "no parameters");
    if (!is_ring(params->ring))
        return refuse(CKKS_ERR_PARAMS, why, why_size, "ring %d is not known", params->ring);
    if (params->log_n < CKKS_MIN_LOG_N || params->log_n > CKKS_MAX_LOG_N)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "N = 2^%d is outside 2^%d..2^%d",
                      params->log_n, CKKS_MIN_LOG_N, CKKS_MAX_LOG_N);
    if (params->q_count < 1 || params->q_count > CKKS_MAX_Q)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "%d limbs, not 1..%d", params->q_count,
                      CKKS_MAX_Q);
    if (params->p_count < 0 || params->p_count > CKKS_MAX_P)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "%d special primes, not 0..%d",
                      params->p_count, CKKS_MAX_P);
    if (params->insecure_test != 0 && params->insecure_test != 1)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "insecure_test = %d is not 0 or 1",
                      params->insecure_test);
    if (params->security_bits != 128 && params->security_bits != 192 &&
        params->security_bits != 256)
        return refuse(CKKS_ERR_PARAMS, why, why_size, "security of %d bits is not 128, 192 or 256",
                      params->security_bits);
    if ((params->allocator.alloc == NULL) != (params->allocator.free == NULL))
        return refuse(CKKS_ERR_PARAMS, why, why_size,
                      "the allocator has only one of its two functions");
    st = check_primes(params, why, why_size);
    return st != CKKS_OK ? st : check_security(params, why, why_size);
}

double ckks_params_log2_qp(const ckks_params *params, int limbs, int special)
{
    double sum = 0.0;
    double rest = 0.0;

    /* Compensated: each logarithm is right to 2^-47, 48 of them to 2^-41. */
    for (int i = 0; i < limbs + special; i++) {
        double term = log2((double)(i < limbs ? params->q[i] : params->p[i - limbs]));
        double next = sum + term;
        rest += fabs(sum) >= term ? (sum - next) + term : (term - next) + sum;
        sum = next;
    }
    return sum + rest;
}
