/* Sums, medians and print-outs of an evaluation. */
#include "tools/eval_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/envelope.h"
#include "tools/json.h"
#include "tools/picture.h"

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the doubles at an offset inside the sets; NaN without memory for a copy. */
static double median(const eval_set *sets, size_t count, size_t offset)
{
    double *sorted = malloc(count * sizeof *sorted), middle;

    if (sorted == NULL)
        return NAN;
    for (size_t i = 0; i < count; i++)
        memcpy(&sorted[i], (const char *)&sets[i] + offset, sizeof(double));
    qsort(sorted, count, sizeof *sorted, by_size);
    middle = count % 2 != 0 ? sorted[count / 2] : 0.5 * (sorted[count / 2 - 1] + sorted[count / 2]);
    free(sorted);
    return middle;
}

void eval_summarise(eval_summary *out, const eval_result *results, size_t count,
                    const eval_set *sets, size_t set_count, size_t lanes)
{
    double server_ms = 0.0;

    memset(out, 0, sizeof *out);
    out->images = count;
    out->sets = set_count;
    out->lanes = lanes;
    for (size_t i = 0; i < count; i++) {
        const eval_result *r = &results[i];
        out->plain_right += (size_t)r->plain_right;
        out->encrypted_right += (size_t)r->encrypted_right;
        out->agree += (size_t)r->agree;
        if (!r->lossy) {
            out->original++;
            out->original_plain_right += (size_t)r->plain_right;
            out->original_encrypted_right += (size_t)r->encrypted_right;
            out->original_agree += (size_t)r->agree;
        }
        if (!(r->logit_error <= out->logit_error))
            out->logit_error = r->logit_error;
    }
    for (size_t i = 0; i < set_count; i++) {
        server_ms += sets[i].infer_ms;
        if (sets[i].request_bytes > out->request_bytes)
            out->request_bytes = sets[i].request_bytes;
        if (sets[i].response_bytes > out->response_bytes)
            out->response_bytes = sets[i].response_bytes;
    }
    out->encrypt_ms = median(sets, set_count, offsetof(eval_set, encrypt_ms));
    out->infer_ms = median(sets, set_count, offsetof(eval_set, infer_ms));
    out->decrypt_ms = median(sets, set_count, offsetof(eval_set, decrypt_ms));
    out->infer_ms_per_image = server_ms / (double)lanes / (double)count;
}

static size_t eval_key_bytes(const session *run)
{
    return ENVELOPE_BYTES + ckks_eval_keys_wire_bytes(run->keys);
}

static void print_forecast(json *j, const packing *p)
{
    json_open_object(j, "forecast");
    json_integer(j, "eval_key_bytes", p->eval_key_bytes);
    json_integer(j, "request_bytes", p->request_bytes);
    json_integer(j, "response_bytes", p->response_bytes);
    json_integer(j, "server_memory", p->server_memory);
    json_integer(j, "peak_rss_bytes", p->peak_memory);
    json_real(j, "infer_ms", p->set_ms);
    json_real(j, "infer_ms_per_image", packing_image_ms(p));
    json_real(j, "logit_error", p->logit_error);
    json_close_object(j);
}

/* ---- image by image */

/* Rows are true labels, columns those given on ciphertexts. A file may have labels that the network
 * never gives: there are as many rows as it takes. */
