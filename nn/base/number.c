/* Decimal numbers in text, see nn/base/number.h. */

#include "nn/base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* The decimal separator is the locale's, of one or more bytes: whatever is no digit, sign or e. */
const char *nn_number_write(char text[NN_NUMBER_TEXT], double value)
{
    char raw[NN_NUMBER_TEXT];
    size_t out = 0;

    (void)snprintf(raw, sizeof raw, "%.17g", value);
    for (size_t k = 0; raw[k] != '\0'; k++) {
        if (is_digit(raw[k]) || strchr("+-e", raw[k]) != NULL)
            text[out++] = raw[k];
        else if (text[out - 1] != '.')
            text[out++] = '.';
    }
    text[out] = '\0';
    return text;
}

/* nn_number_read is off by a few units in the last place, and 17 digits name one double: the
 * neighbour that is written as the text is written is the number. Every step of the reader errs by
 * half a unit: a digit after the sixteenth, one division or product, pow; 16 neighbours cover it.
 */
int nn_number_read_exact(double *value, const char **text)
{
    const char *begin = skip_blanks(*text);
    double middle, low, high;
    char written[NN_NUMBER_TEXT];

    if (!nn_number_read(&middle, text))
        return 0;
    size_t length = (size_t)(*text - begin);
    *value = low = high = middle;
    for (int k = 0; k <= 16; k++) {
        for (int side = 0; side < 2; side++) {
            double candidate = side == 0 ? low : high;
            nn_number_write(written, candidate);
            if (isfinite(candidate) && strlen(written) == length &&
                strncmp(written, begin, length) == 0) {
                *value = candidate;
                return 1;
            }
        }
        low = nextafter(low, -HUGE_VAL);
        high = nextafter(high, HUGE_VAL);
    }
    return 1;
}

int nn_number_end(const char *text)
{
    return *skip_blanks(text) == '\0';
}
