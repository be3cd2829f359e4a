/* The section of evaluations: accuracy, times, bytes, the confusion matrix, and what went wrong. */
#include "tools/report_part.h"

#include <stdlib.h>
#include <string.h>

#include "tools/picture.h"
#include "tools/svg.h"

enum { SHOWN = 48, LISTED = 200 };

static double share(const json_value *root, const char *key)
{
    return json_member_number(root, key) / json_member_number(root, "images");
}

static double plain_right(const json_value *root)
{
    return share(root, "correct_plain");
}

static double encrypted_right(const json_value *root)
{
    return share(root, "correct_encrypted");
}

static double agree(const json_value *root)
{
    return share(root, "agree");
}

static const report_fact cards[] = {
    {"right, encrypted", "", quantity_share, encrypted_right},
    {"same label as in plain", "", quantity_share, agree},
    {"server, an image", "infer_ms_per_image", quantity_time, NULL},
    {"evaluation keys", "eval_key_bytes", quantity_bytes, NULL},
    {"bits of security", "security_bits", quantity_count, NULL},
};

static const report_fact labels[] = {
    {"right, plain network", "", quantity_share, plain_right},
    {"right, encrypted", "", quantity_share, encrypted_right},
    {"same label", "", quantity_share, agree},
};

static const report_fact times[] = {
    {"plan", "plan_ms", quantity_time, NULL},
    {"make keys", "keygen_ms", quantity_time, NULL},
    {"encode weights", "program_ms", quantity_time, NULL},
    {"encrypt", "encrypt_ms", quantity_time, NULL},
    {"infer", "infer_ms", quantity_time, NULL},
    {"infer, foretold", "forecast.infer_ms", quantity_time, NULL},
    {"decrypt", "decrypt_ms", quantity_time, NULL},
    {"server, an image", "infer_ms_per_image", quantity_time, NULL},
};

static const report_fact sizes[] = {
    {"evaluation keys", "eval_key_bytes", quantity_bytes, NULL},
    {"request", "request_bytes", quantity_bytes, NULL},
    {"response", "response_bytes", quantity_bytes, NULL},
    {"memory at most", "peak_rss_bytes", quantity_bytes, NULL},
    {"memory, foretold", "forecast.peak_rss_bytes", quantity_bytes, NULL},
};

