/* The sections of plans, of the ways to pack images, and of what each pass is worth. */
#include <math.h>

#include "tools/report_part.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a plan */

static const report_fact cards[] = {
    {"server, an image", "infer_ms", quantity_time, NULL},
    {"evaluation keys", "eval_key_bytes", quantity_bytes, NULL},
    {"request", "request_bytes", quantity_bytes, NULL},
    {"response", "response_bytes", quantity_bytes, NULL},
    {"server memory", "server_memory", quantity_bytes, NULL},
    {"bits of security", "security_bits", quantity_count, NULL},
};

static const report_fact sizes[] = {
    {"evaluation keys, as a file", "eval_key_bytes", quantity_bytes, NULL},
    {"request", "request_bytes", quantity_bytes, NULL},
    {"response", "response_bytes", quantity_bytes, NULL},
    {"keys in memory", "eval_key_memory", quantity_bytes, NULL},
    {"weights in memory", "weight_memory", quantity_bytes, NULL},
    {"values in memory", "value_memory", quantity_bytes, NULL},
    {"server memory in all", "server_memory", quantity_bytes, NULL},
};

static const report_fact numbers[] = {
    {"expected time", "infer_ms", quantity_time, NULL},
    {"bits of security", "security_bits", quantity_count, NULL},
    {"log2 N", "log2_n", quantity_count, NULL},
    {"log2 QP", "log2_qp", quantity_real, NULL},
    {"limbs", "limbs", quantity_count, NULL},
    {"special limbs", "special_limbs", quantity_count, NULL},
    {"levels", "levels", quantity_count, NULL},
    {"levels before the passes", "before_passes.levels", quantity_count, NULL},
    {"rotations", "rotations", quantity_count, NULL},
    {"products of ciphertexts", "multiplications", quantity_count, NULL},
    {"products with weights", "plain_products", quantity_count, NULL},
    {"keys", "keys", quantity_count, NULL},
    {"evaluation keys", "eval_key_bytes", quantity_bytes, NULL},
    {"request", "request_bytes", quantity_bytes, NULL},
    {"response", "response_bytes", quantity_bytes, NULL},
    {"server memory", "server_memory", quantity_bytes, NULL},
    {"error of a logit", "logit_error", quantity_real, NULL},
};

static const report_column steps[] = {
    {.title = "Expected time", .path = {"ms"}, .print = quantity_time},
    {.title = "Levels",
     .about = "Limbs of the ciphertext modulus before and behind the layer.",
     .path = {"limbs", "limbs_out"},
     .key = {"limbs before", "behind"},
     .print = quantity_count,
     .colour = 2},
    {.title = "Error",
     .about = "Predicted standard deviation of a number, on a logarithmic scale.",
     .path = {"error"},
     .print = quantity_real,
     .log = 1,
     .colour = 1},
    {.title = "Bytes",
     .about = "Memory of the encoded weights, and of the ciphertexts that the layer makes.",
     .path = {"weight_bytes", "value_bytes"},
     .key = {"weights", "ciphertexts"},
     .print = quantity_bytes,
     .colour = 3},
    {.title = "Rotations", .path = {"rotations"}, .print = quantity_count, .table_only = 1},
    {.title = "Diagonals", .path = {"diagonals"}, .print = quantity_count, .table_only = 1},
    {.title = "Products", .path = {"products"}, .print = quantity_count, .table_only = 1},
};

static int fits(const json_value *row, const void *filter)
{
    (void)filter;
    return !isnan(json_member_number(row, "ms"));
}

static void ring_name(char text[REPORT_NAME], const json_value *row)
{
    const json_value *taken = json_member(row, "taken");
    char n[QUANTITY_BYTES];

    snprintf(text, REPORT_NAME, "N = 2^%s, %.20s%s",
             quantity_count(n, json_member_number(row, "log2_n")), json_member_text(row, "ring"),
             taken != NULL && taken->number > 0 ? ", taken" : "");
}

