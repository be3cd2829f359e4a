/* Messages as bytes. */
#include "service/message.h"

#include <string.h>

#include "ckks/base/bytes.h"

static int name_char(char c, int first)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return 1;
    return !first && (c == '.' || c == '_' || c == '-');
}

int service_name_good(const char *name)
{
    size_t n = strlen(name);
    int good = n >= 1 && n <= SERVICE_NAME_MOST;

    for (size_t i = 0; good && i < n; i++)
        good = name_char(name[i], i == 0);
    return good;
}

size_t service_open_write(uint8_t *out, const service_open *m)
{
    size_t n = strlen(m->name);
    memcpy(out, m->plan, SERVICE_DIGEST);
    memcpy(out + SERVICE_DIGEST, m->name, n);
    return SERVICE_DIGEST + n;
}

int service_open_read(service_open *m, const uint8_t *in, size_t size)
{
    size_t n = size - SERVICE_DIGEST;

    if (size < SERVICE_DIGEST || n > SERVICE_NAME_MOST)
        return 0;
    memset(m, 0, sizeof *m);
    memcpy(m->plan, in, SERVICE_DIGEST);
    memcpy(m->name, in + SERVICE_DIGEST, n);
    /* A NUL inside would make it shorter. */
    return strlen(m->name) == n && (n == 0 || service_name_good(m->name));
}

size_t service_plan_head_write(uint8_t *out, const service_plan_head *m)
{
    memcpy(out, m->digest, SERVICE_DIGEST);
    ckks_store_u32le(out + 32, m->requests);
    ckks_store_u32le(out + 36, 0);
    return SERVICE_PLAN_HEAD;
}

int service_plan_head_read(service_plan_head *m, const uint8_t *in, size_t size)
{
    if (size < SERVICE_PLAN_HEAD || ckks_load_u32le(in + 36) != 0)
        return 0;
    memcpy(m->digest, in, SERVICE_DIGEST);
    m->requests = ckks_load_u32le(in + 32);
    return m->requests > 0;
}

size_t service_keys_write(uint8_t *out, const service_keys *m)
{
    memcpy(out, m->digest, SERVICE_DIGEST);
    ckks_store_u64le(out + 32, m->size);
    return SERVICE_KEYS_BYTES;
}

int service_keys_read(service_keys *m, const uint8_t *in, size_t size)
{
    if (size != SERVICE_KEYS_BYTES)
        return 0;
    memcpy(m->digest, in, SERVICE_DIGEST);
    m->size = ckks_load_u64le(in + 32);
    return m->size > 0;
}

size_t service_keys_state_write(uint8_t *out, const service_keys_state *m)
{
    memcpy(out, m->digest, SERVICE_DIGEST);
    out[32] = m->have != 0;
    return SERVICE_STATE_BYTES;
}

int service_keys_state_read(service_keys_state *m, const uint8_t *in, size_t size)
{
    if (size != SERVICE_STATE_BYTES || in[32] > 1)
        return 0;
    memcpy(m->digest, in, SERVICE_DIGEST);
    m->have = in[32];
    return 1;
}

size_t service_working_write(uint8_t *out, const service_working *m)
{
    ckks_store_u32le(out, m->step);
    ckks_store_u32le(out + 4, m->steps);
    return SERVICE_WORKING_BYTES;
}

int service_working_read(service_working *m, const uint8_t *in, size_t size)
{
    if (size != SERVICE_WORKING_BYTES)
        return 0;
    m->step = ckks_load_u32le(in);
    m->steps = ckks_load_u32le(in + 4);
    return m->step <= m->steps;
}

/* What a terminal would take for a command becomes '?'; UTF-8 passes. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

void service_fault_set(service_fault *m, uint16_t code, const char *text)
{
    size_t n = strlen(text) < SERVICE_TEXT_MOST ? strlen(text) : SERVICE_TEXT_MOST;

    memset(m, 0, sizeof *m);
    m->code = code;
    memcpy(m->text, text, n);
    make_printable(m->text);
}

size_t service_fault_write(uint8_t *out, const service_fault *m)
{
    size_t n = strlen(m->text);
    ckks_store_u16le(out, m->code);
    memcpy(out + 2, m->text, n);
    return 2 + n;
}

int service_fault_read(service_fault *m, const uint8_t *in, size_t size)
{
    if (size < 2 || size > 2 + SERVICE_TEXT_MOST)
        return 0;
    memset(m, 0, sizeof *m);
    m->code = ckks_load_u16le(in);
    memcpy(m->text, in + 2, size - 2);
    make_printable(m->text);
    return m->code != 0;
}
