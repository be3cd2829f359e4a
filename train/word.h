/* The words of one line of a description, and what they say. Blanks separate words, '#' begins a
 * comment. Every function that reads a word returns 1 when it is what is asked for and 0 when it is
 * not, or not there; then its output is of no use.
 */
#ifndef UNSEEN_TRAIN_WORD_H
#define UNSEEN_TRAIN_WORD_H

#include <stddef.h>

enum { TRAIN_WORDS = 16, TRAIN_WORD = 32, TRAIN_WORD_SIDE = 4096 };

typedef struct train_words {
    int count;
    char word[TRAIN_WORDS][TRAIN_WORD];
} train_words;

/** The words of the line [s, end), whose end of line is not within.
 *
 *  Returns: NULL, or what is wrong: too many words, one too long, or other than ASCII
 */
const char *train_word_split(train_words *w, const char *s, const char *end);

/** Copy text, size characters, without comments and superfluous blanks, a line for each that has
 *  words.
 *
 *  Out:     out   room for size + 2 characters; 0 at its end
 *  Returns: its length
 */
size_t train_word_canonical(char *out, const char *text, size_t size);

/** The end of the line that begins at s. */
const char *train_word_line(const char *s, const char *end);

/** Whether word `at` is this text. */
int train_word_is(const train_words *w, int at, const char *text);

/** A whole number in [low, high], digits alone. */
int train_word_whole(const train_words *w, int at, size_t low, size_t high, size_t *out);

/** A real number in [low, high]: [-]digits[.digits][e[-]digits], whatever the locale. */
int train_word_real(const train_words *w, int at, double low, double high, float *out);

/** Two sizes of at most TRAIN_WORD_SIDE, "5x3". */
int train_word_kernel(const train_words *w, int at, size_t *height, size_t *width);

#endif
