/* The report of unseen fit. */
#include "tools/fit_report.h"

#include "tools/json.h"

enum { DEGREES = 32 };

/* "4", or "7,7,15" for composed polynomials, the innermost first. */
static const char *degrees(char text[DEGREES], const nn_fitting_site *s)
{
    int used = 0;

    for (int k = 0; k < s->count; k++)
        used +=
            snprintf(text + used, (size_t)(DEGREES - used), "%s%d", k > 0 ? "," : "", s->degree[k]);
    return text;
}

static void print_table(const nn_fitting *f, FILE *out)
{
    char text[DEGREES], seen[DEGREES], range[DEGREES];

    fprintf(out, "%-24s %-12s %-19s %-19s %-10s %-9s %6s %9s %9s\n", "activation", "function",
            "seen", "range", "degree", "method", "levels", "max error", "outside");
    for (size_t k = 0; k < nn_fitting_sites(f); k++) {
        const nn_fitting_site *s = nn_fitting_site_at(f, k);

        snprintf(seen, sizeof seen, "%.4g .. %.4g", s->seen_lo, s->seen_hi);
        snprintf(range, sizeof range, "%.4g .. %.4g", s->lo, s->hi);
        fprintf(out, "%-24.60s %-12s %-19s %-19s %-10s %-9s %6d %9.2g %8.3g%%\n", s->value,
                s->function, seen, range, degrees(text, s), s->sign ? "sign" : s->method, s->levels,
                s->error, 100 * s->outside);
    }
}

static void print_text(const nn_fitting *f, int labels, FILE *out)
{
    const nn_fitting_result *r = nn_fitting_outcome(f);
    const double all = (double)r->images;

    print_table(f, out);
    fprintf(out, "\nlabels kept:   %zu of %zu (%.2f %%)\n", r->agree, r->images,
            100.0 * (double)r->agree / all);
    if (labels)
        fprintf(out, "accuracy:      %.2f %% fitted, %.2f %% before\n",
                100.0 * (double)r->fitted_right / all, 100.0 * (double)r->float_right / all);
    fprintf(out, "logit error:   %.3g of the logits' size, %.3g at worst in one logit\n",
            r->logit_error, r->largest_error);
    fprintf(out, "demands:       %s\n", r->reached ? "met" : "not met");
}

static void put_site(json *j, const nn_fitting_site *s)
{
    json_open_object(j, NULL);
    json_string(j, "value", s->value);
    json_string(j, "function", s->function);
    json_real(j, "seen_lo", s->seen_lo);
    json_real(j, "seen_hi", s->seen_hi);
    json_real(j, "lo", s->lo);
    json_real(j, "hi", s->hi);
    json_string(j, "kind", s->sign ? "sign" : "poly");
    json_string(j, "method", s->method);
    json_open_array(j, "degrees");
    for (int k = 0; k < s->count; k++)
        json_integer(j, NULL, (uint64_t)s->degree[k]);
    json_close_array(j);
    json_integer(j, "levels", (uint64_t)s->levels);
    json_real(j, "max_error", s->error);
    json_real(j, "outside", s->outside);
    json_close_object(j);
}

static void print_json(const nn_fitting *f, const char *model, int labels, FILE *out)
{
    const nn_fitting_result *r = nn_fitting_outcome(f);
    json j;

    json_begin(&j, out);
    json_open_object(&j, NULL);
    json_string(&j, "model", model);
    json_integer(&j, "images", r->images);
    json_integer(&j, "agree", r->agree);
    if (labels) {
        json_integer(&j, "float_right", r->float_right);
        json_integer(&j, "fitted_right", r->fitted_right);
    }
    json_real(&j, "logit_error", r->logit_error);
    json_real(&j, "largest_logit_error", r->largest_error);
    json_bool(&j, "reached", r->reached);
    json_open_array(&j, "activations");
    for (size_t k = 0; k < nn_fitting_sites(f); k++)
        put_site(&j, nn_fitting_site_at(f, k));
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

void fit_report(const nn_fitting *f, const char *model, int labels, int as_json, FILE *out)
{
    if (as_json)
        print_json(f, model, labels, out);
    else
        print_text(f, labels, out);
}
