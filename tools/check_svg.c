/* Two charts beside each other, a row a layer: on the left bits that are left, on the right how far
 * ranges are used. */
#include "tools/check_svg.h"

#include <math.h>
#include <stdlib.h>

#include "tools/chart.h"
#include "tools/svg.h"

enum { EDGE = 20, PANEL = CHART_WIDTH + 40, TOP = 14, FOOT = 34 };

/* The use of a range that the right chart ends with. */
#define USE_MOST 1.5

/* Two numbers for each layer in each chart. */
typedef struct rows {
    const char **name;
    double *bits, *use;
} rows;

/* The largest use of a fit's range among the activations of a layer; NaN: it has none. */
static double fit_use(const nn_check *c, size_t layer)
{
    double most = NAN;
    for (size_t k = 0; k < nn_check_sites(c); k++) {
        nn_check_site s;
        nn_check_site_of(c, k, &s);
        if (s.layer == layer)
            most = fmax(most, check_report_use(&s));
    }
    return most;
}

static void fill(rows *r, const nn_check *c)
{
    for (size_t k = 0; k < nn_check_layers(c); k++) {
        nn_check_layer l;
        nn_check_layer_of(c, k, &l);
        r->name[k] = l.name;
        r->bits[2 * k] = l.approximation.rms_bits;
        r->bits[2 * k + 1] = l.noise.rms_bits;
        r->use[2 * k] = l.used;
        r->use[2 * k + 1] = fit_use(c, k);
    }
}

static void draw(FILE *out, const rows *r, size_t layers, const char *sentence)
{
    static const char *const causes[] = {"approximation", "noise"};
    static const char *const ranges[] = {"of the plan", "of the fit"};
    const chart bits = {.title = "Bits of precision",
                        .rows = layers,
                        .name = r->name,
                        .series = 2,
                        .key = causes,
                        .value = r->bits,
                        .print = quantity_bits};
    const chart use = {.title = "Range used",
                       .rows = layers,
                       .name = r->name,
                       .series = 2,
                       .key = ranges,
                       .colour = 2,
                       .value = r->use,
                       .print = quantity_share,
                       .end = USE_MOST,
                       .limit = 1.0};
    double height = TOP + chart_height(&bits) + FOOT;

    svg_open(out, NULL, 2 * PANEL, height, sentence, NULL);
    chart_draw(out, &bits, EDGE, TOP);
    chart_draw(out, &use, PANEL + EDGE, TOP);
    svg_text(out, "soft", EDGE, height - 12, "start", sentence, 130);
    svg_close(out);
}

void check_svg(const check_report *r, FILE *out)
{
    size_t layers = nn_check_layers(r->check);
    nn_check_summary s;
    rows all = {calloc(layers, sizeof *all.name), calloc(2 * layers, sizeof *all.bits),
                calloc(2 * layers, sizeof *all.use)};
    int made = all.name != NULL && all.bits != NULL && all.use != NULL;

    nn_check_summarise(r->check, &s);
    if (made)
        fill(&all, r->check);
    draw(out, &all, made ? layers : 0, s.sentence);
    free(all.name);
    free(all.bits);
    free(all.use);
}
