/* A description on its way into a recipe. A statement's function returns TRAIN_OK, an error after
 * train_parser_fail, or -1 when its words are not the statement's usage.
 */
#ifndef UNSEEN_TRAIN_PARSER_H
#define UNSEEN_TRAIN_PARSER_H

#include "train/recipe.h"
#include "train/word.h"

typedef struct train_parser {
    train_recipe *r;
    int line;
    train_words w; /* of the statement */
    int source;    /* the layer whose value the next layer takes; -1: the image */
    size_t mark_count;
    char mark[TRAIN_MAX_MARKS][TRAIN_WORD];
    int marked[TRAIN_MAX_MARKS];
    char *why;
    size_t why_size;
} train_parser;

/** Write the sentence.  Returns: TRAIN_ERR_FORMAT */
int train_parser_fail(train_parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The statement `input`. */
int train_layer_input(train_parser *p);

/** The statement `conv`. */
int train_layer_conv(train_parser *p);

/** The statement `dense`. */
int train_layer_dense(train_parser *p);

/** The statement `norm`. */
int train_layer_norm(train_parser *p);

/** The statement `square`. */
int train_layer_square(train_parser *p);

/** The statement `quadratic`. */
int train_layer_quadratic(train_parser *p);

/** The statement `poly`. */
int train_layer_poly(train_parser *p);

/** The statement `swish4`. */
int train_layer_swish4(train_parser *p);

/** The statement `relu` or `swish`. */
int train_layer_exact(train_parser *p);

/** The statement `avgpool` or `globalpool`. */
int train_layer_pool(train_parser *p);

/** The statement `mark`. */
int train_layer_mark(train_parser *p);

/** The statement `from`. */
int train_layer_from(train_parser *p);

/** The statement `add`. */
int train_layer_add(train_parser *p);

#endif
