/* The section of checks: precision, ranges, limbs and time, layer by layer. */
#include "tools/report_part.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static double float_agree(const json_value *root)
{
    return json_member_number(root, "fitted_agree") / json_member_number(root, "images");
}

static double encrypted_agree(const json_value *root)
{
    return json_member_number(root, "encrypted_agree") / json_member_number(root, "encrypted");
}

static double out_of_range(const json_value *root)
{
    return json_member_number(root, "out_of_range") / json_member_number(root, "activation_inputs");
}

static const report_fact facts[] = {
    {"images", "images", quantity_count, NULL},
    {"of these encrypted", "encrypted", quantity_count, NULL},
    {"same label, fitted", "", quantity_share, float_agree},
    {"same label, encrypted", "", quantity_share, encrypted_agree},
    {"inputs out of range", "", quantity_share, out_of_range},
    {"bits of security", "security_bits", quantity_count, NULL},
    {"log2 N", "log2_n", quantity_count, NULL},
};

/* Bits of an error: those of none are no number in JSON, but the error itself is 0. */
static double bits(const json_value *row, const char *path)
{
    char rms[32];
    double value = report_number(row, path);

    snprintf(rms, sizeof rms, "%.*s.rms", (int)strcspn(path, "."), path);
    return isnan(value) && report_number(row, rms) <= 0.0 ? INFINITY : value;
}

static const report_column layers[] = {
    {.title = "Bits of precision",
     .about = "Below the largest number of the layer; more is better.",
     .path = {"approximation.rms_bits", "noise.rms_bits"},
     .key = {"approximation", "noise"},
     .print = quantity_bits,
     .of = bits},
    {.title = "Time on the server",
     .about = "Mean of the encrypted images.",
     .path = {"ms"},
     .print = quantity_time},
    {.title = "Range used",
     .about = "The largest number in parts of what the plan reckons with.",
     .path = {"range_used"},
     .print = quantity_share,
     .colour = 2,
     .limit = 1.0},
    {.title = "Limbs left",
     .about = "Primes of the ciphertext modulus that are left behind the layer.",
     .path = {"limbs"},
     .print = quantity_count,
     .colour = 3},
    {.title = "Largest error", .path = {"total.max"}, .print = quantity_real, .table_only = 1},
    {.title = "Numbers", .path = {"numbers"}, .print = quantity_count, .table_only = 1},
};

static void value_name(char text[REPORT_NAME], const json_value *row)
{
    snprintf(text, REPORT_NAME, "%.60s (%.20s)", json_member_text(row, "value"),
             json_member_text(row, "function"));
}

static const report_column activations[] = {
    {.title = "Range of the fit used",
     .about = "Inputs beyond 100 % are outside of what the polynomial was fitted on.",
     .path = {"range_used"},
     .print = quantity_share,
     .colour = 3,
     .limit = 1.0},
    {.title = "Error of the fit",
     .about = "The largest within its range, on a logarithmic scale.",
     .path = {"fit_error"},
     .print = quantity_real,
     .log = 1},
    {.title = "Out of range",
     .path = {"below", "above"},
     .key = {"below", "above"},
     .print = quantity_count,
     .table_only = 1},
};

void report_check(report_set *s)
{
    const report_rows layer = {.array = "layers", .caption = "Layers"};
    const report_rows activation = {
        .array = "activations", .caption = "Activations", .name = value_name};

    report_cards(s, facts, COUNT(facts));
    for (size_t f = 0; f < s->count; f++)
        report_paragraph(s, json_member_text(s->root[f], "sentence"));
    report_layers(s, &layer, layers, COUNT(layers));
    report_layers(s, &activation, activations, COUNT(activations));
}
