/* Making a channel, looking at it, ending it. */
#include "channel/link/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ckks/base/mem.h"
#include "ckks/random/entropy.h"

/* Options in the form in which the channel keeps them; NULL, or what is wrong with them. */
static const char *take_options(channel *c, int role, const channel_options *o)
{
    size_t largest;

    if (role != CHANNEL_INITIATOR && role != CHANNEL_RESPONDER)
        return "the role is neither initiator nor responder";
    if (o->protocol == NULL || !channel_hello_is_name(o->protocol))
        return "the protocol's name must have 1 to 32 characters of a-z, 0-9 and -";
    if (o->min_version > o->max_version)
        return "the lowest version is above the highest";
    if (o->suite_count == 0 || o->suite_count > CHANNEL_MAX_SUITES)
        return "one to four suites are needed";
    if (o->max_payload > CHANNEL_MAX_PAYLOAD)
        return "max_payload is above CHANNEL_MAX_PAYLOAD";
    c->initiator = role == CHANNEL_INITIATOR;
    memcpy(c->hello.name, o->protocol, strlen(o->protocol));
    c->hello.min_version = o->min_version;
    c->hello.max_version = o->max_version;
    c->hello.suite_count = (uint8_t)o->suite_count;
    memcpy(c->hello.suites, o->suites, o->suite_count);
    for (size_t i = 0; i < o->suite_count; i++) {
        if (o->suites[i] != CHANNEL_SUITE_PLAIN && o->suites[i] != CHANNEL_SUITE_NOISE)
            return "there is no such suite";
    }
    if (c->initiator && o->suite_count > 1 && channel_hello_has(&c->hello, CHANNEL_SUITE_PLAIN))
        return "an initiator offers plain alone or not at all";
    if (o->keys == NULL && channel_hello_has(&c->hello, CHANNEL_SUITE_NOISE))
        return "the noise suite needs keys";
    largest = o->max_payload != 0 ? o->max_payload : (size_t)CHANNEL_MAX_PAYLOAD;
    c->hello.max_payload = (uint32_t)largest;
    c->max_backlog = o->max_backlog != 0 ? o->max_backlog : (size_t)CHANNEL_DEFAULT_BACKLOG;
    if (o->keys != NULL)
        c->keys = *o->keys;
    c->step = c->initiator ? CHANNEL_STEP_ANSWER : CHANNEL_STEP_HELLO;
    c->allocator = o->allocator;
    return NULL;
}

channel_status channel_create(channel **out, int role, const channel_options *options, char *why,
                              size_t why_size)
{
    channel_status st = CHANNEL_OK;
    const char *wrong = NULL;
    channel *c;

    if (why != NULL && why_size > 0)
        why[0] = '\0';
    if (out == NULL || options == NULL)
        return CHANNEL_ERR_ARG;
    *out = NULL;
    c = ckks_mem_alloc_zero(&options->allocator, sizeof *c);
    if (c == NULL) {
        st = CHANNEL_ERR_MEMORY;
        wrong = "no memory for a channel";
    } else if ((wrong = take_options(c, role, options)) != NULL) {
        st = CHANNEL_ERR_ARG;
    } else if (channel_hello_has(&c->hello, CHANNEL_SUITE_NOISE) &&
               ckks_entropy_from(&options->entropy, c->ephemeral) != CKKS_OK) {
        st = CHANNEL_ERR_ENTROPY;
        wrong = "the system gave no randomness";
    } else if (c->initiator) {
        st = channel_shake_begin(c);
        wrong = c->error;
    }
    if (st == CHANNEL_OK) {
        *out = c;
        return CHANNEL_OK;
    }
    if (why != NULL && why_size > 0)
        (void)snprintf(why, why_size, "%s", wrong);
    if (c != NULL)
        c->allocator = options->allocator;
    channel_free(c);
    return st;
}

void channel_free(channel *c)
{
    ckks_allocator a;

    if (c == NULL)
        return;
    a = c->allocator;
    channel_buffer_clear(&c->in, &a);
    channel_buffer_clear(&c->text, &a);
    channel_buffer_clear(&c->out, &a);
    ckks_mem_free_wipe(&a, c, sizeof *c);
}

void channel_trim(channel *c)
{
    channel_buffer *all[] = {&c->in, &c->text, &c->out};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (channel_buffer_size(all[i]) == 0)
            channel_buffer_clear(all[i], &c->allocator);
    }
}

/* Peers and callers put words in: what a terminal could take for a command becomes a question mark.
 */
static void write_error(channel *c, const char *format, va_list args)
{
    if (vsnprintf(c->error, sizeof c->error, format, args) < 0)
        c->error[0] = '\0';
    for (char *p = c->error; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
    }
}

channel_status channel_note(channel *c, channel_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_error(c, format, args);
    va_end(args);
    return status;
}

channel_status channel_fail(channel *c, channel_status status, const char *format, ...)
{
    va_list args;

    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    c->phase = CHANNEL_FAILED;
    c->failed = status;
    c->frame_waits = 0;
    va_start(args, format);
    write_error(c, format, args);
    va_end(args);
    return status;
}

channel_phase channel_state(const channel *c)
{
    return c->phase;
}

const char *channel_error(const channel *c)
{
    return c->error;
}

int channel_peer_key(const channel *c, uint8_t key[CHANNEL_KEY_BYTES])
{
    if (!c->agreed || c->choice.suite != CHANNEL_SUITE_NOISE)
        return 0;
    memcpy(key, c->handshake.peer, CHANNEL_KEY_BYTES);
    return 1;
}

uint16_t channel_version(const channel *c)
{
    return c->agreed ? c->choice.version : 0;
}

int channel_suite(const channel *c)
{
    return c->agreed ? c->choice.suite : -1;
}

size_t channel_peer_max_payload(const channel *c)
{
    return c->agreed ? c->choice.max_payload : 0;
}

channel_counts channel_counted(const channel *c)
{
    return c->counts;
}
