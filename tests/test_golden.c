/* Files of tests/golden, which every later version must read, and what they mean. */
#define _XOPEN_SOURCE 700

#include "tests/testing.h"

#include <math.h>
#include <unistd.h>

#include "nn/nn.h"
#include "nn/run/client.h"
#include "tools/cli.h"
#include "tools/costs.h"
#include "tools/load.h"
#include "tools/reply.h"

/* In foretold standard deviations, as in tests/sessions.h. */
static const double tail = 13.0;

enum { PIXELS = 4, LOGITS = 2, SLOTS = 2048 };

/* tiny.pgm, and what tiny.json says: the network computes 2 squares of sums. */
static const float picture[PIXELS] = {51 / 255.0f, 102 / 255.0f, 153 / 255.0f, 204 / 255.0f};

typedef struct golden {
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    ckks_public_key *pk;
    message request, response;
    envelope_ids ids;
} golden;

static void load_all(golden *g)
{
    size_t used;
    file_bytes b;

    memset(g, 0, sizeof *g);
    assert_int_equal(load_plan(&g->client, &g->ctx, &g->ids, "tiny.plan"), CLI_OK);
    assert_int_equal(load_worker(&g->w, g->ctx, 0, 1), CLI_OK);
    assert_int_equal(load_secret_key(g->w, &g->sk, &g->ids, "tiny.secret"), CLI_OK);
    assert_int_equal(load_eval_keys(g->w, &g->keys, &g->ids, "tiny.eval"), CLI_OK);
    assert_int_equal(message_make(&g->request, g->ctx, 1), CLI_OK);
    assert_int_equal(message_make(&g->response, g->ctx, 1), CLI_OK);
    assert_int_equal(load_message(g->w, &g->request, ENVELOPE_REQUEST, &g->ids, "tiny.request"),
                     CLI_OK);
    assert_int_equal(load_message(g->w, &g->response, ENVELOPE_RESPONSE, &g->ids, "tiny.response"),
                     CLI_OK);
    assert_int_equal(file_read(&b, "tiny.public", 1 << 20), CLI_OK);
    assert_int_equal(ckks_public_key_read(g->w, &g->pk, b.data, b.size, &used), CKKS_OK);
    assert_int_equal(used, b.size);
    file_free(&b);
}

static void release(golden *g)
{
    message_free(&g->request);
    message_free(&g->response);
    ckks_public_key_free(g->pk);
    ckks_eval_keys_free(g->keys);
    ckks_secret_key_free(g->sk);
    ckks_worker_free(g->w);
    ckks_context_free(g->ctx);
    nn_client_free(g->client);
}

/* What a ciphertext holds, in its slots. */
static void slots_of(const golden *g, double slots[SLOTS], const ckks_ciphertext *c)
{
    ckks_plaintext *p = NULL;

    assert_int_equal(ckks_context_slots(g->ctx), SLOTS);
    assert_int_equal(ckks_plaintext_create(&p, g->ctx), CKKS_OK);
    assert_int_equal(ckks_decrypt(g->w, p, g->sk, c), CKKS_OK);
    assert_int_equal(ckks_decode(g->w, slots, NULL, SLOTS, p), CKKS_OK);
    ckks_plaintext_free(p);
}

/* The network of tiny.py, by its rule. */
static void network(double out[LOGITS])
{
    double square[2];

    for (int j = 0; j < 2; j++) {
        double sum = 0.0;
        for (int i = 0; i < PIXELS; i++)
            sum += ((3 * i + 5 * j) % 7 - 1) / 8.0 * (double)picture[i];
        square[j] = sum * sum;
    }
    for (int j = 0; j < LOGITS; j++) {
        out[j] = 0.0;
        for (int i = 0; i < 2; i++)
            out[j] += ((2 * i + 3 * j) % 5 - 2) / 4.0 * square[i];
    }
}