static const report_column rings[] = {
    {.title = "Rings that fit", .path = {"ms"}, .print = quantity_time},
    {.title = "Limbs",
     .path = {"limbs", "special_limbs"},
     .key = {"limbs", "special"},
     .print = quantity_count,
     .table_only = 1},
};

void report_plan(report_set *s)
{
    const report_rows layer = {.array = "account", .caption = "Layers"};
    const report_rows ring = {
        .array = "rings", .caption = "Rings", .wanted = fits, .name = ring_name};

    report_cards(s, cards, COUNT(cards));
    report_layers(s, &layer, steps, COUNT(steps));
    fputs("<div class=\"charts\">\n", s->out);
    report_bars(s, "Bytes in all", "On a logarithmic scale.", sizes, COUNT(sizes), 1, 0.0);
    fputs("</div>\n", s->out);
    report_table(s, "Plans", numbers, COUNT(numbers));
    report_layers(s, &ring, rings, COUNT(rings));
}

/* ---- ways to pack */

static void packing_label(char text[REPORT_NAME], const json_value *row)
{
    const json_value *chosen = json_member(row, "chosen");
    char n[QUANTITY_BYTES];

    snprintf(text, REPORT_NAME, "%.40s, sets of %s%s", json_member_text(row, "packing"),
             quantity_count(n, json_member_number(row, "images_per_ciphertext")),
             chosen != NULL && chosen->number > 0 ? ", chosen" : "");
}

static const report_column packings[] = {
    {.title = "Server, an image",
     .about = "On a logarithmic scale.",
     .path = {"infer_ms_per_image"},
     .print = quantity_time,
     .log = 1},
    {.title = "Request, an image",
     .about = "On a logarithmic scale.",
     .path = {"request_bytes_per_image"},
     .print = quantity_bytes,
     .log = 1,
     .colour = 3},
    {.title = "Evaluation keys",
     .about = "On a logarithmic scale.",
     .path = {"eval_key_bytes"},
     .print = quantity_bytes,
     .log = 1,
     .colour = 3},
    {.title = "Server memory",
     .about = "On a logarithmic scale.",
     .path = {"server_memory"},
     .print = quantity_bytes,
     .log = 1,
     .colour = 3},
    {.title = "All images", .path = {"total_ms"}, .print = quantity_time, .table_only = 1},
    {.title = "Keys", .path = {"keys"}, .print = quantity_count, .table_only = 1},
};

static const report_fact packing_facts[] = {
    {"images", "images", quantity_count, NULL},
    {"images in a set", "images_per_ciphertext", quantity_count, NULL},
};

void report_packing(report_set *s)
{
    const report_rows ways = {
        .array = "alternatives", .caption = "Ways to pack", .name = packing_label};

    report_cards(s, packing_facts, COUNT(packing_facts));
    for (size_t f = 0; f < s->count; f++)
        report_paragraph(s, json_member_text(s->root[f], "why"));
    report_layers(s, &ways, packings, COUNT(packings));
}

/* ---- passes */

static void passes_name(char text[REPORT_NAME], const json_value *row)
{
    const char *why = json_member_text(row, "why");
    snprintf(text, REPORT_NAME, "%.40s%s", json_member_text(row, "passes"),
             *why != '\0' ? ": does not fit" : "");
}

static const report_column passes[] = {
    {.title = "Time of the cheapest plan", .path = {"forecast.infer_ms"}, .print = quantity_time},
    {.title = "Levels at least", .path = {"levels"}, .print = quantity_count, .colour = 2},
    {.title = "Products of ciphertexts",
     .path = {"forecast.multiplications"},
     .print = quantity_count,
     .table_only = 1},
    {.title = "Rotations",
     .path = {"forecast.rotations"},
     .print = quantity_count,
     .table_only = 1},
    {.title = "log2 N", .path = {"forecast.log2_n"}, .print = quantity_count, .table_only = 1},
};

void report_ablation(report_set *s)
{
    const report_rows rows = {
        .array = "ablation", .caption = "What each pass is worth", .name = passes_name};

    report_cards(s, NULL, 0);
    report_layers(s, &rows, passes, COUNT(passes));
}