static const report_fact all[] = {
    {"images", "images", quantity_count, NULL},
    {"right, plain network", "correct_plain", quantity_count, NULL},
    {"right, encrypted", "correct_encrypted", quantity_count, NULL},
    {"same label", "agree", quantity_count, NULL},
    {"error of a logit, at most", "max_abs_logit_error", quantity_real, NULL},
    {"images in a set", "images_per_ciphertext", quantity_count, NULL},
    {"bits of security", "security_bits", quantity_count, NULL},
    {"log2 N", "log2_n", quantity_count, NULL},
    {"log2 QP", "log2_qp", quantity_real, NULL},
    {"plan", "plan_ms", quantity_time, NULL},
    {"make keys", "keygen_ms", quantity_time, NULL},
    {"encode weights", "program_ms", quantity_time, NULL},
    {"encrypt", "encrypt_ms", quantity_time, NULL},
    {"infer", "infer_ms", quantity_time, NULL},
    {"decrypt", "decrypt_ms", quantity_time, NULL},
    {"server, an image", "infer_ms_per_image", quantity_time, NULL},
    {"images a second", "images_per_second", quantity_real, NULL},
    {"evaluation keys", "eval_key_bytes", quantity_bytes, NULL},
    {"request", "request_bytes", quantity_bytes, NULL},
    {"response", "response_bytes", quantity_bytes, NULL},
    {"memory at most", "peak_rss_bytes", quantity_bytes, NULL},
    {"threads", "threads", quantity_count, NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the confusion matrix */

static void matrix_table(const report_set *s, const json_value *first, size_t columns)
{
    char text[QUANTITY_BYTES];
    size_t label = 0;

    fputs("<details><summary>Confusion as a table</summary>\n<div class=\"wide\"><table>"
          "<caption>Rows: the true label. Columns: the label given, encrypted</caption>\n"
          "<thead><tr><th scope=\"col\">true</th>",
          s->out);
    for (size_t c = 0; c < columns; c++)
        fprintf(s->out, "<th scope=\"col\">%zu</th>", c);
    fputs("</tr></thead><tbody>\n", s->out);
    for (const json_value *row = first; row != NULL; row = row->next, label++) {
        fprintf(s->out, "<tr><th scope=\"row\">%zu</th>", label);
        for (const json_value *v = row->first; v != NULL; v = v->next)
            fprintf(s->out, "<td>%s</td>", quantity_count(text, v->number));
        fputs("</tr>\n", s->out);
    }
    fputs("</tbody></table></div></details>\n", s->out);
}

/* Rows of numbers of one length, few enough to draw; columns becomes 0 where they are not. */
static const json_value *matrix_of(const json_value *root, size_t *rows, size_t *columns)
{
    const json_value *first = json_member_array(root, "confusion", rows);

    *columns = first != NULL ? first->count : 0;
    if (*rows > CHART_MATRIX || *columns > CHART_MATRIX)
        *columns = 0;
    for (const json_value *row = first; row != NULL; row = row->next) {
        if (row->kind != JSON_ARRAY || row->count != *columns)
            *columns = 0;
        for (const json_value *v = row->first; v != NULL; v = v->next)
            if (v->kind != JSON_NUMBER || !(v->number >= 0.0))
                *columns = 0;
    }
    return first;
}

static void confusion(report_set *s, size_t file)
{
    static double value[CHART_MATRIX * CHART_MATRIX];
    size_t rows, columns, n = 0;
    const json_value *first = matrix_of(s->root[file], &rows, &columns);
    char id[48], title[160];

    if (columns == 0)
        return;
    for (const json_value *row = first; row != NULL; row = row->next)
        for (const json_value *v = row->first; v != NULL; v = v->next)
            value[n++] = v->number;
    snprintf(title, sizeof title, "Confusion matrix%s%.80s", s->count > 1 ? ": " : "",
             s->count > 1 ? s->name[file] : "");
    fputs("<div>", s->out);
    chart_matrix(s->out, report_id(s, id), title,
                 "How often images of a true label, a row, were given a label, a column.", rows,
                 columns, value);
    matrix_table(s, first, columns);
    fputs("</div>\n", s->out);
}

/* ---- wrong images */

/* The shape of the images, each side within what is drawn; 0 when there is none. */
static int shape_of(const json_value *root, size_t side[3])
{
    size_t count;
    const json_value *v = json_member_array(root, "shape", &count);

    for (size_t k = 0; k < 3; k++, v = v->next) {
        if (count != 3 || !(v->number >= 1.0 && v->number <= PICTURE_SIDE))
            return 0;
        side[k] = (size_t)v->number;
    }
    return side[0] == 1 || side[0] == 3;
}

/* A wrong image with its labels; nothing when its pixels are not those of such an image. */
static void one_picture(report_set *s, const size_t side[3], const json_value *wrong)
{
    static const char *const key[] = {"index", "label", "plain", "encrypted"};
    size_t count = side[0] * side[1] * side[2];
    uint8_t *pixels = malloc(count);
    char text[4][QUANTITY_BYTES];
    const char *says[4];

    for (int k = 0; k < 4; k++)
        says[k] = quantity_count(text[k], json_member_number(wrong, key[k]));
    s->failed |= pixels == NULL;
    if (pixels != NULL &&
        picture_of_base64(pixels, count, json_member_text(wrong, "pixels")) == 0) {
        fputs("<figure><img width=\"84\" height=\"84\" src=\"", s->out);
        s->failed |= picture_uri(s->out, pixels, side[0], side[1], side[2]) != 0;
        fprintf(s->out, "\" alt=\"image %s, label %s, taken for %s\">", says[0], says[1], says[3]);
        fprintf(s->out, "<figcaption>%s &rarr; <b>%s</b>", says[1], says[3]);
        if (strcmp(says[2], says[3]) != 0)
            fprintf(s->out, "<br>plain: %s", says[2]);
        fprintf(s->out, "<br><span class=\"note\">no. %s</span></figcaption></figure>\n", says[0]);
    }
    free(pixels);
}

static void pictures(report_set *s, size_t file)
{
    size_t count, side[3], drawn = 0;
    const json_value *wrong = json_member_array(s->root[file], "wrong", &count);

    if (!shape_of(s->root[file], side))
        return;
    for (; wrong != NULL && drawn < SHOWN; wrong = wrong->next) {
        if (*json_member_text(wrong, "pixels") == '\0')
            continue;
        if (drawn++ == 0) {
            report_heading(s, "Wrong images", file);
            fputs("<div class=\"pictures\">\n", s->out);
        }
        one_picture(s, side, wrong);
    }
    if (drawn > 0)
        fputs("</div>\n", s->out);
}

static void wrong_table(report_set *s, size_t file)
{
    size_t count, listed = 0;
    const json_value *wrong = json_member_array(s->root[file], "wrong", &count);

    if (count == 0)
        return;
    fprintf(s->out, "<details><summary>%zu wrong image%s as a table", count, count == 1 ? "" : "s");
    if (s->count > 1) {
        fputs(": ", s->out);
        svg_escape(s->out, s->name[file], 60);
    }
    fputs("</summary>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">image</th>"
          "<th scope=\"col\">label</th><th scope=\"col\">plain</th><th scope=\"col\">encrypted</th>"
          "</tr></thead><tbody>\n",
          s->out);
    for (; wrong != NULL && listed < LISTED; wrong = wrong->next, listed++) {
        static const char *const key[] = {"index", "label", "plain", "encrypted"};
        char text[QUANTITY_BYTES];
        fputs("<tr>", s->out);
        for (int k = 0; k < 4; k++)
            fprintf(s->out, k == 0 ? "<th scope=\"row\">%s</th>" : "<td>%s</td>",
                    quantity_count(text, json_member_number(wrong, key[k])));
        fputs("</tr>\n", s->out);
    }
    fputs("</tbody></table></div>\n", s->out);
    if (listed < count)
        fprintf(s->out, "<p>The first %zu.</p>\n", listed);
    fputs("</details>\n", s->out);
}

void report_eval(report_set *s)
{
    report_cards(s, cards, COUNT(cards));
    fputs("<div class=\"charts\">\n", s->out);
    report_bars(s, "Labels", "Shares of all images.", labels, COUNT(labels), 0, 1.0);
    report_bars(s, "Time of each step", "Medians of a set of images, on a logarithmic scale.",
                times, COUNT(times), 1, 0.0);
    report_bars(s, "Bytes", "On a logarithmic scale.", sizes, COUNT(sizes), 1, 0.0);
    for (size_t f = 0; f < s->count; f++)
        confusion(s, f);
    fputs("</div>\n", s->out);
    report_table(s, "Evaluations", all, COUNT(all));
    for (size_t f = 0; f < s->count; f++) {
        pictures(s, f);
        wrong_table(s, f);
    }
}
