/* unseen demo: ten digits drawn as text, encrypted, classified, decrypted. Client and server are
 * played in one process, but what passes between them passes as the bytes of a request and of a
 * response.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/first.h"
#include "tools/image.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/pgm.h"
#include "tools/planning.h"
#include "tools/progress.h"
#include "tools/session.h"

enum { DIGITS = 10, PATH_BYTES = 4096, MAX_PIXELS = 64 * 64 };

typedef struct settings {
    nn_plan_options plan;
    const char *data, *net;
    int json;
} settings;

static const cli_option options[] = {
    {0, "data", "DIR",
     "folder with mnist/NAME.onnx and digits/0.pgm to 9.pgm\n"
     "(default: what was installed or built with the program)"},
    {'n', "net", "NAME", "which network: cryptonets (default) or cnn2"},
    {0, "json", NULL, "print the result as JSON"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "data") == 0)
        s->data = value;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        s->net = value;
    return CLI_OK;
}

static const cli_command command = {
    "demo",
    "[OPTION]...",
    "Classify ten encrypted digits, start to end",
    "Shows each digit, encrypts it, runs the network on the ciphertext, decrypts the answer, and "
    "says\n"
    "what the server saw. Leaves with status 1 when a digit got a wrong label.",
    options,
    0,
    0,
    take,
};

typedef struct player {
    session run;
    ckks_worker *client, *server;
    message question, answer;  /* the client's */
    message request, response; /* the server's */
    float *image, *logits;
    envelope_ids ids;
} player;

/* What one digit took. */
typedef struct trip {
    double encrypt_ms, infer_ms, decrypt_ms;
    size_t request_bytes, response_bytes;
    size_t label;
    double confidence;
} trip;

/* The first of the places where the data may be that has the network. */
static int find_data(char *folder, char *model, const settings *s)
{
    char file[64];

    snprintf(file, sizeof file, "mnist/%.40s.onnx", s->net);
    if (s->data != NULL) {
        snprintf(folder, PATH_BYTES, "%s", s->data);
        snprintf(model, PATH_BYTES + 64, "%s/%s", folder, file);
        return CLI_OK;
    }
    if (first_find(model, PATH_BYTES, file)) {
        snprintf(folder, PATH_BYTES, "%.*s", (int)(strlen(model) - strlen(file) - 1), model);
        return CLI_OK;
    }
    return cli_fail(CLI_NO_FILE, model, "cannot be opened: %s; say with --data where the data are",
                    strerror(errno));
}

