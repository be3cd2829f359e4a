/* The client's side, embedded: takes the plan that the server sends, makes keys, sends them and one
 * encrypted picture, and reads the label off the answer. It includes nothing of the server's, and
 * links with a library that was configured with --enable-client-only.
 *
 *     mkfifo up down
 *     ./server cryptonets.onnx <up >down & ./client 7.pgm up down
 *
 * The stream is not encrypted a second time, and nobody is authenticated: SECURITY.md says why a
 * channel has to do both. Keys live as long as the process; a real client keeps them. */
#include <string.h>

#include <nn/client.h>

#include "frame.h"

static char why[400];

/* A plain PGM ("P2"), light on dark, as numbers from 0 to 1. */
static float *read_image(const char *path, nn_shape shape)
{
    FILE *f = fopen(path, "r");
    size_t width, height, count = nn_shape_count(shape);
    float *image = calloc(count, sizeof *image), most;
    if (f == NULL || image == NULL || fscanf(f, "P2 %zu %zu %f", &width, &height, &most) != 3)
        die(path, "no such picture");
    if (shape.c != 1 || width != shape.w || height != shape.h || !(most > 0))
        die(path, "not the size that the network takes");
    for (size_t i = 0; i < count; i++) {
        if (fscanf(f, "%f", &image[i]) != 1)
            die(path, "cut short");
        image[i] /= most;
    }
    fclose(f);
    return image;
}

static void send_keys(FILE *up, ckks_worker *w, const nn_client *client, const ckks_secret_key *sk)
{
    ckks_eval_keys *keys;
    must(ckks_eval_keys_create(w, &keys, sk, nn_client_keys(client), nn_client_key_count(client)),
         "keys", ckks_worker_error(w));
    size_t size = ckks_eval_keys_wire_bytes(keys);
    uint8_t *bytes = malloc(size);
    must(bytes != NULL ? ckks_eval_keys_write(bytes, size, &size, keys) : CKKS_ERR_MEMORY, "keys",
         "not written");
    frame_write(up, bytes, size);
    free(bytes);
    ckks_eval_keys_free(keys);
}

static void send_image(FILE *up, ckks_worker *w, const nn_client *client, const ckks_secret_key *sk,
                       const float *image)
{
    size_t count = nn_client_requests(client);
    ckks_ciphertext **part = calloc(count, sizeof(ckks_ciphertext *));
    if (part == NULL)
        die("request", "no memory");
    for (size_t k = 0; k < count; k++)
        must(ckks_ciphertext_create(&part[k], ckks_worker_context(w)), "request", "no memory");
    must(nn_client_encrypt(w, part, client, sk, image, why, sizeof why), "request", why);
    for (size_t k = 0; k < count; k++) {
        size_t size = ckks_ciphertext_wire_bytes(part[k]);
        uint8_t *bytes = malloc(size);
        must(bytes != NULL ? ckks_ciphertext_write(bytes, size, &size, part[k]) : CKKS_ERR_MEMORY,
             "request", "not written");
        frame_write(up, bytes, size);
        free(bytes);
        ckks_ciphertext_free(part[k]);
    }
    free(part);
}

static size_t receive_label(FILE *down, ckks_worker *w, const nn_client *client,
                            const ckks_secret_key *sk)
{
    size_t count = nn_client_responses(client), outputs = nn_client_outputs(client), best = 0, size;
    ckks_ciphertext **part = calloc(count, sizeof(ckks_ciphertext *));
    float *logits = calloc(outputs, sizeof *logits);
    if (part == NULL || logits == NULL)
        die("response", "no memory");
    for (size_t k = 0; k < count; k++) {
        uint8_t *bytes = frame_read(down, &size, (size_t)1 << 28);
        if (bytes == NULL)
            die("response", "the server sent none");
        must(ckks_ciphertext_create(&part[k], ckks_worker_context(w)), "response", "no memory");
        must(ckks_ciphertext_read(w, part[k], bytes, size, &size), "response",
             ckks_worker_error(w));
        free(bytes);
    }
    must(nn_client_decrypt(w, logits, client, sk, (const ckks_ciphertext *const *)part, why,
                           sizeof why),
         "response", why);
    for (size_t k = 1; k < outputs; k++)
        best = logits[k] > logits[best] ? k : best;
    for (size_t k = 0; k < count; k++)
        ckks_ciphertext_free(part[k]);
    free(part);
    free(logits);
    return best;
}

int main(int argc, char **argv)
{
    FILE *up = argc == 4 ? fopen(argv[2], "wb") : NULL;
    FILE *down = up != NULL ? fopen(argv[3], "rb") : NULL;
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk;
    size_t size = 0;

    if (down == NULL)
        die("usage", "client IMAGE.pgm UP DOWN");
    uint8_t *plan = frame_read(down, &size, (size_t)1 << 25);
    must(nn_client_read(&client, plan, size, why, sizeof why), "plan", why);
    free(plan);
    float *image = read_image(argv[1], nn_client_input(client));
    must(ckks_context_create(&ctx, nn_client_params(client), why, sizeof why), "plan", why);
    must(ckks_worker_create(&w, ctx, 0), "worker", "no memory");
    must(ckks_secret_key_create(w, &sk), "key", ckks_worker_error(w));

    send_keys(up, w, client, sk);
    send_image(up, w, client, sk, image);
    printf("%zu\n", receive_label(down, w, client, sk));

    free(image);
    ckks_secret_key_free(sk);
    ckks_worker_free(w);
    ckks_context_free(ctx);
    nn_client_free(client);
    fclose(up);
    fclose(down);
    return 0;
}
