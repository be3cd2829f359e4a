/* Encrypted inference, embedded in a server: plans a network, sends the plan, takes a client's
 * evaluation keys, and answers its requests, one after the other, until the stream ends. Standard
 * input and output are the stream; client.c is the other side.
 *
 *     ./server cryptonets.onnx <up >down
 */
#include <nn/nn.h>

#include "frame.h"

static char why[4000];

static nn_model *read_model(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t most = (size_t)1 << 28, size;
    uint8_t *bytes = malloc(most);
    nn_model *model;
    if (f == NULL || bytes == NULL)
        die(path, "no such model, or no memory");
    size = fread(bytes, 1, most, f);
    fclose(f);
    must(nn_model_read(&model, bytes, size, why, sizeof why), path, why);
    free(bytes);
    return model;
}

static void send_plan(const nn_client *client)
{
    size_t size = nn_client_wire_bytes(client);
    uint8_t *bytes = malloc(size);
    must(bytes != NULL ? nn_client_write(bytes, size, &size, client) : NN_ERR_MEMORY, "plan",
         "not written");
    frame_write(stdout, bytes, size);
    free(bytes);
}

/* The next request; 0 at the end of the stream. */
static int receive(ckks_worker *w, ckks_ciphertext **part, size_t count)
{
    size_t size;
    for (size_t k = 0; k < count; k++) {
        uint8_t *bytes = frame_read(stdin, &size, (size_t)1 << 28);
        if (bytes == NULL)
            return 0;
        must(ckks_ciphertext_read(w, part[k], bytes, size, &size), "request", ckks_worker_error(w));
        free(bytes);
    }
    return 1;
}

static void send(ckks_ciphertext *const *part, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        size_t size = ckks_ciphertext_wire_bytes(part[k]);
        uint8_t *bytes = malloc(size);
        must(bytes != NULL ? ckks_ciphertext_write(bytes, size, &size, part[k]) : CKKS_ERR_MEMORY,
             "response", "not written");
        frame_write(stdout, bytes, size);
        free(bytes);
    }
}

static ckks_ciphertext **create(const ckks_context *ctx, size_t count)
{
    ckks_ciphertext **part = calloc(count, sizeof(ckks_ciphertext *));
    if (part == NULL)
        die("ciphertexts", "no memory");
    for (size_t k = 0; k < count; k++)
        must(ckks_ciphertext_create(&part[k], ctx), "ciphertexts", "no memory");
    return part;
}

static void release(ckks_ciphertext **part, size_t count)
{
    for (size_t k = 0; k < count; k++)
        ckks_ciphertext_free(part[k]);
    free(part);
}

int main(int argc, char **argv)
{
    nn_plan *plan;
    nn_client *client; /* what the client may know of the plan */
    ckks_context *ctx;
    nn_program *program;
    ckks_worker *w;
    ckks_eval_keys *keys;
    size_t size;

    if (argc != 2)
        die("usage", "server MODEL.onnx <UP >DOWN");
    nn_model *model = read_model(argv[1]);
    must(nn_plan_create(&plan, model, NULL, why, sizeof why), argv[1], why);
    must(nn_client_of_plan(&client, plan), "plan", "no memory");
    send_plan(client);
    must(ckks_context_create(&ctx, nn_client_params(client), why, sizeof why), "plan", why);
    must(nn_program_create(&program, plan, ctx, NULL, why, sizeof why), "weights", why);
    must(ckks_worker_create(&w, ctx, nn_program_scratch_bytes(program, 1)), "worker", "no memory");

    uint8_t *bytes = frame_read(stdin, &size, (size_t)1 << 30);
    if (bytes == NULL)
        die("keys", "the client sent none");
    must(ckks_eval_keys_read(w, &keys, bytes, size, &size), "keys", ckks_worker_error(w));
    free(bytes);
    must(ckks_worker_use_keys(w, keys), "keys", ckks_worker_error(w));

    size_t in = nn_client_requests(client), out = nn_client_responses(client);
    ckks_ciphertext **request = create(ctx, in), **response = create(ctx, out);
    while (receive(w, request, in)) {
        must(nn_program_run(program, w, response, (const ckks_ciphertext *const *)request, NULL,
                            why, sizeof why),
             "inference", why);
        send(response, out);
    }

    release(request, in);
    release(response, out);
    must(ckks_worker_use_keys(w, NULL), "keys", ckks_worker_error(w));
    ckks_eval_keys_free(keys);
    ckks_worker_free(w);
    nn_program_free(program);
    ckks_context_free(ctx);
    nn_client_free(client);
    nn_plan_free(plan);
    nn_model_free(model);
    return 0;
}
