/* Writes the seeds of the corpora that are binary files of ours, into the folder that is given:
 * run it again when a format changes.
 *
 *     tests/fuzz/seeds tests/fuzz/corpus
 */
#include <string.h>

#include "ckks/ckks.h"
#include "nn/nn.h"
#include "tests/fuzz/channel_world.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire_world.h"
#include "tools/envelope.h"
#include "train/checkpoint.h"
#include "train/session.h"
#include "train/status.h"

enum { ROOM = 1 << 16, WHY = 400 };

static const char *corpus;
static char why[WHY];

static void save(const char *name, const void *bytes, size_t size)
{
    char path[4200];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", corpus, name);
    f = fopen(path, "wb");
    fuzz_must(f != NULL && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
}

/* ---- ckks/ */

static void save_ciphertext(const char *name, const ckks_ciphertext *c)
{
    static uint8_t bytes[ROOM];
    size_t n = 0;

    fuzz_must(ckks_ciphertext_write(bytes, ROOM, &n, c) == CKKS_OK);
    save(name, bytes, n);
}

/* Seeded, expanded, and of three parts. */
static void wire_ciphertexts(const wire_world *s)
{
    const double x[2] = {1.0, 2.0};
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;

    fuzz_must(ckks_plaintext_create(&p, s->ctx) == CKKS_OK);
    fuzz_must(ckks_ciphertext_create(&c, s->ctx) == CKKS_OK);
    fuzz_must(ckks_encode(s->w, p, x, NULL, 2, 2, ckks_scale_from(0x1p20)) == CKKS_OK);
    fuzz_must(ckks_encrypt(s->w, c, s->sk, p) == CKKS_OK);
    save_ciphertext("wire/good-seeded", c);
    fuzz_must(ckks_eval_negate(s->w, c, c) == CKKS_OK);
    save_ciphertext("wire/good-ciphertext", c);
    fuzz_must(ckks_eval_square_raw(s->w, c, c) == CKKS_OK);
    save_ciphertext("wire/good-square", c);
    ckks_ciphertext_free(c);
    ckks_plaintext_free(p);
}

static void wire(void)
{
    static uint8_t bytes[ROOM];
    const envelope_ids ids = {1, 2, 3};
    ckks_public_key *pk = NULL;
    wire_world s;
    size_t n = 0;

    wire_world_open(&s);
    fuzz_must(ckks_params_write(bytes, ROOM, &n, &s.params) == CKKS_OK);
    save("wire/good-params", bytes, n);
    fuzz_must(ckks_public_key_create(s.w, &pk, s.sk) == CKKS_OK);
    fuzz_must(ckks_public_key_write(bytes, ROOM, &n, pk) == CKKS_OK);
    save("wire/good-public", bytes, n);
    fuzz_must(ckks_eval_keys_write(bytes, ROOM, &n, s.keys) == CKKS_OK);
    save("wire/good-keys", bytes, n);
    fuzz_must(ckks_secret_key_write(bytes + ENVELOPE_BYTES, ROOM, &n, s.sk) == CKKS_OK);
    save("wire/good-secret", bytes + ENVELOPE_BYTES, n);
    envelope_seal(bytes, ENVELOPE_SECRET_KEY, &ids, NULL, n);
    save("envelope/good-secret", bytes, ENVELOPE_BYTES + n);
    memset(bytes + ENVELOPE_BYTES, 7, 4);
    envelope_seal(bytes, ENVELOPE_RESPONSE, &ids, bytes + 100, 4);
    save("envelope/good-response", bytes, ENVELOPE_BYTES + 4);
    wire_ciphertexts(&s);
    ckks_public_key_free(pk);
    wire_world_close(&s);
}

/* ---- nn/ */

/* A few values, named so that files stay small. */
static nn_graph *network(const char *op)
{
    static const float w[8] = {0.5f, -0.25f, 1.0f, 0.125f, -1.0f, 0.75f, 0.3f, 0.2f};
    int square = strcmp(op, "Mul") == 0;
    nn_graph *g = NULL;

    fuzz_must(nn_graph_create(&g) == NN_OK);
    nn_graph_input(g, "i", (nn_shape){1, 2, 2});
    nn_graph_initializer(g, "w", 4, (const size_t[]){2, 1, 2, 2}, w);
    nn_graph_initializer(g, "b", 1, (const size_t[]){2}, w);
    nn_graph_node(g, "Conv", "c", (const char *const[]){"i", "w", "b"}, 3, "x");
    nn_graph_attr_ints(g, "pads", (const int64_t[]){0, 1, 1, 0}, 4);
    nn_graph_node(g, op, "a", (const char *const[]){"x", "x"}, square ? 2 : 1, "y");
    nn_graph_node(g, "GlobalAveragePool", "p", (const char *const[]){"y"}, 1, "z");
    nn_graph_node(g, "Flatten", "f", (const char *const[]){"z"}, 1, "o");
    nn_graph_output(g, "o");
    fuzz_must(nn_graph_status(g) == NN_OK);
    return g;
}

static void networks(void)
{
    static const char *const ops[] = {"Mul", "Relu", "Sigmoid", "Softmax"};
    uint8_t *bytes = NULL;
    char name[64];
    size_t n = 0;

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        nn_graph *g = network(ops[i]);
        fuzz_must(nn_onnx_write(g, &bytes, &n, why, WHY) == NN_OK);
        snprintf(name, sizeof name, "onnx/%s%s", i < 3 ? "good-" : "", ops[i]);
        save(name, bytes, n);
        free(bytes);
        nn_graph_free(g);
    }
}

