/* What `unseen eval` found, added up and printed. */
#ifndef UNSEEN_TOOLS_EVAL_REPORT_H
#define UNSEEN_TOOLS_EVAL_REPORT_H

#include <stddef.h>

#include "tools/dataset.h"
#include "tools/session.h"

/* Of one image. */
typedef struct eval_result {
    size_t label, plain, encrypted;          /* the true one, and those that the networks gave */
    int plain_right, encrypted_right, agree; /* 0 or 1 */
    int lossy;                               /* 1: its pixels are marked as not the original ones */
    double logit_error;                      /* the largest over the logits */
} eval_result;

/* Of the images that were sent, computed on and answered together. */
typedef struct eval_set {
    double encrypt_ms, infer_ms, decrypt_ms;
    size_t request_bytes, response_bytes;
} eval_set;

typedef struct eval_summary {
    size_t images, first, threads, sets;
    size_t lanes; /* sets that were computed on at the same time */
    size_t plain_right, encrypted_right, agree;
    int marked;      /* 1: there is a list of lossy images, and the four below say what is in it */
    size_t original; /* images that are not marked, and the same three counts over them */
    size_t original_plain_right, original_encrypted_right, original_agree;
    double logit_error;                      /* the largest over all images */
    double encrypt_ms, infer_ms, decrypt_ms; /* of a set, medians */
    double infer_ms_per_image;               /* the server's time over all images, lanes at once */
    size_t request_bytes, response_bytes;    /* of a set, the largest */
    size_t peak_rss_bytes;
} eval_summary;

/* The images one by one, for what an evaluation says beside its sums. */
typedef struct eval_images {
    const eval_result *result; /* [count] */
    size_t count, labels;      /* labels: that the network can give */
    const dataset *data;       /* result 0 is of its image `first` */
    size_t first;
    size_t pictures; /* wrong images whose pixels are shown */
} eval_images;

/** Add up count > 0 results and set_count > 0 sets, in order; first, threads, marked and
 *  peak_rss_bytes are left 0. */
void eval_summarise(eval_summary *out, const eval_result *results, size_t count,
                    const eval_set *sets, size_t set_count, size_t lanes);

/** Print as one JSON object to stdout, with the confusion matrix and all wrong images.
 *
 *  Returns: CLI_OK, or CLI_MEMORY after the message was printed
 *  In:      chosen   the packing, as foretold; its plan may have gone to the session
 *           why      it was chosen
 */
int eval_print_json(const eval_summary *s, const eval_images *images, const session *run,
                    const packing *chosen, const char *why, const char *model);

/** Print for people to stdout. */
void eval_print_text(const eval_summary *s, const session *run, const packing *chosen,
                     const char *why, const char *model);

#endif
