/* Sentences for the human: one cause, or a list of all of them, cut cleanly to the caller's buffer.
 */

#ifndef UNSEEN_NN_BASE_WHY_H
#define UNSEEN_NN_BASE_WHY_H

#include <stddef.h>

#include "nn/status.h"

/** Write a sentence.
 *
 *  Out:  why  size bytes, ended by NUL; may be NULL with size 0
 *  Returns status, so that a failure is one statement: return nn_why(why, size, NN_ERR_SHAPE, ...).
 */
nn_status nn_why(char *why, size_t size, nn_status status, const char *format, ...) NN_PRINTF(4, 5);

/* A list of complaints. The zero-initialised list with text and size set is empty. */
typedef struct nn_why_list {
    char *text; /* size bytes, may be NULL with size 0 */
    size_t size;
    size_t used;   /* characters written */
    size_t count;  /* complaints made */
    size_t hidden; /* of these, not shown for want of room */
} nn_why_list;

/** Start a list in a buffer; the buffer becomes "". */
void nn_why_list_init(nn_why_list *list, char *text, size_t size);

/** Add a complaint on a line of its own, indented by two characters. */
void nn_why_list_add(nn_why_list *list, const char *format, ...) NN_PRINTF(2, 3);

/** Put a heading in front of the list and, where complaints were hidden, "and N more" behind it. */
void nn_why_list_finish(nn_why_list *list, const char *format, ...) NN_PRINTF(2, 3);

#endif
