/* From HELLO to an open channel.
 *
 * `agreed` is set with CHANNEL_DECIDE, when the peer has proven its key: a responder knows the
 * choice that it sends in message 2 before that, and the caller does not.
 */
#include <string.h>

#include "channel/link/state.h"
#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"

enum {
    ANSWER_HEAD = CHANNEL_RECORD_HEAD + 1, /* size and kind */
    NOISE_ANSWER = CHANNEL_HANDSHAKE_SECOND + CHANNEL_CHOICE_BYTES,
    LONGEST_ANSWER = ANSWER_HEAD + NOISE_ANSWER,
    SIZE_KNOWN = 10 /* bytes of a HELLO up to its size */
};

_Static_assert((int)NOISE_ANSWER >= (int)CHANNEL_HELLO_BYTES,
               "a refusal fits in the longest answer");

static channel_status forged(channel *c)
{
    return channel_fail(c, CHANNEL_ERR_FORGED,
                        "the handshake was changed on the way, or the peer has not the key that it "
                        "claims");
}

static void start_handshake(channel *c)
{
    channel_handshake_init(&c->handshake, c->initiator ? CHANNEL_INITIATOR : CHANNEL_RESPONDER,
                           ckks_stream_select(), &c->keys, c->ephemeral, c->prologue,
                           c->prologue_bytes);
}

channel_status channel_shake_begin(channel *c)
{
    uint8_t first[CHANNEL_HANDSHAKE_FIRST];
    channel_status st;
    size_t n = 0;

    c->prologue_bytes = channel_hello_write(c->prologue, &c->hello);
    st = channel_send_raw(c, c->prologue, c->prologue_bytes);
    if (st != CHANNEL_OK || !channel_hello_has(&c->hello, CHANNEL_SUITE_NOISE))
        return st;
    start_handshake(c);
    st = channel_handshake_write(&c->handshake, first, &n, NULL, 0);
    return st == CHANNEL_OK ? channel_send_raw(c, first, n) : st;
}

channel_status channel_shake_size(channel *c, size_t *size, size_t *least, const uint8_t *bytes,
                                  size_t n)
{
    *size = 0;
    *least = CHANNEL_RECORD_HEAD;
    if (c->step == CHANNEL_STEP_FIRST) {
        *size = CHANNEL_HANDSHAKE_FIRST;
    } else if (c->step == CHANNEL_STEP_HELLO) {
        *least = SIZE_KNOWN;
        if (channel_hello_size(size, bytes, n) != CHANNEL_OK)
            return channel_fail(c, CHANNEL_ERR_FORMAT,
                                "the peer does not speak this protocol: its first bytes are no "
                                "HELLO");
    } else if (n >= CHANNEL_RECORD_HEAD) {
        *size = (size_t)CHANNEL_RECORD_HEAD + ckks_load_u16le(bytes);
        if (c->step == CHANNEL_STEP_ANSWER && (*size < ANSWER_HEAD || *size > LONGEST_ANSWER))
            return channel_fail(c, CHANNEL_ERR_FORMAT,
                                "the peer does not speak this protocol: it answers with a record "
                                "of %zu bytes",
                                *size);
        if (c->step == CHANNEL_STEP_LAST && *size != CHANNEL_RECORD_HEAD + CHANNEL_HANDSHAKE_LAST)
            return channel_fail(c, CHANNEL_ERR_FORMAT,
                                "the peer ends the handshake with a record of %zu bytes in the "
                                "place of %d",
                                *size, CHANNEL_RECORD_HEAD + CHANNEL_HANDSHAKE_LAST);
    }
    return CHANNEL_OK;
}

/* A record whose first byte says what it is. */
static channel_status send_answer(channel *c, uint8_t kind, const uint8_t *bytes, size_t n)
{
    uint8_t record[LONGEST_ANSWER];

    ckks_store_u16le(record, (uint16_t)(n + 1));
    record[CHANNEL_RECORD_HEAD] = kind;
    memcpy(record + ANSWER_HEAD, bytes, n);
    return channel_send_raw(c, record, ANSWER_HEAD + n);
}

static channel_status no_common(channel *c, const char *who, const channel_hello *theirs)
{
    char them[CHANNEL_HELLO_TEXT];
    char us[CHANNEL_HELLO_TEXT];

    channel_hello_print(them, theirs);
    channel_hello_print(us, &c->hello);
    return channel_fail(c, CHANNEL_ERR_VERSION,
                        "%s: the peer speaks %s, this side %s; take programs of one version", who,
                        them, us);
}

