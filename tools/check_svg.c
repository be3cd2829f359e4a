/* Bars, one row a layer: on the left bits that are left, on the right how far ranges are used. */
#include "tools/check_svg.h"

#include <math.h>

enum {
    WIDTH = 900,
    NAME_END = 210, /* right end of the names */
    BITS_X = 220,
    BITS_W = 360,
    USE_X = 650,
    USE_W = 190,
    TOP = 76,
    ROW = 40,
    BAR = 13
};

/* The use of a range that the right panel ends with. */
#define USE_MOST 1.5

static const char style[] = "<style>\n"
                            "text{font:12px system-ui,sans-serif;fill:#1f2328}\n"
                            ".title{font-size:15px;font-weight:600}\n"
                            ".soft{fill:#59636e}\n"
                            ".page{fill:#ffffff}\n"
                            ".grid{stroke:#d1d9e0}\n"
                            ".limit{stroke:#cf222e;stroke-dasharray:4 3}\n"
                            ".approximation{fill:#0969da}\n"
                            ".noise{fill:#bc4c00}\n"
                            ".use{fill:#1a7f37}\n"
                            ".fit{fill:#8250df}\n"
                            ".beyond{fill:#cf222e}\n"
                            "@media (prefers-color-scheme:dark){\n"
                            "text{fill:#f0f6fc}\n"
                            ".soft{fill:#9198a1}\n"
                            ".page{fill:#0d1117}\n"
                            ".grid{stroke:#3d444d}\n"
                            ".limit{stroke:#f85149}\n"
                            ".approximation{fill:#4493f8}\n"
                            ".noise{fill:#f0883e}\n"
                            ".use{fill:#3fb950}\n"
                            ".fit{fill:#ab7df8}\n"
                            ".beyond{fill:#f85149}\n"
                            "}\n"
                            "</style>\n";

/* The largest number of bits that the left panel shows, a multiple of 4. */
static double scale_of(const nn_check *c)
{
    double most = 8;
    for (size_t k = 0; k < nn_check_layers(c); k++) {
        nn_check_layer l;
        nn_check_layer_of(c, k, &l);
        if (isfinite(l.approximation.rms_bits))
            most = fmax(most, l.approximation.rms_bits);
        if (isfinite(l.noise.rms_bits))
            most = fmax(most, l.noise.rms_bits);
    }
    return 4 * ceil(fmin(most, 60) / 4);
}

static void rectangle(FILE *out, const char *class, double x, double y, double width)
{
    fprintf(out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
            class, x, y, fmax(width, 1), BAR);
}

static void bar_of_bits(FILE *out, const char *class, double y, double value, double scale)
{
    char text[24];
    double width = 0;
    if (isnan(value))
        return;
    if (isinf(value)) {
        snprintf(text, sizeof text, value > 0 ? "exact" : "none");
        width = value > 0 ? BITS_W : 0;
    } else {
        snprintf(text, sizeof text, "%.1f", value);
        width = BITS_W * fmin(fmax(value / scale, 0), 1);
    }
    rectangle(out, class, BITS_X, y, width);
    fprintf(out, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", BITS_X + width + 5,
            y + BAR - 2, text);
}

static void bar_of_use(FILE *out, const char *class, double y, double use)
{
    double width = isfinite(use) ? USE_W * fmin(use / USE_MOST, 1) : USE_W;
    rectangle(out, use > 1 ? "beyond" : class, USE_X, y, width);
    fprintf(out, "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\">%.0f %%</text>\n", USE_X + width + 5,
            y + BAR - 2, 100 * use);
}

/* The largest use of a fit's range among the activations of a layer; negative: it has none. */
static double fit_use(const nn_check *c, size_t layer)
{
    double most = -1;
    for (size_t k = 0; k < nn_check_sites(c); k++) {
        nn_check_site s;
        nn_check_site_of(c, k, &s);
        if (s.layer == layer)
            most = fmax(most, check_report_use(&s));
    }
    return most;
}

static void layer_row(const nn_check *c, size_t k, double scale, FILE *out)
{
    double y = TOP + (double)(k * ROW), fit = fit_use(c, k);
    char name[30];
    nn_check_layer l;
    nn_check_layer_of(c, k, &l);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", NAME_END,
            y + ROW / 2.0 - 1, check_report_name(name, sizeof name, l.name, "<>&\"'"));
    bar_of_bits(out, "approximation", y + 3, l.approximation.rms_bits, scale);
    bar_of_bits(out, "noise", y + 4 + BAR, l.noise.rms_bits, scale);
    bar_of_use(out, "use", y + 3, l.used);
    if (fit >= 0)
        bar_of_use(out, "fit", y + 4 + BAR, fit);
}

static void grid(double scale, size_t layers, FILE *out)
{
    double bottom = TOP + (double)(layers * ROW), limit = USE_X + USE_W / USE_MOST;
    for (int b = 0; b <= (int)scale; b += 4) {
        double x = BITS_X + BITS_W * b / scale;
        fprintf(out,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\"/>\n"
                "<text class=\"soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n",
                x, TOP - 2, x, bottom, x, bottom + 15, b);
    }
    fprintf(out, "<line class=\"limit\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\"/>\n", limit,
            TOP - 2, limit, bottom);
}

static void key(FILE *out, const char *class, int x, const char *text)
{
    rectangle(out, class, x, TOP - 24, BAR);
    fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", x + BAR + 5, TOP - 24 + BAR - 2, text);
}

void check_svg(const check_report *r, FILE *out)
{
    size_t layers = nn_check_layers(r->check);
    double scale = scale_of(r->check);
    int height = TOP + (int)(layers * ROW) + 52;
    char text[NN_CHECK_SENTENCE];
    nn_check_summary s;
    nn_check_summarise(r->check, &s);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\">\n",
            WIDTH, height, WIDTH, height);
    fprintf(out, "<title>%s</title>\n", check_report_name(text, sizeof text, s.sentence, "<>&\""));
    fputs(style, out);
    fprintf(out, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", WIDTH, height);
    fprintf(out,
            "<text class=\"title\" x=\"%d\" y=\"26\">Bits of precision, and range used</text>\n",
            BITS_X);
    key(out, "approximation", BITS_X, "approximation");
    key(out, "noise", BITS_X + 130, "noise");
    key(out, "use", USE_X, "of the plan");
    key(out, "fit", USE_X + 110, "of the fit");
    grid(scale, layers, out);
    for (size_t k = 0; k < layers; k++)
        layer_row(r->check, k, scale, out);
    fprintf(out, "<text class=\"soft\" x=\"20\" y=\"%d\">%.130s</text>\n</svg>\n", height - 12,
            text);
}
