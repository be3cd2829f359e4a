/* Names of status codes, and the version. */
#include "ckks/ckks.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

const char *ckks_status_name(ckks_status status)
{
    switch (status) {
    case CKKS_OK:
        return "CKKS_OK";
    case CKKS_ERR_ARG:
        return "CKKS_ERR_ARG";
    case CKKS_ERR_MEMORY:
        return "CKKS_ERR_MEMORY";
    case CKKS_ERR_ENTROPY:
        return "CKKS_ERR_ENTROPY";
    case CKKS_ERR_SELFTEST:
        return "CKKS_ERR_SELFTEST";
    case CKKS_ERR_PARAMS:
        return "CKKS_ERR_PARAMS";
    case CKKS_ERR_INSECURE:
        return "CKKS_ERR_INSECURE";
    case CKKS_ERR_MISMATCH:
        return "CKKS_ERR_MISMATCH";
    case CKKS_ERR_LEVEL:
        return "CKKS_ERR_LEVEL";
    case CKKS_ERR_SCALE:
        return "CKKS_ERR_SCALE";
    case CKKS_ERR_DEGREE:
        return "CKKS_ERR_DEGREE";
    case CKKS_ERR_NO_KEY:
        return "CKKS_ERR_NO_KEY";
    case CKKS_ERR_RANGE:
        return "CKKS_ERR_RANGE";
    case CKKS_ERR_FORMAT:
        return "CKKS_ERR_FORMAT";
    case CKKS_ERR_VERSION:
        return "CKKS_ERR_VERSION";
    case CKKS_ERR_SPACE:
        return "CKKS_ERR_SPACE";
    default:
        return "unknown status";
    }
}

const char *ckks_version(void)
{
    return PACKAGE_VERSION;
}