static channel_status refuse_hello(channel *c, const channel_hello *theirs)
{
    uint8_t own[CHANNEL_HELLO_BYTES];
    const channel_status st =
        send_answer(c, CHANNEL_ANSWER_REFUSAL, own, channel_hello_write(own, &c->hello));

    return st != CHANNEL_OK ? st : no_common(c, "nothing in common", theirs);
}

static channel_status take_hello(channel *c, const uint8_t *bytes, size_t n)
{
    channel_hello theirs;
    const channel_status st = channel_hello_read(&theirs, bytes, n);

    if (st != CHANNEL_OK)
        return channel_fail(c, st,
                            st == CHANNEL_ERR_VERSION
                                ? "the peer begins with a HELLO of another layout: one of the "
                                  "programs is newer"
                                : "the peer's HELLO is damaged");
    memcpy(c->prologue, bytes, n);
    c->prologue_bytes = n;
    if (!channel_hello_choose(&c->choice, &c->hello, &theirs))
        return refuse_hello(c, &theirs);
    if (theirs.suite_count > 1 && channel_hello_has(&theirs, CHANNEL_SUITE_PLAIN))
        return channel_fail(c, CHANNEL_ERR_FORMAT,
                            "the peer offers plain as one of several suites");
    if (c->choice.suite == CHANNEL_SUITE_NOISE) {
        c->step = CHANNEL_STEP_FIRST;
    } else {
        c->phase = CHANNEL_DECIDE;
        c->agreed = 1;
    }
    /* From here on it is the peer's that counts; what is sent is made from own options. */
    c->choice.max_payload = theirs.max_payload;
    return CHANNEL_OK;
}

/* The choice as it goes to the initiator. */
static void write_choice(const channel *c, uint8_t out[CHANNEL_CHOICE_BYTES])
{
    const channel_choice choice = {c->choice.version, c->choice.suite, c->hello.max_payload};

    channel_choice_write(out, &choice);
}

static channel_status take_first(channel *c, const uint8_t *bytes, size_t n)
{
    uint8_t nothing[CHANNEL_HANDSHAKE_FIRST];
    uint8_t choice[CHANNEL_CHOICE_BYTES];
    uint8_t second[NOISE_ANSWER];
    size_t size = 0;

    start_handshake(c);
    write_choice(c, choice);
    if (channel_handshake_read(&c->handshake, nothing, &size, bytes, n) != CHANNEL_OK ||
        channel_handshake_write(&c->handshake, second, &size, choice, sizeof choice) != CHANNEL_OK)
        return forged(c);
    c->step = CHANNEL_STEP_LAST;
    return send_answer(c, CHANNEL_ANSWER_NOISE, second, size);
}

static channel_status take_last(channel *c, const uint8_t *bytes, size_t n)
{
    uint8_t nothing[CHANNEL_HANDSHAKE_LAST];
    size_t size = 0;

    if (channel_handshake_read(&c->handshake, nothing, &size, bytes, n) != CHANNEL_OK)
        return forged(c);
    c->agreed = 1;
    c->phase = CHANNEL_DECIDE;
    return CHANNEL_OK;
}

/* A responder's choice must be one of what was offered. */
static channel_status take_choice(channel *c, int suite, const uint8_t bytes[CHANNEL_CHOICE_BYTES])
{
    channel_choice choice;

    channel_choice_read(&choice, bytes);
    if (choice.suite != suite || !channel_hello_has(&c->hello, suite) ||
        choice.version < c->hello.min_version || choice.version > c->hello.max_version)
        return channel_fail(c, CHANNEL_ERR_FORMAT,
                            "the peer chose version %d over suite %d, which was not offered",
                            choice.version, choice.suite);
    c->choice = choice;
    c->agreed = 1;
    c->phase = CHANNEL_DECIDE;
    return CHANNEL_OK;
}

static channel_status take_second(channel *c, const uint8_t *bytes, size_t n)
{
    uint8_t choice[CHANNEL_CHOICE_BYTES];
    size_t size = 0;

    if (n != NOISE_ANSWER)
        return channel_fail(c, CHANNEL_ERR_FORMAT,
                            "the peer answers with a handshake of %zu bytes in the place of %d", n,
                            NOISE_ANSWER);
    if (channel_handshake_read(&c->handshake, choice, &size, bytes, n) != CHANNEL_OK)
        return forged(c);
    CKKS_PUBLIC(choice, sizeof choice); /* it decides what this side does next, for all to see */
    return take_choice(c, CHANNEL_SUITE_NOISE, choice);
}

