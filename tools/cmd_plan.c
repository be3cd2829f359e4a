/* unseen plan: what a model will need, and the public plan file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/file.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/planning.h"

typedef struct settings {
    nn_plan_options plan;
    const char *output;
    int json;
} settings;

static const cli_option options[] = {
    {'o', "output", "PLAN", "write the public plan file that the client needs"},
    {0, "json", NULL, "print the forecast as JSON"},
    PLANNING_OPTIONS,
    {0, "unmerged", NULL, "plan the stages as they stand in the file, for comparison"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        s->plan.keep_unmerged = 1;
    return CLI_OK;
}

static const cli_command command = {
    "plan",
    "MODEL.onnx [-o PLAN] [OPTION]...",
    "Show what encrypted inference of a network will need",
    "The plan decides parameters, layouts, levels and keys, and foretells sizes, memory and time.\n"
    "The plan file (-o) holds what a client needs to make keys and requests, and no weights. With\n"
    "'-o -' it goes to standard output and the report is left out.",
    options,
    1,
    1,
    take,
};

static int write_plan(const settings *s, const nn_plan *plan)
{
    nn_client *client = NULL;
    uint8_t *bytes = NULL;
    size_t used = 0, size = 0;
    int st = nn_client_of_plan(&client, plan);

    if (st == NN_OK) {
        size = nn_client_wire_bytes(client);
        bytes = malloc(size);
        st = bytes != NULL ? nn_client_write(bytes, size, &used, client) : NN_ERR_MEMORY;
    }
    if (st != NN_OK)
        st = cli_fail_status(st, s->output, "");
    else
        st = output_whole(s->output, OUTPUT_BINARY, bytes, used);
    free(bytes);
    nn_client_free(client);
    return st;
}

static int print_text(const nn_plan *plan)
{
    size_t size = nn_plan_print(plan, NULL, 0) + 1;
    char *text = malloc(size);

    if (text == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for the plan as text (%zu bytes)", size);
    nn_plan_print(plan, text, size);
    fputs(text, stdout);
    if (size < 2 || text[size - 2] != '\n')
        putchar('\n');
    free(text);
    return CLI_OK;
}

static void cost_json(json *j, const char *key, const nn_model_cost *c)
{
    json_open_object(j, key);
    json_integer(j, "levels", c->levels);
    json_integer(j, "multiplications", c->multiplications);
    json_integer(j, "constants", c->constants);
    json_integer(j, "rotations", c->rotations);
    json_integer(j, "linear_stages", c->linear_stages);
    json_integer(j, "activation_stages", c->activation_stages);
    json_close_object(j);
}

static void print_json(const nn_plan *plan, const nn_model *model, const char *path)
{
    nn_model_cost before, after;
    char id[20];
    json j;

    nn_plan_costs(plan, &before, &after);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)nn_model_id(model));
    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_string(&j, "model", path);
    json_string(&j, "model_id", id);
    planning_forecast_json(&j, nn_plan_forecast(plan));
    cost_json(&j, "before_passes", &before);
    cost_json(&j, "after_passes", &after);
    json_open_array(&j, "steps");
    for (size_t i = 0; i < nn_plan_steps(plan); i++)
        json_string(&j, NULL, nn_plan_step_name(plan, i));
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

int cmd_plan(int argc, char **argv)
{
    settings s = {.json = 0};
    nn_model *model = NULL;
    nn_plan *plan = NULL;
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    st = load_model(&model, rest[0]);
    if (st == CLI_OK)
        st = planning_make(&plan, model, &s.plan, file_input_name(rest[0]));
    if (st == CLI_OK && s.output != NULL)
        st = write_plan(&s, plan);
    if (st == CLI_OK && (s.output == NULL || strcmp(s.output, "-") != 0)) {
        if (s.json)
            print_json(plan, model, rest[0]);
        else
            st = print_text(plan);
    }
    nn_plan_free(plan);
    nn_model_free(model);
    return st;
}