static int print_confusion(json *j, const eval_images *e)
{
    size_t rows = e->labels, *count;

    for (size_t i = 0; i < e->count; i++)
        rows = e->result[i].label < rows ? rows : e->result[i].label + 1;
    count = calloc(rows * e->labels, sizeof *count);
    if (count == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a matrix of %zu labels", e->labels);
    for (size_t i = 0; i < e->count; i++)
        count[e->result[i].label * e->labels + e->result[i].encrypted]++;
    json_open_array(j, "confusion");
    for (size_t r = 0; r < rows; r++) {
        json_open_array(j, NULL);
        for (size_t c = 0; c < e->labels; c++)
            json_integer(j, NULL, count[r * e->labels + c]);
        json_close_array(j);
    }
    json_close_array(j);
    free(count);
    return CLI_OK;
}

static int print_pixels(json *j, const eval_images *e, size_t image)
{
    size_t pixels = e->data->c * e->data->h * e->data->w;
    char *text = picture_base64(e->data->pixels + (e->first + image) * pixels, pixels);

    if (text == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a picture of %zu pixels", pixels);
    json_string(j, "pixels", text);
    free(text);
    return CLI_OK;
}

/* Images that got another label, encrypted, than the true one or than the plain network gave. */
static int print_wrong(json *j, const eval_images *e)
{
    size_t shown = 0;
    int st = CLI_OK;

    json_open_array(j, "shape");
    json_integer(j, NULL, e->data->c);
    json_integer(j, NULL, e->data->h);
    json_integer(j, NULL, e->data->w);
    json_close_array(j);
    json_open_array(j, "wrong");
    for (size_t i = 0; i < e->count && st == CLI_OK; i++) {
        const eval_result *r = &e->result[i];
        if (r->encrypted_right && r->agree)
            continue;
        json_open_object(j, NULL);
        json_integer(j, "index", e->first + i);
        json_integer(j, "label", r->label);
        json_integer(j, "plain", r->plain);
        json_integer(j, "encrypted", r->encrypted);
        if (shown++ < e->pictures)
            st = print_pixels(j, e, i);
        json_close_object(j);
    }
    json_close_array(j);
    return st;
}

int eval_print_json(const eval_summary *s, const eval_images *images, const session *run,
                    const packing *chosen, const char *why, const char *model)
{
    int st;
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_string(&j, "model", model);
    json_integer(&j, "first", s->first);
    json_integer(&j, "images", s->images);
    json_integer(&j, "correct_plain", s->plain_right);
    json_integer(&j, "correct_encrypted", s->encrypted_right);
    json_integer(&j, "agree", s->agree);
    if (s->marked) {
        json_open_object(&j, "without_lossy");
        json_integer(&j, "images", s->original);
        json_integer(&j, "correct_plain", s->original_plain_right);
        json_integer(&j, "correct_encrypted", s->original_encrypted_right);
        json_integer(&j, "agree", s->original_agree);
        json_close_object(&j);
    }
    json_real(&j, "max_abs_logit_error", s->logit_error);
    json_string(&j, "packing", packing_name(chosen));
    json_integer(&j, "images_per_ciphertext", chosen->images);
    json_integer(&j, "sets", s->sets);
    json_string(&j, "why", why);
    json_integer(&j, "security_bits", (uint64_t)chosen->security_bits);
    json_integer(&j, "log2_n", (uint64_t)chosen->log_n);
    json_real(&j, "log2_qp", chosen->log2_qp);
    json_real(&j, "plan_ms", run->plan_ms);
    json_real(&j, "keygen_ms", run->keygen_ms);
    json_real(&j, "program_ms", run->program_ms);
    json_real(&j, "encrypt_ms", s->encrypt_ms);
    json_real(&j, "infer_ms", s->infer_ms);
    json_real(&j, "decrypt_ms", s->decrypt_ms);
    json_real(&j, "infer_ms_per_image", s->infer_ms_per_image);
    json_real(&j, "images_per_second", 1e3 / s->infer_ms_per_image);
    json_integer(&j, "eval_key_bytes", eval_key_bytes(run));
    json_integer(&j, "request_bytes", s->request_bytes);
    json_integer(&j, "response_bytes", s->response_bytes);
    json_integer(&j, "peak_rss_bytes", s->peak_rss_bytes);
    json_integer(&j, "threads", s->threads);
    json_string(&j, "kernel", ckks_context_kernel(run->ctx));
    print_forecast(&j, chosen);
    st = print_confusion(&j, images);
    if (st == CLI_OK)
        st = print_wrong(&j, images);
    json_close_object(&j);
    json_end(&j);
    return st;
}

static void print_share(const char *what, size_t part, size_t whole)
{
    printf("%-22s %zu of %zu, %.2f %%\n", what, part, whole, 100.0 * (double)part / (double)whole);
}

static void print_bytes(const char *what, size_t bytes, size_t foretold)
{
    char a[32], b[32];
    printf("%-22s %s (foretold %s)\n", what, cli_size(a, bytes), cli_size(b, foretold));
}

void eval_print_text(const eval_summary *s, const session *run, const packing *chosen,
                     const char *why, const char *model)
{
    printf("%-22s %s\n", "network", model);
    print_share("right, plain", s->plain_right, s->images);
    print_share("right, encrypted", s->encrypted_right, s->images);
    print_share("same label", s->agree, s->images);
    if (s->marked && s->original > 0 && s->original < s->images) {
        printf("%-22s %zu of %zu images\n", "from a lossy source", s->images - s->original,
               s->images);
        print_share("without, plain", s->original_plain_right, s->original);
        print_share("without, encrypted", s->original_encrypted_right, s->original);
    }
    printf("%-22s %.3g at most\n", "error of a logit", s->logit_error);
    printf("%-22s %d bits: N = 2^%d, log2(QP) = %.1f\n", "security", chosen->security_bits,
           chosen->log_n, chosen->log2_qp);
    printf("%-22s %s, sets of %zu: %s\n", "packing", packing_name(chosen), chosen->images, why);
    printf("%-22s %.0f ms\n", "making keys", run->keygen_ms);
    printf("%-22s %.1f ms (medians of one %s)\n", "encrypting", s->encrypt_ms,
           chosen->images == 1 ? "image" : "set");
    printf("%-22s %.1f ms\n", "inferring", s->infer_ms);
    printf("%-22s %.1f ms\n", "decrypting", s->decrypt_ms);
    printf("%-22s %.3f ms an image, %.0f images a second\n", "throughput", s->infer_ms_per_image,
           1e3 / s->infer_ms_per_image);
    print_bytes("evaluation keys", eval_key_bytes(run), chosen->eval_key_bytes);
    print_bytes("request", s->request_bytes, chosen->request_bytes);
    print_bytes("response", s->response_bytes, chosen->response_bytes);
    print_bytes("memory", s->peak_rss_bytes, chosen->peak_memory);
    printf("%-22s %zu, kernel %s\n", "threads", s->threads, ckks_context_kernel(run->ctx));
}
