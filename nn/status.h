/* Status codes of the network layer, and the two marks its declarations carry.
 *
 * 0 is success and every failure is negative. The range -100..-199 belongs to nn/, so a status of
 * ckks/ (-1..-99) travels through this layer untouched. */

#ifndef UNSEEN_NN_STATUS_H
#define UNSEEN_NN_STATUS_H

#if defined(__GNUC__)
#define NN_API __attribute__((visibility("default")))
#define NN_MUST_CHECK __attribute__((warn_unused_result))
#define NN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define NN_API
#define NN_MUST_CHECK
#define NN_PRINTF(text, first)
#endif

typedef int nn_status;

enum {
    NN_OK = 0,
    NN_ERR_ARG = -100,         /* the caller broke the contract: NULL, unknown name, bad count */
    NN_ERR_MEMORY = -101,      /* an allocation failed */
    NN_ERR_FORMAT = -102,      /* the bytes are damaged or not of this format */
    NN_ERR_UNSUPPORTED = -103, /* well formed, but asks for something this program cannot take */
    NN_ERR_SHAPE = -104,       /* the shapes of a node do not fit together */
    NN_ERR_PLAN = -105,        /* no secure parameter set carries the network */
    NN_ERR_RANGE = -106,       /* a number is out of the range that the method allows */
    NN_ERR_MISMATCH = -107,    /* two objects that do not belong together */
    NN_ERR_STOPPED = -108      /* the caller asked to stop */
};

#endif