static void the_plan_says_what_it_said(void **state)
{
    golden g;

    (void)state;
    load_all(&g);
    assert_int_equal(g.ids.model, UINT64_C(0x6e61d78847196c3d));
    assert_int_equal(g.ids.plan, UINT64_C(0xfbb3325fca3bbccd));
    assert_int_equal(g.ids.key, UINT64_C(0xbcac06e8e1ab0ac2));
    assert_int_equal(nn_client_model_id(g.client), g.ids.model);
    assert_int_equal(nn_client_params(g.client)->log_n, 12);
    assert_int_equal(nn_client_params(g.client)->ring, CKKS_RING_COMPLEX);
    assert_int_equal(nn_client_params(g.client)->security_bits, 128);
    assert_int_equal(nn_client_key_count(g.client), 3);
    assert_int_equal(nn_shape_count(nn_client_input(g.client)), PIXELS);
    assert_int_equal(nn_client_outputs(g.client), LOGITS);
    assert_int_equal(nn_client_tail(g.client), NN_TAIL_NONE);
    release(&g);
}

/* The logits of the day it was made, to the last digits that are printed; and the network's. A
 * logit was foretold to be off by 9.9e-4. */
static void the_response_decrypts(void **state)
{
    float logits[LOGITS];
    double plain[LOGITS];
    char why[400] = "", text[2048] = "";
    const char *at;
    golden g;
    FILE *f = fopen("tiny.json", "r");

    (void)state;
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    at = strstr(text, "\"logits\": [");
    assert_non_null(at);
    at += strlen("\"logits\": [");
    load_all(&g);
    network(plain);
    assert_int_equal(
        nn_client_decrypt(g.w, logits, g.client, g.sk, message_parts(&g.response), why, sizeof why),
        NN_OK);
    for (int k = 0; k < LOGITS; k++) {
        char *end;
        testing_assert_near((double)logits[k], strtod(at, &end), 1e-6);
        testing_assert_near((double)logits[k], plain[k], tail * 9.9e-4);
        assert_ptr_not_equal(end, at);
        at = end + 1;
    }
    release(&g);
}

/* The pixels stand in the slots that the plan names, and nothing in the others. */
static void the_request_holds_the_picture(void **state)
{
    static double slots[SLOTS];
    golden g;

    (void)state;
    load_all(&g);
    slots_of(&g, slots, g.request.part[0]);
    for (size_t j = 0; j < SLOTS; j++) {
        size_t place = j % g.client->images == 0 ? g.client->in[j / g.client->images] : 0;
        testing_assert_near(slots[j], place == 0 ? 0.0 : (double)picture[place - 1],
                            tail * ckks_ciphertext_error(g.request.part[0]));
    }
    release(&g);
}

/* Every rotation key rotates, and the relinearisation key squares, what it was made for. */
static void the_evaluation_keys_work(void **state)
{
    static double before[SLOTS], after[SLOTS];
    int rotations = 0, squares = 0;
    ckks_ciphertext *c = NULL;
    golden g;

    (void)state;
    load_all(&g);
    assert_int_equal(ckks_worker_use_keys(g.w, g.keys), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create(&c, g.ctx), CKKS_OK);
    slots_of(&g, before, g.request.part[0]);
    for (size_t k = 0; k < nn_client_key_count(g.client); k++) {
        const ckks_key_spec *s = &nn_client_keys(g.client)[k];
        assert_int_equal(ckks_eval_drop(g.w, c, g.request.part[0], s->limbs), CKKS_OK);
        if (s->kind == CKKS_KEY_ROTATE) {
            assert_int_equal(ckks_eval_rotate(g.w, c, c, s->steps), CKKS_OK);
            rotations++;
        } else {
            assert_int_equal(ckks_eval_square(g.w, c, c, 0), CKKS_OK);
            squares++;
        }
        slots_of(&g, after, c);
        /* before has errors of its own, which a square of numbers below 1 doubles. */
        double bound = 3.0 * tail * ckks_ciphertext_error(g.request.part[0]);
        for (size_t j = 0; j < SLOTS; j++) {
            size_t from = (j + (size_t)(s->steps + SLOTS)) % SLOTS;
            testing_assert_near(after[j],
                                s->kind == CKKS_KEY_ROTATE ? before[from] : before[j] * before[j],
                                bound + tail * ckks_ciphertext_error(c));
        }
    }
    assert_true(rotations == 2 && squares == 1);
    ckks_ciphertext_free(c);
    release(&g);
}