static int open_player(player *p, const char *model, const nn_plan_options *planning)
{
    size_t in, out;
    int st = session_open(&p->run, model, planning);

    if (st == CLI_OK)
        st = load_worker(&p->client, p->run.ctx, 0, 1);
    if (st == CLI_OK)
        st = session_worker(&p->server, &p->run, parallel_default_threads());
    if (st != CLI_OK)
        return st;
    in = nn_shape_count(nn_client_input(p->run.client));
    out = nn_client_outputs(p->run.client);
    p->image = calloc(in, sizeof *p->image);
    p->logits = calloc(out, sizeof *p->logits);
    if (p->image == NULL || p->logits == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for an image");
    in = nn_client_requests(p->run.client);
    out = nn_client_responses(p->run.client);
    st = load_plan_file(NULL, &p->ids, p->run.client);
    if (st == CLI_OK)
        st = message_make(&p->question, p->run.ctx, in);
    if (st == CLI_OK)
        st = message_make(&p->answer, p->run.ctx, out);
    if (st == CLI_OK)
        st = message_make(&p->request, p->run.ctx, in);
    return st == CLI_OK ? message_make(&p->response, p->run.ctx, out) : st;
}

static void close_player(player *p)
{
    message_free(&p->question);
    message_free(&p->answer);
    message_free(&p->request);
    message_free(&p->response);
    ckks_worker_free(p->client);
    ckks_worker_free(p->server);
    free(p->image);
    free(p->logits);
    session_close(&p->run);
}

static int client_encrypts(player *p, file_bytes *request, trip *t, const char *name)
{
    char why[WHY_BYTES] = "";
    double start = cli_seconds();
    int st = nn_client_encrypt(p->client, p->question.part, p->run.client, p->run.sk, p->image, why,
                               sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, name, *why != '\0' ? why : ckks_worker_error(p->client));
    st = load_pack(request, &p->question, ENVELOPE_REQUEST, &p->ids, NULL);
    t->encrypt_ms = 1e3 * (cli_seconds() - start);
    t->request_bytes = request->size;
    return st;
}

static int server_infers(player *p, file_bytes *response, const file_bytes *request, trip *t)
{
    char why[WHY_BYTES] = "";
    uint8_t digest[ENVELOPE_DIGEST];
    double start = cli_seconds();
    int st = load_unpack(p->server, &p->request, request, ENVELOPE_REQUEST, &p->ids, "request");

    if (st != CLI_OK)
        return st;
    st = nn_program_run(p->run.program, p->server, p->response.part, message_parts(&p->request),
                        NULL, why, sizeof why);
    if (st != NN_OK)
        return cli_fail_status(st, NULL, *why != '\0' ? why : ckks_worker_error(p->server));
    envelope_digest(digest, request);
    st = load_pack(response, &p->response, ENVELOPE_RESPONSE, &p->ids, digest);
    t->infer_ms = 1e3 * (cli_seconds() - start);
    t->response_bytes = response->size;
    return st;
}

static int client_decrypts(player *p, const file_bytes *response, trip *t)
{
    char why[WHY_BYTES] = "";
    double start = cli_seconds();
    int st = load_unpack(p->client, &p->answer, response, ENVELOPE_RESPONSE, &p->ids, "response");

    if (st != CLI_OK)
        return st;
    st = nn_client_decrypt(p->client, p->logits, p->run.client, p->run.sk,
                           message_parts(&p->answer), why, sizeof why);
    t->decrypt_ms = 1e3 * (cli_seconds() - start);
    if (st != NN_OK)
        return cli_fail_status(st, NULL, *why != '\0' ? why : ckks_worker_error(p->client));
    return CLI_OK;
}

/* A line of the ciphertext, from its middle, where heads and seeds are past. */
static void show_bytes(const file_bytes *request)
{
    char size[32];
    size_t at = request->size / 2;

    printf("  the server saw %s: ", cli_size(size, request->size));
    for (size_t i = 0; i < 16 && at + i < request->size; i++)
        printf("%02x ", request->data[at + i]);
    printf("...\n");
}

static void show_art(const player *p)
{
    nn_shape shape = nn_client_input(p->run.client);
    uint8_t pixels[MAX_PIXELS];
    char text[MAX_PIXELS];

    if (nn_shape_count(shape) > MAX_PIXELS)
        return;
    for (size_t i = 0; i < shape.h * shape.w; i++)
        pixels[i] = (uint8_t)(255.0f * p->image[i] + 0.5f);
    pgm_text_art(text, sizeof text, pixels, shape.w, shape.h);
    fputs(text, stdout);
}

static void show_answer(const trip *t, int right)
{
    const char *bold = cli_colour(stdout) ? "\033[1m" : "", *plain = *bold ? "\033[0m" : "";

    printf("  %slabel %zu%s, %.1f %% sure%s; encrypt %.0f ms, infer %.0f ms, decrypt %.0f ms\n",
           bold, t->label, plain, 100.0 * t->confidence, right ? "" : " (WRONG)", t->encrypt_ms,
           t->infer_ms, t->decrypt_ms);
}

/* One digit there and back; silent: nothing of it is shown. */
static int play(player *p, const char *path, size_t expected, trip *t, int silent)
{
    file_bytes request = {NULL, 0}, response = {NULL, 0};
    size_t count = nn_client_outputs(p->run.client);
    int st = image_read(p->image, nn_client_input(p->run.client), path);

    if (st != CLI_OK)
        return st;
    if (!silent) {
        show_art(p);
        fflush(stdout);
    }
    st = client_encrypts(p, &request, t, path);
    if (st == CLI_OK)
        st = server_infers(p, &response, &request, t);
    if (st == CLI_OK)
        st = client_decrypts(p, &response, t);
    if (st == CLI_OK) {
        t->label = answer_label(p->logits, count);
        t->confidence = answer_confidence(p->logits, count, t->label);
    }
    if (st == CLI_OK && !silent) {
        show_answer(t, t->label == expected);
        show_bytes(&request);
    }
    file_free(&request);
    file_free(&response);
    return st;
}

static void show_head(const player *p, const char *model)
{
    const nn_forecast *f = nn_plan_forecast(p->run.plan);
    char keys[32];

    printf("Network     %s\n", model);
    printf("Security    %d bits (N = 2^%d, log2(QP) = %.1f)\n", f->security_bits, f->log_n,
           f->log2_qp);
    printf("Keys        %zu evaluation keys, %s, made in %.0f ms\n", f->keys,
           cli_size(keys, ENVELOPE_BYTES + ckks_eval_keys_wire_bytes(p->run.keys)),
           p->run.keygen_ms);
    printf("Kernel      %s; weights encoded in %.0f ms\n\n", ckks_context_kernel(p->run.ctx),
           p->run.program_ms);
}

static void show_end(const trip *sum, int right, double seconds)
{
    char request[32], response[32], total[32];

    printf("\n%d of %d labels are right; %s in all, %.0f ms a digit on the server.\n", right,
           DIGITS, progress_time(total, seconds), sum->infer_ms / DIGITS);
    printf("The server received %s a digit and sent %s back. It never had the secret key,\n"
           "and saw no pixel and no label.\n",
           cli_size(request, sum->request_bytes / DIGITS),
           cli_size(response, sum->response_bytes / DIGITS));
}

static void print_json(const player *p, const char *model, const trip *t, size_t right,
                       double seconds)
{
    const nn_forecast *f = nn_plan_forecast(p->run.plan);
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_string(&j, "model", model);
    json_integer(&j, "security_bits", (uint64_t)f->security_bits);
    json_integer(&j, "log2_n", (uint64_t)f->log_n);
    json_integer(&j, "keys", f->keys);
    json_integer(&j, "eval_key_bytes", ENVELOPE_BYTES + ckks_eval_keys_wire_bytes(p->run.keys));
    json_real(&j, "keygen_ms", p->run.keygen_ms);
    json_real(&j, "program_ms", p->run.program_ms);
    json_string(&j, "kernel", ckks_context_kernel(p->run.ctx));
    json_integer(&j, "right", right);
    json_real(&j, "seconds", seconds);
    json_open_array(&j, "digits");
    for (size_t digit = 0; digit < DIGITS; digit++, t++) {
        json_open_object(&j, NULL);
        json_integer(&j, "digit", digit);
        json_integer(&j, "label", t->label);
        json_real(&j, "confidence", t->confidence);
        json_real(&j, "encrypt_ms", t->encrypt_ms);
        json_real(&j, "infer_ms", t->infer_ms);
        json_real(&j, "decrypt_ms", t->decrypt_ms);
        json_integer(&j, "request_bytes", t->request_bytes);
        json_integer(&j, "response_bytes", t->response_bytes);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

static int run(const settings *s)
{
    char folder[PATH_BYTES], model[PATH_BYTES + 64], path[PATH_BYTES + 64];
    player p = {.client = NULL};
    trip sum = {.label = 0}, each[DIGITS] = {{.label = 0}};
    double start = cli_seconds();
    size_t right = 0;
    int st = find_data(folder, model, s);

    if (st == CLI_OK)
        st = open_player(&p, model, &s->plan);
    if (st == CLI_OK && !s->json)
        show_head(&p, model);
    for (size_t digit = 0; st == CLI_OK && digit < DIGITS; digit++) {
        trip *t = &each[digit];
        snprintf(path, sizeof path, "%s/digits/%zu.pgm", folder, digit);
        st = play(&p, path, digit, t, s->json);
        right += t->label == digit;
        sum.infer_ms += t->infer_ms;
        sum.request_bytes += t->request_bytes;
        sum.response_bytes += t->response_bytes;
    }
    if (st == CLI_OK && s->json)
        print_json(&p, model, each, right, cli_seconds() - start);
    else if (st == CLI_OK)
        show_end(&sum, (int)right, cli_seconds() - start);
    close_player(&p);
    return st == CLI_OK && right != DIGITS ? CLI_NEGATIVE : st;
}

int cmd_demo(int argc, char **argv)
{
    settings s = {.net = "cryptonets"};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    return st == CLI_OK ? run(&s) : st;
}
