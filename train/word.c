/* Words and numbers. */
#include "train/word.h"

#include <math.h>
#include <string.h>

/* The next word of [s, end) into word; NULL at the end of the line's words. */
static const char *next_word(const char *s, const char *end, const char **word)
{
    while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
        s++;
    if (s == end || *s == '#')
        return NULL;
    *word = s;
    while (s < end && *s != ' ' && *s != '\t' && *s != '\r' && *s != '#')
        s++;
    return s;
}

const char *train_word_split(train_words *w, const char *s, const char *end)
{
    const char *word;
    w->count = 0;
    while ((s = next_word(s, end, &word)) != NULL) {
        size_t length = (size_t)(s - word);
        if (w->count == TRAIN_WORDS || length >= TRAIN_WORD)
            return "a statement has at most 16 words of 31 characters";
        for (size_t i = 0; i < length; i++)
            if (word[i] < 33 || word[i] > 126)
                return "a description is plain ASCII text";
        memcpy(w->word[w->count], word, length);
        w->word[w->count++][length] = '\0';
    }
    return NULL;
}

const char *train_word_line(const char *s, const char *end)
{
    const char *found = memchr(s, '\n', (size_t)(end - s));
    return found != NULL ? found : end;
}

size_t train_word_canonical(char *out, const char *text, size_t size)
{
    size_t used = 0;
    for (const char *s = text, *end = text + size; s < end;) {
        const char *stop = train_word_line(s, end), *word;
        size_t begin = used;
        while ((s = next_word(s, stop, &word)) != NULL) {
            if (used > begin)
                out[used++] = ' ';
            memcpy(out + used, word, (size_t)(s - word));
            used += (size_t)(s - word);
        }
        if (used > begin)
            out[used++] = '\n';
        s = stop < end ? stop + 1 : end;
    }
    out[used] = '\0';
    return used;
}

int train_word_is(const train_words *w, int at, const char *text)
{
    return at < w->count && strcmp(w->word[at], text) == 0;
}

int train_word_whole(const train_words *w, int at, size_t low, size_t high, size_t *out)
{
    size_t value = 0;
    if (at >= w->count)
        return 0;
    for (const char *s = w->word[at]; *s != '\0'; s++) {
        if (*s < '0' || *s > '9' || value > high)
            return 0;
        value = 10 * value + (size_t)(*s - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

int train_word_real(const train_words *w, int at, double low, double high, float *out)
{
    if (at >= w->count)
        return 0;
    const char *s = w->word[at];
    double value = 0.0, unit = 1.0, sign = *s == '-' ? -1.0 : 1.0;
    int digits = 0;
    for (s += *s == '-'; *s >= '0' && *s <= '9'; s++, digits++)
        value = 10.0 * value + (*s - '0');
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, digits++) {
            value = 10.0 * value + (*s - '0');
            unit *= 10.0;
        }
    int exponent = 0;
    if (digits > 0 && *s == 'e') {
        int down = s[1] == '-';
        for (s += 1 + down; *s >= '0' && *s <= '9'; s++)
            exponent = exponent < 100 ? 10 * exponent + (*s - '0') : exponent;
        exponent = down ? -exponent : exponent;
    }
    value = sign * value / unit * pow(10.0, exponent);
    if (digits == 0 || *s != '\0' || !(value >= low && value <= high))
        return 0;
    *out = (float)value;
    return 1;
}

int train_word_kernel(const train_words *w, int at, size_t *height, size_t *width)
{
    train_words part = {.count = 2};
    if (at >= w->count)
        return 0;
    const char *x = strchr(w->word[at], 'x');
    if (x == NULL)
        return 0;
    memcpy(part.word[0], w->word[at], (size_t)(x - w->word[at]));
    memcpy(part.word[1], x + 1, strlen(x));
    return train_word_whole(&part, 0, 1, TRAIN_WORD_SIDE, height) &&
           train_word_whole(&part, 1, 1, TRAIN_WORD_SIDE, width);
}
