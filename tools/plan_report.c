/* See tools/plan_report.h. */
#include "tools/plan_report.h"

#include <stdio.h>

#include "tools/cli.h"
#include "tools/load.h"
#include "tools/planning.h"
#include "tools/progress.h"

/* ---- reasons */

static void try_json(json *j, const nn_plan_try *t)
{
    json_open_object(j, NULL);
    json_integer(j, "log2_n", (uint64_t)t->log_n);
    json_string(j, "ring", t->ring == CKKS_RING_REAL ? "real" : "complex");
    json_bool(j, "fits", t->fits);
    json_bool(j, "taken", t->taken);
    if (t->fits) {
        json_integer(j, "limbs", (uint64_t)t->limbs);
        json_integer(j, "special_limbs", (uint64_t)t->special);
        json_real(j, "ms", t->ms);
        json_real(j, "cost", t->cost);
    } else {
        json_string(j, "why", t->why);
    }
    json_close_object(j);
}

static void step_json(json *j, const nn_plan_account *a)
{
    json_open_object(j, NULL);
    json_string(j, "name", a->name);
    json_string(j, "kind", a->kind);
    json_string(j, "inputs", a->inputs);
    json_string(j, "layout", a->layout);
    json_string(j, "method", a->method);
    json_integer(j, "limbs", (uint64_t)a->limbs);
    json_integer(j, "limbs_out", (uint64_t)a->limbs_out);
    json_real(j, "log2_scale_in", a->scale_in);
    json_real(j, "log2_scale_out", a->scale_out);
    json_integer(j, "key_special_limbs", (uint64_t)a->special);
    json_integer(j, "key_digit_limbs", (uint64_t)a->alpha);
    json_integer(j, "rotations", a->rotations);
    json_integer(j, "products", a->products);
    json_integer(j, "diagonals", a->diagonals);
    json_integer(j, "scalars", a->scalars);
    json_real(j, "range", a->range);
    json_bool(j, "range_measured", a->measured);
    json_real(j, "error", a->error);
    json_real(j, "ms", a->ms);
    json_integer(j, "weight_bytes", a->weight_bytes);
    json_integer(j, "value_bytes", a->value_bytes);
    json_close_object(j);
}

void plan_report_rings_json(json *j, const nn_plan *plan)
{
    json_open_array(j, "rings");
    for (size_t k = 0; k < nn_plan_tries(plan); k++)
        try_json(j, nn_plan_tried(plan, k));
    json_close_array(j);
}

void plan_report_account_json(json *j, const nn_plan *plan)
{
    json_open_array(j, "account");
    for (size_t k = 0; k < nn_plan_steps(plan); k++) {
        nn_plan_account a;
        if (nn_plan_account_of(plan, k, &a) == NN_OK)
            step_json(j, &a);
    }
    json_close_array(j);
}

/* ---- passes */

typedef struct row {
    const char *name;
    unsigned off;
} row;

static const row rows[] = {{"all passes", 0},
                           {"no norm fusion", NN_PASS_NORM},
                           {"no pool folding", NN_PASS_POOL},
                           {"no linear merging", NN_PASS_LINEAR},
                           {"no monic form", NN_PASS_MONIC},
                           {"none", NN_PASS_ALL}};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void row_text(const row *r, const nn_ablation *a)
{
    const nn_forecast *f = &a->forecast;

    printf("%-18s  %6zu", r->name, a->cost.levels);
    if (a->fits)
        printf("  %7d  %8zu  %9zu  %9zu  %5d  %5d  %10.1f\n", f->levels, f->multiplications,
               f->plain_products, f->rotations, f->limbs, f->log_n, f->infer_ms);
    else
        printf("  does not fit: %s\n", a->why);
}

static void row_json(json *j, const row *r, const nn_ablation *a)
{
    json_open_object(j, NULL);
    json_string(j, "passes", r->name);
    json_integer(j, "passes_off", a->passes_off);
    json_integer(j, "levels", a->cost.levels);
    json_integer(j, "multiplications", a->cost.multiplications);
    json_integer(j, "constants", a->cost.constants);
    json_integer(j, "linear_stages", a->cost.linear_stages);
    json_integer(j, "activation_stages", a->cost.activation_stages);
    json_bool(j, "fits", a->fits);
    if (a->fits) {
        json_open_object(j, "forecast");
        planning_forecast_json(j, &a->forecast);
        json_close_object(j);
    } else {
        json_string(j, "why", a->why);
    }
    json_close_object(j);
}

/* The plan of each row. */
static int ablate(nn_ablation found[ROWS], const nn_model *model, const nn_plan_options *options,
                  const char *name)
{
    char why[WHY_BYTES] = "";
    progress p;
    int st = NN_OK;

    progress_begin(&p, "planning", ROWS);
    for (size_t k = 0; k < ROWS && st == NN_OK; k++) {
        progress_show(&p, k, rows[k].name);
        st = nn_plan_ablate(model, options, rows[k].off, &found[k], why, sizeof why);
    }
    progress_end(&p);
    return st == NN_OK ? CLI_OK : planning_fail(st, name, why);
}

int plan_report_ablate(const nn_model *model, const nn_plan_options *options, const char *path,
                       const char *name, int as_json)
{
    nn_ablation found[ROWS];
    json j;
    int st = ablate(found, model, options, name);

    if (st != CLI_OK)
        return st;
    if (as_json) {
        json_begin(&j, stdout);
        json_open_object(&j, NULL);
        json_string(&j, "model", path);
        json_open_array(&j, "ablation");
    } else {
        printf("                    levels                the cheapest plan:\n"
               "passes               least   levels  products  diagonals  rotations  limbs  log N  "
               "        ms\n");
    }
    for (size_t k = 0; k < ROWS; k++) {
        if (as_json)
            row_json(&j, &rows[k], &found[k]);
        else
            row_text(&rows[k], &found[k]);
    }
    if (as_json) {
        json_close_array(&j);
        json_close_object(&j);
        json_end(&j);
    }
    return CLI_OK;
}
