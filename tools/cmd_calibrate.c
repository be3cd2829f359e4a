/* unseen calibrate: the unit times of this machine, by which plans are chosen. */
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/costs.h"
#include "tools/file.h"
#include "tools/load.h"
#include "tools/measure.h"
#include "tools/progress.h"

typedef struct settings {
    const char *output, *kernel;
    double seconds;
    int json;
} settings;

static const cli_option options[] = {
    {'o', "output", "FILE", "write the unit times here (default: standard output)"},
    {0, "kernel", "NAME", "measure one family of kernels (default: the best)"},
    {0, "seconds", "S", "time to spend, 0 to 600 (default 4)"},
    {0, "json", NULL, "print the unit times as JSON; a file is then written with -o only"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;

    if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "kernel") == 0)
        s->kernel = value;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        return cli_real(&s->seconds, name, value, 0.0, 600.0);
    return CLI_OK;
}

static const cli_command command = {
    "calibrate",
    "[-o FILE] [OPTION]...",
    "Measure this machine, for plans that suit it",
    "Times rotations, products and matrices on one core and finds the unit times that explain "
    "them.\n"
    "Commands that plan a network take the file with --costs; without it they use times that are\n"
    "built in. The machine should be quiet.",
    options,
    0,
    0,
    take,
};

/* Unless a price is asked for in the file by hand, it is the built-in one. */
static int fit(nn_costs *costs, const measurement *m, double *misfit)
{
    *costs = *nn_costs_builtin(m->kernel);
    snprintf(costs->kernel, sizeof costs->kernel, "%s", m->kernel);
    if (nn_costs_fit(costs, misfit, m->sample, m->count) != NN_OK)
        return cli_fail(CLI_FAULT, NULL, "the times measured do not tell the unit times apart");
    cli_note("kernel %s: %zu operations explained to %.0f %%", m->kernel, m->count,
             100.0 * *misfit);
    return CLI_OK;
}

static void print_json(const nn_costs *costs, const measurement *m, double misfit)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    costs_json(&j, costs);
    json_integer(&j, "operations", m->count);
    json_real(&j, "misfit", misfit);
    json_close_object(&j);
    json_end(&j);
}

int cmd_calibrate(int argc, char **argv)
{
    settings s = {.seconds = 4.0};
    double misfit = 0.0;
    char why[WHY_BYTES];
    measurement m;
    nn_costs costs;
    progress p;
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.json && s.output != NULL && strcmp(s.output, "-") == 0)
        return cli_usage("--json would go to standard output with the unit times: leave -o out");
    progress_begin(&p, "measuring", 0);
    st = measure_run(&m, s.kernel, s.seconds, why, sizeof why);
    progress_end(&p);
    if (st != CKKS_OK)
        return cli_fail_status(st, s.kernel, why);
    st = fit(&costs, &m, &misfit);
    if (st == CLI_OK && (s.output != NULL || !s.json))
        st = costs_write(s.output != NULL ? s.output : "-", &costs);
    if (st == CLI_OK && s.json)
        print_json(&costs, &m, misfit);
    return st;
}
