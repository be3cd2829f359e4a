/* Numbers for people. */
#include "tools/quantity.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/cli.h"

/* Three digits, or all before the point where there are more. */
static const char *with_unit(char text[QUANTITY_BYTES], double value, const char *unit)
{
    int before = value < 1.0 ? 1 : value < 10.0 ? 2 : value < 100.0 ? 1 : 0;
    snprintf(text, QUANTITY_BYTES, value < 1.0 ? "%.*g %s" : "%.*f %s", value < 1.0 ? 2 : before,
             value, unit);
    return text;
}

const char *quantity_time(char text[QUANTITY_BYTES], double value)
{
    if (isnan(value))
        return "-";
    if (fabs(value) >= 1e3 || value <= 0.0)
        return with_unit(text, fabs(value) >= 1e3 ? 1e-3 * value : value,
                         fabs(value) >= 1e3 ? "s" : "ms");
    if (value < 1e-3)
        return with_unit(text, 1e6 * value, "ns");
    return value < 1.0 ? with_unit(text, 1e3 * value, "\xc2\xb5s") : with_unit(text, value, "ms");
}

const char *quantity_bytes(char text[QUANTITY_BYTES], double value)
{
    if (!(value >= 0.0 && value < 9e18))
        return "-";
    return cli_size(text, (size_t)fmin(value, (double)SIZE_MAX / 2));
}

const char *quantity_count(char text[QUANTITY_BYTES], double value)
{
    if (isnan(value))
        return "-";
    snprintf(text, QUANTITY_BYTES, "%.15g", value);
    return text;
}

const char *quantity_real(char text[QUANTITY_BYTES], double value)
{
    if (isnan(value))
        return "-";
    snprintf(text, QUANTITY_BYTES, "%.3g", value);
    return text;
}

const char *quantity_bits(char text[QUANTITY_BYTES], double value)
{
    if (isnan(value))
        return "-";
    if (isinf(value))
        return value > 0 ? "exact" : "none";
    snprintf(text, QUANTITY_BYTES, "%.1f", value);
    return text;
}

const char *quantity_share(char text[QUANTITY_BYTES], double value)
{
    if (isnan(value))
        return "-";
    snprintf(text, QUANTITY_BYTES, fabs(value) < 9.995 ? "%.4g %%" : "%.0f %%", 100.0 * value);
    return text;
}
