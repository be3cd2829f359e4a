/* Names of the status codes. */

#include "nn/client.h"

const char *nn_status_name(nn_status status)
{
    static const char *const name[] = {
        "NN_ERR_ARG",  "NN_ERR_MEMORY", "NN_ERR_FORMAT",   "NN_ERR_UNSUPPORTED", "NN_ERR_SHAPE",
        "NN_ERR_PLAN", "NN_ERR_RANGE",  "NN_ERR_MISMATCH", "NN_ERR_STOPPED",
    };
    int k = NN_ERR_ARG - status;
    if (k >= 0 && k < (int)(sizeof name / sizeof name[0]))
        return name[k];
    return status == NN_OK ? "NN_OK" : ckks_status_name(status);
}
