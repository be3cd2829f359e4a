/* Planning a model as the command line wants it. */
#define _XOPEN_SOURCE 700

#include "tools/planning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/costs.h"
#include "tools/load.h"
#include "tools/progress.h"

/* What --costs read, for as long as the program runs: options only point to it. */
static nn_costs costs;

/* A number of bytes, with K, M or G for powers of 1024. */
int planning_bytes(size_t *out, const char *name, const char *value)
{
    static const char unit[] = "KMG";
    unsigned long long number;
    const char *found;
    char *end;
    int shift = 0;

    errno = 0;
    number = strtoull(value, &end, 10);
    found = *end != '\0' ? strchr(unit, *end) : NULL;
    if (found != NULL) {
        shift = 10 * (int)(found - unit + 1);
        end++;
    }
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || number == 0 ||
        number > SIZE_MAX >> shift)
        return cli_usage("--%s takes a number of bytes, with K, M or G behind it, not '%s'", name,
                         value);
    *out = (size_t)number << shift;
    return CLI_OK;
}

int planning_take(nn_plan_options *o, const char *name, const char *value)
{
    uint64_t number = 0;
    int st = CLI_DONE;

    if (strcmp(name, "security") == 0) {
        st = cli_number(&number, name, value, 128, 256);
        if (st == CLI_OK && number % 64 != 0)
            st = cli_usage("--security takes 128, 192 or 256, not '%s'", value);
        o->security_bits = (int)number;
    } else if (strcmp(name, "precision") == 0) {
        st = cli_real(&o->precision_bits, name, value, 4.0, 40.0);
    } else if (strcmp(name, "log-n") == 0) {
        st = cli_number(&number, name, value, 11, CKKS_MAX_LOG_N);
        o->log_n = (int)number;
    } else if (strcmp(name, "memory") == 0) {
        st = planning_bytes(&o->memory, name, value);
    } else if (strcmp(name, "costs") == 0) {
        st = costs_read(&costs, value);
        o->costs = &costs;
    }
    return st;
}

/* Bytes that this process may have: the machine's, or what the shell's ulimit -v leaves of them. */
static size_t machine_memory(void)
{
    size_t bytes = SIZE_MAX;
    struct rlimit limit;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    if (pages > 0 && page > 0 && (size_t)pages <= SIZE_MAX / (size_t)page)
        bytes = (size_t)pages * (size_t)page;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < bytes)
        bytes = (size_t)limit.rlim_cur;
    return bytes;
}

nn_status planning_fits(const nn_plan_options *o, size_t server_memory, char *why, size_t why_size)
{
    const double mib = 1048576.0;
    size_t here = machine_memory();

    if (o->memory != 0 || server_memory <= here)
        return NN_OK;
    snprintf(why, why_size,
             "the server needs %.1f MiB, and this machine has %.1f MiB; bound it (--memory), pack "
             "fewer images together (--batch, --images), or take a larger machine",
             (double)server_memory / mib, (double)here / mib);
    return NN_ERR_PLAN;
}

int planning_make(nn_plan **out, const nn_model *m, const nn_plan_options *o, const char *name)
{
    char why[WHY_BYTES] = "";
    progress p;
    int st;

    progress_begin(&p, "planning", 0);
    st = nn_plan_create(out, m, o, why, sizeof why);
    progress_end(&p);
    if (st == NN_OK) {
        st = planning_fits(o, nn_plan_forecast(*out)->server_memory, why, sizeof why);
        if (st == NN_OK)
            return CLI_OK;
        nn_plan_free(*out);
        *out = NULL;
    }
    return planning_fail(st, name, why);
}

int planning_fail(int status, const char *name, const char *why)
{
    int code = cli_fail_status(status, name, why);

    /* In a file that exists these speak about the file; here they speak about the network. */
    if (status == NN_ERR_RANGE || status == CKKS_ERR_RANGE)
        return CLI_UNSUPPORTED;
    return status == CKKS_ERR_INSECURE ? CLI_NO_PARAMS : code;
}

void planning_forecast_json(json *j, const nn_forecast *f)
{
    json_integer(j, "security_bits", (uint64_t)f->security_bits);
    json_integer(j, "log2_n", (uint64_t)f->log_n);
    json_integer(j, "limbs", (uint64_t)f->limbs);
    json_integer(j, "special_limbs", (uint64_t)f->special);
    json_integer(j, "levels", (uint64_t)f->levels);
    json_real(j, "log2_q", f->log2_q);
    json_real(j, "log2_qp", f->log2_qp);
    json_integer(j, "rotations", f->rotations);
    json_integer(j, "multiplications", f->multiplications);
    json_integer(j, "plain_products", f->plain_products);
    json_integer(j, "keys", f->keys);
    json_integer(j, "eval_key_bytes", f->eval_key_bytes);
    json_integer(j, "eval_key_memory", f->eval_key_memory);
    json_integer(j, "requests", f->requests);
    json_integer(j, "responses", f->responses);
    json_integer(j, "request_bytes", f->request_bytes);
    json_integer(j, "response_bytes", f->response_bytes);
    json_integer(j, "weight_memory", f->weight_memory);
    json_integer(j, "value_memory", f->value_memory);
    json_integer(j, "model_memory", f->model_memory);
    json_integer(j, "server_memory", f->server_memory);
    json_integer(j, "peak_memory", f->peak_memory);
    json_integer(j, "thread_memory", f->thread_memory);
    json_real(j, "infer_ms", f->infer_ms);
    json_real(j, "logit_error", f->logit_error);
}
