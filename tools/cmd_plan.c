/* unseen plan: what a model will need, and the public plan file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/file.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/packing.h"
#include "tools/plan_report.h"
#include "tools/planning.h"

typedef struct settings {
    nn_plan_options plan;
    const char *output;
    uint64_t images; /* 0: the plan for one image */
    int json, explain, ablate;
} settings;

static const cli_option options[] = {
    {'o', "output", "PLAN", "write the public plan file that the client needs"},
    {0, "json", NULL, "print the forecast as JSON"},
    PLANNING_OPTIONS,
    {0, "images", "N", "show the ways to pack N images, and which is fastest"},
    {0, "explain", NULL, "give the reasons: rings tried, and for every layer its method and cost"},
    {0, "ablate", NULL, "show what each graph pass is worth: the plan without it"},
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
    else if (strcmp(name, "images") == 0)
        return cli_number(&s->images, name, value, 1, UINT32_MAX);
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else if (strcmp(name, "explain") == 0)
        s->explain = s->plan.alternatives = 1;
    else if (strcmp(name, "ablate") == 0)
        s->ablate = 1;
    else
        s->plan.passes_off = NN_PASS_ALL;
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
    file_bytes file = {NULL, 0};
    envelope_ids ids;
    int st = nn_client_of_plan(&client, plan);

    st = st == NN_OK ? load_plan_file(&file, &ids, client) : cli_fail_status(st, s->output, "");
    if (st == CLI_OK)
        st = output_whole(s->output, OUTPUT_BINARY, file.data, file.size);
    file_free(&file);
    nn_client_free(client);
    return st;
}

static int print_text(const nn_plan *plan, int explain)
{
    size_t (*write)(const nn_plan *, char *, size_t) = explain ? nn_plan_explain : nn_plan_print;
    size_t size = write(plan, NULL, 0) + 1;
    char *text = malloc(size);

    if (text == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for the plan as text (%zu bytes)", size);
    (void)write(plan, text, size);
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

static void print_json(const nn_plan *plan, const nn_model *model, const char *path, int explain)
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
    plan_report_account_json(&j, plan);
    if (explain)
        plan_report_rings_json(&j, plan);
    json_close_object(&j);
    json_end(&j);
}

/* ---- the ways to pack many images */

static void alternatives_text(const packing_list *list, size_t images)
{
    char keys[32], request[32], memory[32];

    printf("packing       in a set  ms an image  keys  as a file   request an image  server\n");
    for (size_t i = 0; i < list->count; i++) {
        const packing *p = &list->item[i];
        printf("%-12s  %8zu  %11.3f  %4zu  %-10s  %-16s  %-10s%s\n", packing_name(p), p->images,
               packing_image_ms(p), p->keys, cli_size(keys, p->eval_key_bytes),
               cli_size(request, p->request_bytes / p->images), cli_size(memory, p->server_memory),
               i == list->chosen ? "  <- chosen" : "");
    }
    printf("%zu image%s: %s, because %s\n", images, images == 1 ? "" : "s",
           packing_name(&list->item[list->chosen]), list->why);
}

static void alternatives_json(const packing_list *list, size_t images, const char *path)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_string(&j, "model", path);
    json_integer(&j, "images", images);
    json_string(&j, "packing", packing_name(&list->item[list->chosen]));
    json_integer(&j, "images_per_ciphertext", list->item[list->chosen].images);
    json_string(&j, "why", list->why);
    json_open_array(&j, "alternatives");
    for (size_t i = 0; i < list->count; i++) {
        const packing *p = &list->item[i];
        json_open_object(&j, NULL);
        json_string(&j, "packing", packing_name(p));
        json_integer(&j, "images_per_ciphertext", p->images);
        json_bool(&j, "chosen", i == list->chosen);
        json_real(&j, "infer_ms", p->set_ms);
        json_real(&j, "infer_ms_per_image", packing_image_ms(p));
        json_real(&j, "total_ms", p->total_ms);
        json_integer(&j, "log2_n", (uint64_t)p->log_n);
        json_real(&j, "log2_qp", p->log2_qp);
        json_integer(&j, "security_bits", (uint64_t)p->security_bits);
        json_integer(&j, "keys", p->keys);
        json_integer(&j, "eval_key_bytes", p->eval_key_bytes);
        json_integer(&j, "request_bytes", p->request_bytes);
        json_integer(&j, "response_bytes", p->response_bytes);
        json_integer(&j, "request_bytes_per_image", p->request_bytes / p->images);
        json_integer(&j, "server_memory", p->server_memory);
        json_real(&j, "logit_error", p->logit_error);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

static int show_alternatives(const settings *s, const nn_model *model, const char *path)
{
    packing_list list;
    int st = packing_find(&list, model, &s->plan, (size_t)s->images, file_input_name(path));

    if (st == CLI_OK && s->json)
        alternatives_json(&list, (size_t)s->images, path);
    else if (st == CLI_OK)
        alternatives_text(&list, (size_t)s->images);
    packing_free(&list);
    return st;
}

static int show_plan(const settings *s, const nn_model *model, const char *path)
{
    nn_plan *plan = NULL;
    int st = planning_make(&plan, model, &s->plan, file_input_name(path));

    if (st == CLI_OK && s->output != NULL)
        st = write_plan(s, plan);
    if (st == CLI_OK && (s->output == NULL || strcmp(s->output, "-") != 0)) {
        if (s->json)
            print_json(plan, model, path, s->explain);
        else
            st = print_text(plan, s->explain);
    }
    nn_plan_free(plan);
    return st;
}

int cmd_plan(int argc, char **argv)
{
    settings s = {.json = 0};
    nn_model *model = NULL;
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.images > 0 && (s.output != NULL || s.plan.passes_off != 0 || s.explain))
        return cli_usage("--images compares plans; it goes without %s", s.output != NULL
                                                                            ? "--output"
                                                                        : s.explain ? "--explain"
                                                                                    : "--unmerged");
    if (s.ablate && (s.output != NULL || s.images > 0 || s.explain))
        return cli_usage("--ablate compares plans; it goes without %s", s.output != NULL
                                                                            ? "--output"
                                                                        : s.explain ? "--explain"
                                                                                    : "--images");
    st = load_model(&model, rest[0]);
    if (st == CLI_OK && s.ablate)
        st = plan_report_ablate(model, &s.plan, rest[0], file_input_name(rest[0]), s.json);
    else if (st == CLI_OK)
        st = s.images > 0 ? show_alternatives(&s, model, rest[0]) : show_plan(&s, model, rest[0]);
    nn_model_free(model);
    return st;
}