static channel_status take_answer(channel *c, const uint8_t *bytes, size_t n)
{
    const int kind = bytes[CHANNEL_RECORD_HEAD];
    channel_hello theirs;

    bytes += ANSWER_HEAD;
    n -= ANSWER_HEAD;
    if (kind == CHANNEL_ANSWER_NOISE && channel_hello_has(&c->hello, CHANNEL_SUITE_NOISE))
        return take_second(c, bytes, n);
    if (kind == CHANNEL_ANSWER_PLAIN && n == CHANNEL_CHOICE_BYTES &&
        channel_hello_has(&c->hello, CHANNEL_SUITE_PLAIN))
        return take_choice(c, CHANNEL_SUITE_PLAIN, bytes);
    if (kind == CHANNEL_ANSWER_REFUSAL && channel_hello_read(&theirs, bytes, n) == CHANNEL_OK)
        return no_common(c, "refused", &theirs);
    return channel_fail(c, CHANNEL_ERR_FORMAT,
                        "the peer's answer is none to what was offered: kind %d, %zu bytes", kind,
                        n);
}

channel_status channel_shake_take(channel *c, const uint8_t *bytes, size_t n)
{
    switch (c->step) {
    case CHANNEL_STEP_HELLO:
        return take_hello(c, bytes, n);
    case CHANNEL_STEP_FIRST:
        return take_first(c, bytes, n);
    case CHANNEL_STEP_ANSWER:
        return take_answer(c, bytes, n);
    case CHANNEL_STEP_LAST:
        return take_last(c, bytes + CHANNEL_RECORD_HEAD, n - CHANNEL_RECORD_HEAD);
    case CHANNEL_STEP_RECORD:
        break;
    }
    return channel_receive_record(c, bytes + CHANNEL_RECORD_HEAD, n - CHANNEL_RECORD_HEAD);
}

/* What this side still has to send, then keys for records. */
static channel_status open_up(channel *c)
{
    uint8_t message[CHANNEL_RECORD_HEAD + CHANNEL_HANDSHAKE_LAST];
    channel_status st = CHANNEL_OK;

    channel_record_init(&c->sending, NULL);
    channel_record_init(&c->receiving, NULL);
    if (c->choice.suite == CHANNEL_SUITE_PLAIN) {
        write_choice(c, message);
        if (!c->initiator)
            st = send_answer(c, CHANNEL_ANSWER_PLAIN, message, CHANNEL_CHOICE_BYTES);
    } else {
        channel_cipher sending;
        channel_cipher receiving;
        size_t n = 0;

        if (c->initiator) {
            if (channel_handshake_write(&c->handshake, message + CHANNEL_RECORD_HEAD, &n, NULL,
                                        0) != CHANNEL_OK)
                return forged(c);
            ckks_store_u16le(message, (uint16_t)n);
            st = channel_send_raw(c, message, CHANNEL_RECORD_HEAD + n);
        }
        channel_handshake_split(&c->handshake, &sending, &receiving);
        channel_record_init(&c->sending, &sending);
        channel_record_init(&c->receiving, &receiving);
        ckks_wipe(&sending, sizeof sending);
        ckks_wipe(&receiving, sizeof receiving);
    }
    ckks_wipe(&c->keys, sizeof c->keys);
    ckks_wipe(c->ephemeral, sizeof c->ephemeral);
    c->step = CHANNEL_STEP_RECORD;
    if (st == CHANNEL_OK)
        c->phase = CHANNEL_OPEN;
    return st;
}

static channel_status not_deciding(channel *c)
{
    return c->phase == CHANNEL_FAILED
               ? c->failed
               : channel_note(c, CHANNEL_ERR_STATE, "there is no peer to decide about now");
}

channel_status channel_accept(channel *c)
{
    return c->phase == CHANNEL_DECIDE ? open_up(c) : not_deciding(c);
}

channel_status channel_reject(channel *c, const char *why)
{
    channel_status st = CHANNEL_OK;

    if (c->phase != CHANNEL_DECIDE)
        return not_deciding(c);
    if (!c->initiator) {
        st = open_up(c);
        if (st == CHANNEL_OK)
            st = channel_send_close(c, why != NULL ? why : "refused");
    }
    if (st != CHANNEL_OK)
        return st;
    (void)channel_fail(c, CHANNEL_ERR_REFUSED, "the peer was refused: %s", why != NULL ? why : "");
    return CHANNEL_OK;
}
