/* For those who begin: what to type first, and what was meant by a word that is not there. */
#ifndef UNSEEN_TOOLS_FIRST_H
#define UNSEEN_TOOLS_FIRST_H

#include <stddef.h>
#include <stdio.h>

/** Keep how the program was called, for examples. */
void first_called(const char *argv0);

/** Where the data are that came with the program: the path of one of them, "mnist/cnn2.onnx".
 *
 *  Out:     path   size bytes; where nothing is found, where it would have been installed or built
 *  Returns: whether it is there
 */
int first_find(char *path, size_t size, const char *file);

/** What the program is, and three commands to try. */
void first_words(FILE *out);

/** Examples for a subcommand, in a row with those of the others: each takes the files that the
 * steps before it make. Nothing where it needs no arguments.
 *
 *  In:      out   NULL: nothing is printed
 *  Returns: whether there are any
 */
int first_example(FILE *out, const char *subcommand);

/** The name that is nearest to a word, at most two letters from it (one in short words), where
 *  swapping two neighbours counts as one.
 *
 *  In:      next   the names, one for each k from 0, NULL behind the last
 *  Returns: NULL when none is near
 */
const char *first_nearest(const char *word, const char *(*next)(const void *names, size_t k),
                          const void *names);

#endif
