/* Bars and squares. */
#include "tools/chart.h"

#include <math.h>
#include <string.h>

#include "tools/svg.h"

enum {
    HEAD = 30,  /* the title */
    KEYS = 20,  /* a line of keys */
    NAME = 16,  /* a row's name */
    BAR = 11,   /* a bar */
    STEP = 13,  /* from one bar of a row to the next */
    GAP = 7,    /* between rows */
    LABEL = 84, /* room for the number behind the longest bar */
    MOST = CHART_WIDTH - LABEL
};

static int has_keys(const chart *c)
{
    return c->key != NULL && c->key[0] != NULL;
}

double chart_height(const chart *c)
{
    double keys = has_keys(c) ? (double)(KEYS * ((c->series + 1) / 2)) : 0.0;
    return HEAD + keys + (double)c->rows * (double)(NAME + STEP * c->series + GAP) + 4.0;
}

/* The ends of the scale. */
static void bounds(const chart *c, double *low, double *high)
{
    double least = INFINITY, most = 0.0;

    for (size_t i = 0; i < c->rows * c->series; i++) {
        if (!isfinite(c->value[i]))
            continue;
        most = fmax(most, c->value[i]);
        if (c->value[i] > 0.0)
            least = fmin(least, c->value[i]);
    }
    *high = c->end > 0.0 ? c->end : most > 0.0 ? most : 1.0;
    *low = c->log && least < *high ? pow(10.0, floor(log10(least) - 0.05)) : 0.0;
}

static double width_of(double value, double low, double high)
{
    double part;
    if (isinf(value))
        return value > 0.0 ? MOST : 1.0;
    part = low > 0.0 ? log(fmax(value, low) / low) / log(high / low) : value / high;
    return fmax(MOST * fmin(fmax(part, 0.0), 1.0), 1.0);
}

static void draw_keys(FILE *out, const chart *c, double x, double y)
{
    for (size_t k = 0; k < c->series; k++) {
        char class[8];
        double at = x + (double)(k % 2) * CHART_WIDTH / 2, down = y + (double)(KEYS * (k / 2));
        snprintf(class, sizeof class, "s%d", (c->colour + (int)k) % CHART_SERIES);
        svg_rect(out, class, at, down, BAR, BAR, NULL);
        svg_text(out, "key", at + BAR + 5, down + BAR - 1, "start", c->key[k], 28);
    }
}

static void draw_bar(FILE *out, const chart *c, size_t row, size_t series, double x, double y,
                     double width)
{
    double value = c->value[row * c->series + series];
    char class[8], number[QUANTITY_BYTES], about[256];
    const char *text = c->print(number, value);

    snprintf(class, sizeof class, "s%d", (c->colour + (int)series) % CHART_SERIES);
    snprintf(about, sizeof about, "%.120s: %s%.80s%s", c->name[row],
             has_keys(c) ? c->key[series] : "", has_keys(c) ? " " : "", text);
    svg_rect(out, c->limit > 0.0 && value > c->limit ? "beyond" : class, x, y, width, BAR, about);
    svg_text(out, "soft", x + width + 5, y + BAR - 1.5, "start", text, 0);
}

void chart_draw(FILE *out, const chart *c, double x, double y)
{
    double low, high, bottom = y + chart_height(c) - 4.0;

    bounds(c, &low, &high);
    svg_text(out, "title", x, y + 15, "start", c->title, 56);
    y += HEAD - 8;
    if (has_keys(c)) {
        draw_keys(out, c, x, y);
        y += (double)(KEYS * ((c->series + 1) / 2));
    }
    if (c->limit > 0.0)
        svg_line(out, "limit", x + MOST * c->limit / high, y, x + MOST * c->limit / high, bottom);
    y += 8;
    for (size_t r = 0; r < c->rows; r++) {
        svg_text(out, "name", x, y + NAME - 5, "start", c->name[r], 60);
        y += NAME;
        for (size_t k = 0; k < c->series; k++, y += STEP) {
            double value = c->value[r * c->series + k];
            if (!isnan(value))
                draw_bar(out, c, r, k, x, y, width_of(value, low, high));
            else
                svg_text(out, "soft", x, y + BAR - 1.5, "start", "-", 0);
        }
        y += GAP;
    }
}

void chart_picture(FILE *out, const char *id, const chart *c)
{
    svg_open(out, id, CHART_WIDTH, chart_height(c), c->title, c->about);
    chart_draw(out, c, 0.0, 0.0);
    svg_close(out);
}

/* ---- the matrix */

/* A square: the deeper, the larger its share of its row; the diagonal, which is right, in a colour
 * of its own. */
static void draw_cell(FILE *out, size_t row, size_t column, double count, double sum, double x,
                      double y, double side)
{
    double share = sum > 0.0 ? count / sum : 0.0;
    char about[128], number[QUANTITY_BYTES];

    quantity_count(number, count);
    snprintf(about, sizeof about, "%zu taken for %zu: %s of %.15g", row, column, number, sum);
    svg_rect(out, "track", x + 0.5, y + 0.5, side - 1.0, side - 1.0, about);
    if (!(count > 0.0))
        return;
    fprintf(out, "<g opacity=\"%.2f\" pointer-events=\"none\">\n",
            row == column ? 0.12 + 0.4 * share : 0.25 + 0.65 * sqrt(fmin(share, 1.0)));
    svg_rect(out, row == column ? "s0" : "s1", x + 0.5, y + 0.5, side - 1.0, side - 1.0, NULL);
    fputs("</g>\n", out);
    if (side >= 24.0)
        svg_text(out, "cell", x + side / 2, y + side / 2 + 4, "middle", number, 0);
}

void chart_matrix(FILE *out, const char *id, const char *title, const char *about, size_t rows,
                  size_t columns, const double *value)
{
    const double left = 40.0, top = 62.0;
    double side = (CHART_WIDTH - left) / (double)(columns > rows ? columns : rows);
    int labelled = side >= 12.0;
    char text[24];

    svg_open(out, id, CHART_WIDTH, top + side * (double)rows + 4.0, title, about);
    svg_text(out, "title", 0.0, 15.0, "start", title, 56);
    svg_text(out, "soft", 0.0, 36.0, "start", "true \xe2\x86\x93", 0);
    svg_text(out, "soft", left, 36.0, "start", "label given, encrypted \xe2\x86\x92", 0);
    for (size_t c = 0; c < columns && labelled; c++) {
        snprintf(text, sizeof text, "%zu", c);
        svg_text(out, "soft", left + side * ((double)c + 0.5), top - 6.0, "middle", text, 0);
    }
    for (size_t r = 0; r < rows; r++) {
        double sum = 0.0;
        for (size_t c = 0; c < columns; c++)
            sum += value[r * columns + c];
        snprintf(text, sizeof text, "%zu", r);
        if (labelled)
            svg_text(out, "soft", left - 8.0, top + side * ((double)r + 0.5) + 4.0, "end", text, 0);
        for (size_t c = 0; c < columns; c++)
            draw_cell(out, r, c, value[r * columns + c], sum, left + side * (double)c,
                      top + side * (double)r, side);
    }
    svg_close(out);
}