/* Without the input's table but for its first four entries, which tests/fuzz/client.c repeats. */
static void save_folded(const uint8_t *plan, size_t size)
{
    static uint8_t bytes[ROOM];
    size_t keys = plan[100], slots = (size_t)plan[96] | (size_t)plan[97] << 8;
    size_t head = 116 + 20 * keys + 16, left_out = 4 * slots - 16;

    fuzz_must(size > head + left_out && size < ROOM);
    memcpy(bytes, plan, head);
    memcpy(bytes + head, plan + head + left_out, size - head - left_out);
    save("client/good-plan", bytes, size - left_out);
}

static void plan(void)
{
    nn_graph *g = network("Mul");
    nn_model *model = NULL;
    nn_plan *made = NULL;
    nn_client *c = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;

    fuzz_must(nn_onnx_write(g, &bytes, &n, why, WHY) == NN_OK);
    fuzz_must(nn_model_read(&model, bytes, n, why, WHY) == NN_OK);
    free(bytes);
    fuzz_must(nn_plan_create(&made, model, NULL, why, WHY) == NN_OK);
    fuzz_must(nn_client_of_plan(&c, made) == NN_OK);
    n = nn_client_wire_bytes(c);
    bytes = malloc(n);
    fuzz_must(bytes != NULL && nn_client_write(bytes, n, &n, c) == NN_OK);
    save_folded(bytes, n);
    free(bytes);
    nn_client_free(c);
    nn_plan_free(made);
    nn_model_free(model);
    nn_graph_free(g);
}

/* ---- train/ */

static void checkpoint(void)
{
    static const char text[] =
        "input 1 2 2\ndense 3\nnorm\nsquare\ndense 10\nbatch 2\naverage 0.9\n";
    static uint8_t pixels[16], labels[4] = {1, 2, 3, 4};
    static train_recipe r;
    train_data data = {.train = {4, 1, 2, 2, pixels, labels}, .test = {4, 1, 2, 2, pixels, labels}};
    train_session run;
    uint8_t *bytes = NULL;
    size_t n = 0;
    int line;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(31 * i);
    train_data_digest(&data);
    fuzz_must(train_recipe_parse(&r, text, sizeof text - 1, &line, why, WHY) == TRAIN_OK);
    fuzz_must(train_session_create(&run, &r, &data, 1, 2, 0, 1, why, WHY) == TRAIN_OK);
    fuzz_must(train_session_epoch(&run, NULL, NULL) == TRAIN_OK);
    fuzz_must(train_checkpoint_write(&bytes, &n, &run, text) == TRAIN_OK);
    save("checkpoint/good-run", bytes, n);
    free(bytes);
    train_session_free(&run);
}

/* ---- channel/ */

/* Carry as channel_world_carry, and keep what was carried. */
static size_t record(uint8_t *to, channel *from, channel *other)
{
    size_t n = 0;
    const uint8_t *bytes = channel_output(from, &n);

    fuzz_must(n < ROOM / 2);
    if (n > 0)
        memcpy(to, bytes, n);
    channel_world_carry(from, other);
    return n;
}

/* All that a side of this role hears: handshake, two frames and the end. */
static void talk(int role, int suite, const char *name)
{
    static uint8_t bytes[ROOM];
    const channel_frame frame = {.type = 3, .stream = 5, .payload = bytes, .size = 20};
    uint64_t state[2];
    channel *c[2];
    size_t n = 1, opened;
    char path[64];

    bytes[0] = (uint8_t)(role | suite << 1);
    for (int k = 0; k < 2; k++)
        c[k] = channel_world_create(k, suite, &state[k]);
    for (int k = 0; k < 6; k++) {
        if (k % 2 == role)
            channel_world_carry(c[role], c[1 - role]);
        else
            n += record(bytes + n, c[1 - role], c[role]);
    }
    opened = n;
    fuzz_must(channel_state(c[1 - role]) == CHANNEL_OPEN);
    fuzz_must(channel_send(c[1 - role], &frame) == CHANNEL_OK);
    fuzz_must(channel_send(c[1 - role], &(channel_frame){.type = 4}) == CHANNEL_OK);
    n += record(bytes + n, c[1 - role], c[role]);
    if (role == CHANNEL_RESPONDER && suite == CHANNEL_SUITE_PLAIN)
        save("frames/good-two", bytes + opened, n - opened);
    fuzz_must(channel_close(c[1 - role], "the end") == CHANNEL_OK);
    n += record(bytes + n, c[1 - role], c[role]);
    snprintf(path, sizeof path, "handshake/good-%s", name);
    save(path, bytes, n);
    channel_free(c[0]);
    channel_free(c[1]);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    corpus = argv[1];
    wire();
    networks();
    plan();
    checkpoint();
    talk(CHANNEL_INITIATOR, CHANNEL_SUITE_NOISE, "initiator");
    talk(CHANNEL_RESPONDER, CHANNEL_SUITE_NOISE, "responder");
    talk(CHANNEL_INITIATOR, CHANNEL_SUITE_PLAIN, "plain-initiator");
    talk(CHANNEL_RESPONDER, CHANNEL_SUITE_PLAIN, "plain-responder");
    return 0;
}
