/* Tables of a check. */
#include "tools/check_report.h"

#include <math.h>
#include <string.h>

#include "tools/json.h"

enum { NAME = 41 };

static const char *const cause_name[NN_CHECK_CAUSES] = {"approximation", "arithmetic", "noise"};

const char *check_report_name(char *text, size_t size, const char *name, const char * not )
{
    size_t i = 0;
    for (; i + 1 < size && name[i] != '\0'; i++) {
        unsigned char c = (unsigned char)name[i];
        text[i] = c < 0x20 || c > 0x7e || strchr(not, c) != NULL ? '?' : name[i];
    }
    text[i] = '\0';
    return text;
}

double check_report_use(const nn_check_site *s)
{
    double middle = (s->lo + s->hi) / 2, half = (s->hi - s->lo) / 2;
    if (s->numbers == 0)
        return 0;
    return fmax(s->seen_hi - middle, middle - s->seen_lo) / half;
}

/* Bits as a table has them: "-" when not measured, "exact" for no error. */
static const char *bits(char text[16], double value)
{
    if (isnan(value))
        return "-";
    if (isinf(value))
        return value > 0 ? "exact" : "none";
    snprintf(text, 16, "%.1f", value);
    return text;
}

static const char *time_of(char text[16], double ms)
{
    if (isnan(ms))
        return "-";
    snprintf(text, 16, "%.2f", ms);
    return text;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- for people */

static void text_layers(const nn_check *c, FILE *out)
{
    char name[33], a[3][16], t[16], range[32], span[16];
    fprintf(out, "%-5s  %-32s  %7s  %21s  %6s  %6s  %6s  %6s  %6s  %5s  %8s\n", "", "", "", "",
            "range", "", "approx", "noise", "worst", "", "");
    fprintf(out, "%-5s  %-32s  %7s  %21s  %6s  %6s  %6s  %6s  %6s  %5s  %8s\n", "steps", "layer",
            "numbers", "values", "used", "over", "bits", "bits", "bits", "limbs", "ms");
    for (size_t k = 0; k < nn_check_layers(c); k++) {
        nn_check_layer l;
        nn_check_layer_of(c, k, &l);
        snprintf(span, sizeof span, l.count > 1 ? "%zu-%zu" : "%zu", l.first + 1,
                 l.first + l.count);
        snprintf(range, sizeof range, "%.4g .. %.4g", l.lo, l.hi);
        fprintf(out, "%-5s  %-32s  %7zu  %21s  %5.0f%%  %6zu  %6s  %6s  %6s  %5d  %8s\n", span,
                check_report_name(name, sizeof name, l.name, ""), l.numbers, range, 100 * l.used,
                l.over, bits(a[0], l.approximation.rms_bits), bits(a[1], l.noise.rms_bits),
                bits(a[2], isnan(l.total.max_bits) ? l.approximation.max_bits : l.total.max_bits),
                l.limbs, time_of(t, l.ms));
    }
}

static void text_sites(const nn_check *c, FILE *out)
{
    char name[33], range[32], seen[32];
    if (nn_check_sites(c) == 0)
        return;
    fprintf(out, "\n%-32s  %-12s  %21s  %21s  %6s  %s\n", "activation", "function", "fitted on",
            "inputs", "used", "out of range");
    for (size_t k = 0; k < nn_check_sites(c); k++) {
        nn_check_site s;
        nn_check_site_of(c, k, &s);
        snprintf(range, sizeof range, "%.4g .. %.4g", s.lo, s.hi);
        snprintf(seen, sizeof seen, "%.4g .. %.4g", s.seen_lo, s.seen_hi);
        fprintf(out, "%-32s  %-12s  %21s  %21s  %5.0f%%  %zu of %zu\n",
                check_report_name(name, sizeof name, s.value, ""), s.function, range, seen,
                100 * check_report_use(&s), s.below + s.above, s.numbers);
    }
}

void check_report_text(const check_report *r, FILE *out)
{
    nn_check_summary s;
    char sentence[NN_CHECK_SENTENCE];
    nn_check_summarise(r->check, &s);
    text_layers(r->check, out);
    text_sites(r->check, out);
    fprintf(out,
            "\nsame label as in float: fitted %zu, clear slots %zu of %zu; encrypted %zu of "
            "%zu\n",
            s.fitted_agree, s.clear_agree, s.images, s.encrypted_agree, s.encrypted);
    if (r->labelled)
        fprintf(out, "right: float %zu, fitted %zu, clear slots %zu of %zu; encrypted %zu of %zu\n",
                r->right[NN_CHECK_FLOAT], r->right[NN_CHECK_FITTED], r->right[NN_CHECK_CLEAR],
                s.images, r->right[NN_CHECK_ENCRYPTED], s.encrypted);
    fprintf(out, "%s\n", check_report_name(sentence, sizeof sentence, s.sentence, ""));
}

/* ---- JSON */

static void json_error(json *j, const char *key, const nn_check_error *e)
{
    json_open_object(j, key);
    json_real(j, "rms", e->rms);
    json_real(j, "max", e->max);
    json_real(j, "rms_bits", e->rms_bits);
    json_real(j, "max_bits", e->max_bits);
    json_close_object(j);
}

static void json_layer(json *j, const nn_check_layer *l)
{
    char name[256];
    json_open_object(j, NULL);
    json_string(j, "name", check_report_name(name, sizeof name, l->name, ""));
    json_string(j, "value", check_report_name(name, sizeof name, l->value, ""));
    json_integer(j, "first_step", l->first + 1);
    json_integer(j, "steps", l->count);
    json_integer(j, "numbers", l->numbers);
    json_real(j, "least", l->lo);
    json_real(j, "greatest", l->hi);
    json_real(j, "bound", l->bound);
    json_real(j, "range_used", l->used);
    json_integer(j, "over", l->over);
    json_error(j, "approximation", &l->approximation);
    json_error(j, "arithmetic", &l->arithmetic);
    json_error(j, "noise", &l->noise);
    json_error(j, "total", &l->total);
    json_integer(j, "limbs", (uint64_t)l->limbs);
    json_real(j, "ms", l->ms);
    json_open_object(j, "blamed");
    for (int k = 0; k < NN_CHECK_CAUSES; k++)
        json_integer(j, cause_name[k], l->blamed[k]);
    json_close_object(j);
    json_close_object(j);
}

static void json_site(json *j, const nn_check_site *s)
{
    char name[256];
    json_open_object(j, NULL);
    json_string(j, "value", check_report_name(name, sizeof name, s->value, ""));
    json_string(j, "function", s->function);
    json_integer(j, "layer", s->layer);
    json_real(j, "lo", s->lo);
    json_real(j, "hi", s->hi);
    json_real(j, "seen_lo", s->seen_lo);
    json_real(j, "seen_hi", s->seen_hi);
    json_real(j, "range_used", check_report_use(s));
    json_integer(j, "inputs", s->numbers);
    json_integer(j, "below", s->below);
    json_integer(j, "above", s->above);
    json_real(j, "fit_error", s->error);
    json_close_object(j);
}

static void json_labels(json *j, const check_report *r, const nn_check_summary *s)
{
    json_integer(j, "fitted_agree", s->fitted_agree);
    json_integer(j, "clear_agree", s->clear_agree);
    json_integer(j, "encrypted_agree", s->encrypted_agree);
    if (r->labelled) {
        json_integer(j, "float_right", r->right[NN_CHECK_FLOAT]);
        json_integer(j, "fitted_right", r->right[NN_CHECK_FITTED]);
        json_integer(j, "clear_right", r->right[NN_CHECK_CLEAR]);
        json_integer(j, "encrypted_right", r->right[NN_CHECK_ENCRYPTED]);
    }
    json_open_object(j, "differ");
    for (int k = 0; k < NN_CHECK_CAUSES; k++)
        json_integer(j, cause_name[k], s->differ[k]);
    json_close_object(j);
}

void check_report_json(const check_report *r, FILE *out)
{
    const nn_forecast *f = nn_plan_forecast(r->plan);
    char text[NN_CHECK_SENTENCE];
    nn_check_summary s;
    json j;
    nn_check_summarise(r->check, &s);
    json_begin(&j, out);
    json_open_object(&j, NULL);
    json_string(&j, "model", r->model);
    json_integer(&j, "first", r->first);
    json_integer(&j, "images", s.images);
    json_integer(&j, "encrypted", s.encrypted);
    json_integer(&j, "log2_n", (uint64_t)f->log_n);
    json_integer(&j, "security_bits", (uint64_t)f->security_bits);
    json_labels(&j, r, &s);
    json_integer(&j, "activation_inputs", s.inputs);
    json_integer(&j, "out_of_range", s.out_of_range);
    json_string(&j, "cause", s.cause < 0 ? "none" : cause_name[s.cause]);
    if (s.cause >= 0)
        json_integer(&j, "layer", s.layer);
    json_string(&j, "sentence", check_report_name(text, sizeof text, s.sentence, ""));
    json_open_array(&j, "layers");
    for (size_t k = 0; k < nn_check_layers(r->check); k++) {
        nn_check_layer l;
        nn_check_layer_of(r->check, k, &l);
        json_layer(&j, &l);
    }
    json_close_array(&j);
    json_open_array(&j, "activations");
    for (size_t k = 0; k < nn_check_sites(r->check); k++) {
        nn_check_site site;
        nn_check_site_of(r->check, k, &site);
        json_site(&j, &site);
    }
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

/* ---- Markdown */

/* What means something in a table's cell. */
static const char special[] = "|`*_<>\\[]";

static void markdown_layers(const nn_check *c, FILE *out)
{
    char name[NAME], a[4][16], t[16];
    fputs("| layer | steps | numbers | values | range used | over | approximation, bits | noise, "
          "bits | noise at worst, bits | error at worst, bits | limbs | ms |\n"
          "|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
          out);
    for (size_t k = 0; k < nn_check_layers(c); k++) {
        nn_check_layer l;
        nn_check_layer_of(c, k, &l);
        fprintf(out, "| %s | %zu", check_report_name(name, sizeof name, l.name, special),
                l.first + 1);
        if (l.count > 1)
            fprintf(out, "-%zu", l.first + l.count);
        fprintf(out, " | %zu | %.4g .. %.4g | %.0f %% | %zu | %s | %s | %s | %s | %d | %s |\n",
                l.numbers, l.lo, l.hi, 100 * l.used, l.over, bits(a[0], l.approximation.rms_bits),
                bits(a[1], l.noise.rms_bits), bits(a[2], l.noise.max_bits),
                bits(a[3], l.total.max_bits), l.limbs, time_of(t, l.ms));
    }
}

static void markdown_sites(const nn_check *c, FILE *out)
{
    char name[NAME];
    if (nn_check_sites(c) == 0)
        return;
    fputs("\n| activation | function | fitted on | inputs | range used | out of range | error of "
          "the fit |\n|---|---|---|---|---:|---:|---:|\n",
          out);
    for (size_t k = 0; k < nn_check_sites(c); k++) {
        nn_check_site s;
        nn_check_site_of(c, k, &s);
        fprintf(out, "| %s | %s | %.4g .. %.4g | %.4g .. %.4g | %.0f %% | %zu of %zu | %.3g |\n",
                check_report_name(name, sizeof name, s.value, special), s.function, s.lo, s.hi,
                s.seen_lo, s.seen_hi, 100 * check_report_use(&s), s.below + s.above, s.numbers,
                s.error);
    }
}

void check_report_markdown(const check_report *r, FILE *out)
{
    const nn_forecast *f = nn_plan_forecast(r->plan);
    char text[NN_CHECK_SENTENCE];
    nn_check_summary s;
    nn_check_summarise(r->check, &s);
    fprintf(out, "# Check of %s\n\n", check_report_name(text, sizeof text, r->model, special));
    fprintf(out, "%s\n\n", check_report_name(text, sizeof text, s.sentence, special));
    fprintf(out,
            "%zu image%s from number %zu, %zu of them encrypted, at N = 2^%d and %d bits of "
            "security. Of %zu inputs of activations %zu are out of range.\n\n",
            s.images, plural(s.images), r->first, s.encrypted, f->log_n, f->security_bits, s.inputs,
            s.out_of_range);
    fputs("| network | same label as float |", out);
    fputs(r->labelled ? " right |\n|---|---:|---:|\n" : "\n|---|---:|\n", out);
    static const char *const name[] = {"float", "fitted", "clear slots", "encrypted"};
    const size_t agree[] = {s.images, s.fitted_agree, s.clear_agree, s.encrypted_agree};
    for (int k = 0; k < NN_CHECK_NETWORKS; k++) {
        size_t of = k == NN_CHECK_ENCRYPTED ? s.encrypted : s.images;
        fprintf(out, "| %s | %zu of %zu |", name[k], agree[k], of);
        if (r->labelled)
            fprintf(out, " %zu of %zu |", r->right[k], of);
        fputc('\n', out);
    }
    fputc('\n', out);
    markdown_layers(r->check, out);
    markdown_sites(r->check, out);
}
