/* HELLO and choice: bytes that come from anyone. */
#include "channel/link/hello.h"

#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"

enum { SIZE_AT = 8, LAYOUT_AT = 10, COUNT_AT = 11, MIN_AT = 12, MAX_AT = 14, PAYLOAD_AT = 16 };
enum { LAYOUT = 1 };

static const uint8_t magic[SIZE_AT] = {'u', 'n', 's', 'e', 'e', 'n', 'C', 'H'};

static int is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

int channel_hello_is_name(const char *name)
{
    size_t n = 0;

    while (n <= CHANNEL_MAX_NAME && is_name_char(name[n]))
        n++;
    return n > 0 && n <= CHANNEL_MAX_NAME && name[n] == '\0';
}

int channel_hello_has(const channel_hello *hello, int suite)
{
    for (size_t i = 0; i < hello->suite_count; i++) {
        if (hello->suites[i] == suite)
            return 1;
    }
    return 0;
}

size_t channel_hello_write(uint8_t out[CHANNEL_HELLO_BYTES], const channel_hello *hello)
{
    const size_t length = strlen(hello->name);
    uint8_t *p = out + CHANNEL_HELLO_START;

    memcpy(out, magic, sizeof magic);
    out[LAYOUT_AT] = LAYOUT;
    out[COUNT_AT] = hello->suite_count;
    ckks_store_u16le(out + MIN_AT, hello->min_version);
    ckks_store_u16le(out + MAX_AT, hello->max_version);
    ckks_store_u32le(out + PAYLOAD_AT, hello->max_payload);
    memcpy(p, hello->suites, hello->suite_count);
    p += hello->suite_count;
    *p++ = (uint8_t)length;
    memcpy(p, hello->name, length);
    p += length;
    ckks_store_u16le(out + SIZE_AT, (uint16_t)(p - out));
    return (size_t)(p - out);
}

channel_status channel_hello_size(size_t *size, const uint8_t *bytes, size_t n)
{
    *size = 0;
    if (memcmp(bytes, magic, n < sizeof magic ? n : sizeof magic) != 0)
        return CHANNEL_ERR_FORMAT;
    if (n < LAYOUT_AT)
        return CHANNEL_OK;
    *size = ckks_load_u16le(bytes + SIZE_AT);
    if (*size < CHANNEL_HELLO_START || *size > CHANNEL_HELLO_BYTES)
        return CHANNEL_ERR_FORMAT;
    return CHANNEL_OK;
}

channel_status channel_hello_read(channel_hello *hello, const uint8_t *bytes, size_t n)
{
    size_t size;
    size_t length;

    if (n < CHANNEL_HELLO_START || channel_hello_size(&size, bytes, n) != CHANNEL_OK || size != n)
        return CHANNEL_ERR_FORMAT;
    if (bytes[LAYOUT_AT] != LAYOUT)
        return CHANNEL_ERR_VERSION;
    *hello = (channel_hello){.suite_count = bytes[COUNT_AT],
                             .min_version = ckks_load_u16le(bytes + MIN_AT),
                             .max_version = ckks_load_u16le(bytes + MAX_AT),
                             .max_payload = ckks_load_u32le(bytes + PAYLOAD_AT)};
    if (hello->suite_count == 0 || hello->suite_count > CHANNEL_MAX_SUITES ||
        hello->min_version > hello->max_version)
        return CHANNEL_ERR_FORMAT;
    bytes += CHANNEL_HELLO_START;
    n -= CHANNEL_HELLO_START;
    if (n < (size_t)hello->suite_count + 1)
        return CHANNEL_ERR_FORMAT;
    memcpy(hello->suites, bytes, hello->suite_count);
    bytes += hello->suite_count;
    n -= (size_t)hello->suite_count + 1;
    length = *bytes++;
    if (length != n || length > CHANNEL_MAX_NAME)
        return CHANNEL_ERR_FORMAT;
    memcpy(hello->name, bytes, length);
    return channel_hello_is_name(hello->name) && strlen(hello->name) == length ? CHANNEL_OK
                                                                               : CHANNEL_ERR_FORMAT;
}

void channel_hello_print(char text[CHANNEL_HELLO_TEXT], const channel_hello *hello)
{
    size_t used = (size_t)snprintf(text, CHANNEL_HELLO_TEXT, "%s versions %d to %d over",
                                   hello->name, hello->min_version, hello->max_version);

    for (size_t i = 0; i < hello->suite_count && used < CHANNEL_HELLO_TEXT; i++) {
        const char *comma = i > 0 ? "," : "";
        const size_t room = CHANNEL_HELLO_TEXT - used;

        if (hello->suites[i] == CHANNEL_SUITE_PLAIN)
            used += (size_t)snprintf(text + used, room, "%s plain", comma);
        else if (hello->suites[i] == CHANNEL_SUITE_NOISE)
            used += (size_t)snprintf(text + used, room, "%s noise", comma);
        else
            used += (size_t)snprintf(text + used, room, "%s suite %d", comma, hello->suites[i]);
    }
}

int channel_hello_choose(channel_choice *choice, const channel_hello *own,
                         const channel_hello *theirs)
{
    const uint16_t highest =
        own->max_version < theirs->max_version ? own->max_version : theirs->max_version;

    if (strcmp(own->name, theirs->name) != 0 || highest < own->min_version ||
        highest < theirs->min_version)
        return 0;
    for (size_t i = 0; i < own->suite_count; i++) {
        if (channel_hello_has(theirs, own->suites[i])) {
            *choice = (channel_choice){highest, own->suites[i], own->max_payload};
            return 1;
        }
    }
    return 0;
}

void channel_choice_write(uint8_t out[CHANNEL_CHOICE_BYTES], const channel_choice *choice)
{
    ckks_store_u16le(out, choice->version);
    out[2] = choice->suite;
    out[3] = 0;
    ckks_store_u32le(out + 4, choice->max_payload);
}

void channel_choice_read(channel_choice *choice, const uint8_t bytes[CHANNEL_CHOICE_BYTES])
{
    *choice = (channel_choice){ckks_load_u16le(bytes), bytes[2], ckks_load_u32le(bytes + 4)};
}
