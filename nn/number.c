/* Decimal numbers in text, see nn/number.h. */

#include "nn/number.h"

#include <math.h>

enum { EXPONENT_MAX = 9999 }; /* far beyond double, far below overflow of int */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* The power of ten behind an e; p stands at the e. Leaves p alone when no digit follows. */
static int read_exponent(const char **p)
{
    const char *q = *p + 1;
    int negative = *q == '-', exponent = 0;

    if (*q == '-' || *q == '+')
        q++;
    if (!is_digit(*q))
        return 0;
    for (; is_digit(*q); q++)
        if (exponent < EXPONENT_MAX)
            exponent = 10 * exponent + (*q - '0');
    *p = q;
    return negative ? -exponent : exponent;
}

int nn_number_read(double *value, const char **text)
{
    const char *p = skip_blanks(*text);
    int negative = *p == '-', digits = 0, exponent = 0;
    double v = 0;

    if (*p == '-' || *p == '+')
        p++;
    for (; is_digit(*p); p++, digits = 1)
        v = 10 * v + (*p - '0');
    if (*p == '.') {
        for (p++; is_digit(*p); p++, digits = 1) {
            v = 10 * v + (*p - '0');
            if (exponent > -EXPONENT_MAX)
                exponent--;
        }
    }
    if (!digits)
        return 0;
    if (*p == 'e' || *p == 'E')
        exponent += read_exponent(&p);
    for (; exponent < -300 && v != 0.0; exponent += 300)
        v /= 1e300; /* 10^-exponent alone may be beyond double */
    if (v != 0.0)
        v = exponent < 0 ? v / pow(10, -exponent) : v * pow(10, exponent);
    if (!isfinite(v))
        return 0;
    *value = negative ? -v : v;
    *text = p;
    return 1;
}

int nn_number_end(const char *text)
{
    return *skip_blanks(text) == '\0';
}
