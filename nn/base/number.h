/* Decimal numbers in text, the same in every locale. */

#ifndef UNSEEN_NN_BASE_NUMBER_H
#define UNSEEN_NN_BASE_NUMBER_H

/** Read a decimal number, "-1.25e3", after any blanks.
 *
 *  Out:    value  the number, right to a few units in the last place; unchanged on failure
 *          text   moves behind the number; unchanged on failure
 *  Returns 1, or 0 when there is no number or it is not finite.
 */
int nn_number_read(double *value, const char **text);

enum { NN_NUMBER_TEXT = 32 }; /* bytes that nn_number_write needs */

/** Write a finite number with up to 17 digits, "-0.125", ended by NUL.  Returns text. */
const char *nn_number_write(char text[NN_NUMBER_TEXT], double value);

/** As nn_number_read, and exact where the text is one that nn_number_write makes. */
int nn_number_read_exact(double *value, const char **text);

/** 1 when only blanks are left. */
int nn_number_end(const char *text);

#endif