static void the_public_key_encrypts_for_the_secret_one(void **state)
{
    static double slots[SLOTS], back[SLOTS];
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    golden g;

    (void)state;
    load_all(&g);
    for (size_t j = 0; j < SLOTS; j++)
        slots[j] = (double)(j % 17) / 17.0;
    assert_int_equal(ckks_plaintext_create(&p, g.ctx), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create(&c, g.ctx), CKKS_OK);
    assert_int_equal(ckks_encode(g.w, p, slots, NULL, SLOTS, 2, (ckks_scale){0x1p26, 0.0}),
                     CKKS_OK);
    assert_int_equal(ckks_encrypt_public(g.w, c, g.pk, p), CKKS_OK);
    slots_of(&g, back, c);
    for (size_t j = 0; j < SLOTS; j++)
        testing_assert_near(back[j], slots[j], tail * ckks_ciphertext_error(c));
    ckks_plaintext_free(p);
    ckks_ciphertext_free(c);
    release(&g);
}

/* The response says which request it answers; and it is not the golden one when that is altered. */
static void the_response_answers_the_request(void **state)
{
    uint8_t digest[ENVELOPE_DIGEST];
    file_bytes request;
    envelope e;
    reply r;

    (void)state;
    assert_int_equal(load_file(&request, "tiny.request"), CLI_OK);
    assert_int_equal(envelope_open(&e, &request, ENVELOPE_REQUEST, "tiny.request"), CLI_OK);
    envelope_digest(digest, &request);
    assert_int_equal(reply_look(&r, "tiny.response", &e, digest), CLI_OK);
    assert_int_equal(r.state, REPLY_WHOLE);
    digest[0] ^= 1;
    assert_int_equal(reply_look(&r, "tiny.response", &e, digest), CLI_OK);
    assert_int_equal(r.state, REPLY_FOREIGN);
    file_free(&request);
}

static void the_unit_times_are_read(void **state)
{
    nn_costs costs;

    (void)state;
    assert_int_equal(costs_read(&costs, "tiny.costs"), CLI_OK);
    assert_true(costs.forward_ns > 0.0 && costs.key_ms_per_mib > 0.0);
}

/* tests/golden/make.sh: the public key, which no subcommand writes. */
static int make(char **argv)
{
    nn_client *client = NULL;
    ckks_context *ctx = NULL;
    ckks_worker *w = NULL;
    ckks_secret_key *sk = NULL;
    ckks_public_key *pk = NULL;
    envelope_ids ids;
    static uint8_t bytes[1 << 20];
    size_t size = 0;

    return load_plan(&client, &ctx, &ids, argv[2]) == CLI_OK &&
                   load_worker(&w, ctx, 0, 1) == CLI_OK &&
                   load_secret_key(w, &sk, &ids, argv[3]) == CLI_OK &&
                   ckks_public_key_create(w, &pk, sk) == CKKS_OK &&
                   ckks_public_key_write(bytes, sizeof bytes, &size, pk) == CKKS_OK
               ? output_whole(argv[4], OUTPUT_BINARY, bytes, size)
               : CLI_FAULT;
}

static int begin(void **state)
{
    const char *top = getenv("top_srcdir");
    char folder[4096];

    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/golden", top != NULL ? top : ".");
    return chdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_says_what_it_said),
        cmocka_unit_test(the_response_decrypts),
        cmocka_unit_test(the_request_holds_the_picture),
        cmocka_unit_test(the_evaluation_keys_work),
        cmocka_unit_test(the_public_key_encrypts_for_the_secret_one),
        cmocka_unit_test(the_response_answers_the_request),
        cmocka_unit_test(the_unit_times_are_read),
    };

    if (argc == 5 && strcmp(argv[1], "--make") == 0)
        return make(argv);
    return cmocka_run_group_tests_name("golden", tests, begin, NULL);
}
