/* What `unseen eval` found, added up and printed. */
#ifndef UNSEEN_TOOLS_EVAL_REPORT_H
#define UNSEEN_TOOLS_EVAL_REPORT_H

#include <stddef.h>

#include "tools/session.h"

/* Of one image. */
typedef struct eval_result {
    int plain_right, encrypted_right, agree; /* 0 or 1 */
    double logit_error;                      /* the largest over the logits */
    double encrypt_ms, infer_ms, decrypt_ms;
    size_t request_bytes, response_bytes;
} eval_result;

typedef struct eval_summary {
    size_t images, first, threads;
    size_t plain_right, encrypted_right, agree;
    double logit_error;                      /* the largest over all images */
    double encrypt_ms, infer_ms, decrypt_ms; /* medians */
    size_t request_bytes, response_bytes;    /* the largest */
    size_t peak_rss_bytes;
} eval_summary;

/** Add up count > 0 results, in order; first, threads and peak_rss_bytes are left 0. */
void eval_summarise(eval_summary *out, const eval_result *results, size_t count);

/** Print as one JSON object to stdout. */
void eval_print_json(const eval_summary *s, const session *run, const char *model);

/** Print for people to stdout. */
void eval_print_text(const eval_summary *s, const session *run, const char *model);

#endif
