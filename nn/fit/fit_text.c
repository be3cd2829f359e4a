/* The text of a fit, see nn/fit/fit.h. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/base/number.h"
#include "nn/base/why.h"
#include "nn/fit/fit.h"

enum { VERSION = 1 };

static const char *const kinds[] = {[NN_FIT_POLY] = "poly", [NN_FIT_SIGN] = "sign"};

/* Text that grows in a buffer of limited size. */
typedef struct writer {
    char *text;
    size_t size, used;
} writer;

static void put(writer *w, const char *word)
{
    size_t room = w->used < w->size ? w->size - w->used : 0;
    int n =
        snprintf(room > 0 ? w->text + w->used : NULL, room, "%s%s", w->used > 0 ? " " : "", word);

    w->used += n > 0 ? (size_t)n : 0;
}

static void put_number(writer *w, double value)
{
    char text[NN_NUMBER_TEXT];
    put(w, nn_number_write(text, value));
}

size_t nn_fit_print(char *text, size_t size, const nn_fit *fit)
{
    writer w = {text, size, 0};
    const int parameters = nn_activation_parameters(fit->f.function);

    if (size > 0)
        text[0] = '\0';
    put_number(&w, VERSION);
    put(&w, kinds[fit->kind]);
    put(&w, nn_activation_name(fit->f.function));
    if (parameters > 0)
        put_number(&w, fit->f.a);
    if (parameters > 1)
        put_number(&w, fit->f.b);
    put_number(&w, fit->lo);
    put_number(&w, fit->hi);
    put_number(&w, fit->error);
    put_number(&w, fit->count);
    for (int i = 0; i < fit->count; i++) {
        put_number(&w, fit->poly[i].degree);
        for (int k = 0; k <= fit->poly[i].degree; k++)
            put_number(&w, fit->poly[i].coef[k]);
    }
    return w.used;
}

/* Fields of a text one after the other; the first that is wrong is named. */
typedef struct reader {
    const char *text;
    const char *wrong; /* NULL while all is well */
} reader;

static double take_number(reader *r, const char *what)
{
    double v = 0;

    if (r->wrong == NULL && !nn_number_read_exact(&v, &r->text))
        r->wrong = what;
    if (r->wrong == NULL && *r->text != ' ' && *r->text != '\0')
        r->wrong = what;
    return r->wrong == NULL ? v : 0;
}

static int take_count(reader *r, int least, int most, const char *what)
{
    double v = take_number(r, what);

    if (r->wrong == NULL && !(v >= least && v <= most && v == floor(v)))
        r->wrong = what;
    return r->wrong == NULL ? (int)v : least;
}

/* The next word; its length is 0 at the end. */
static const char *take_word(reader *r, size_t *length)
{
    while (*r->text == ' ')
        r->text++;
    const char *begin = r->text;
    while (*r->text != ' ' && *r->text != '\0')
        r->text++;
    *length = (size_t)(r->text - begin);
    return begin;
}

static void take_head(reader *r, nn_fit *fit)
{
    size_t length;
    const char *word;

    (void)take_count(r, VERSION, VERSION, "its version is not 1");
    if (r->wrong != NULL)
        return;
    word = take_word(r, &length);
    if (length == strlen(kinds[NN_FIT_POLY]) && strncmp(word, kinds[NN_FIT_POLY], length) == 0)
        fit->kind = NN_FIT_POLY;
    else if (length == strlen(kinds[NN_FIT_SIGN]) && strncmp(word, kinds[NN_FIT_SIGN], length) == 0)
        fit->kind = NN_FIT_SIGN;
    else
        r->wrong = "its kind is neither poly nor sign";
    if (r->wrong != NULL)
        return;
    word = take_word(r, &length);
    if (!nn_activation_find(&fit->f.function, word, length)) {
        r->wrong = "its function is unknown";
        return;
    }
    if (nn_activation_parameters(fit->f.function) > 0)
        fit->f.a = take_number(r, "a parameter of its function is no number");
    if (nn_activation_parameters(fit->f.function) > 1)
        fit->f.b = take_number(r, "a parameter of its function is no number");
}

nn_status nn_fit_parse(nn_fit *fit, const char *text, char *why, size_t why_size)
{
    nn_fit made = {.kind = NN_FIT_POLY};
    reader r = {text, NULL};

    take_head(&r, &made);
    made.lo = take_number(&r, "its range is not two numbers");
    made.hi = take_number(&r, "its range is not two numbers");
    made.error = take_number(&r, "its error is no number");
    made.count = take_count(&r, 1, NN_FIT_POLYS_MAX, "its number of polynomials is not 1 to 4");
    for (int i = 0; i < made.count; i++) {
        nn_fit_poly *p = &made.poly[i];
        p->degree = take_count(&r, 1, NN_FIT_DEGREE_MAX, "a degree is not 1 to 31");
        for (int k = 0; k <= p->degree; k++)
            p->coef[k] = take_number(&r, "a coefficient is missing or no number");
    }
    if (r.wrong == NULL && !nn_number_end(r.text))
        r.wrong = "something follows its last coefficient";
    if (r.wrong == NULL && !nn_fit_is_valid(&made))
        r.wrong = "its range, function and number of polynomials do not fit together";
    if (r.wrong != NULL)
        return nn_why(why, why_size, NN_ERR_FORMAT, "the fit cannot be read: %s", r.wrong);
    *fit = made;
    return NN_OK;
}
