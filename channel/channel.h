/* Public interface of the secure channel: two parties who know each other's keys exchange frames
 * over any stream of bytes.
 *
 * A channel does no input or output and reads no clock. Bytes from the network go in by
 * channel_feed, frames come out by channel_receive; frames go in by channel_send, bytes for the
 * network come out by channel_output. One life of it, the same for both roles:
 *
 *  - CHANNEL_HANDSHAKE, from channel_create on: pass bytes both ways. The initiator's output holds
 *    its first message at once.
 *  - CHANNEL_DECIDE: look at channel_peer_key and channel_version. Nothing more is sent and no byte
 *    taken before channel_accept or channel_reject.
 *  - CHANNEL_OPEN, once accepted: frames both ways.
 *  - CHANNEL_CLOSED or CHANNEL_FAILED, after a close by either side or an error: send what
 *    channel_output still has, hang up, channel_free.
 *
 * A caller's loop, in short:
 *
 *     send channel_output, channel_consume what went
 *     st = channel_feed(c, &used, in, n);   used < n: a frame or a decision waits
 *     if (channel_state(c) == CHANNEL_DECIDE) check the key, channel_accept or channel_reject
 *     while ((got = channel_receive(c, &frame)) == 1) use the frame
 *     if (st != CHANNEL_OK || got < 0) say channel_error(c), stop
 *
 * The handshake is Noise_XX_25519_ChaChaPoly_BLAKE2s; its prologue is the initiator's HELLO
 * (protocol name, versions, suites, limits), so a HELLO changed on the way ends the handshake, and
 * the choice of the responder travels encrypted: nobody in between can bring down a version or
 * suite. Records are sealed in order; a record lost, repeated, moved or changed ends the channel.
 * Keys of the records change every 2^20 records (64 GiB at most).
 *
 * Laws of every function here:
 *  - A channel belongs to one thread at a time.
 *  - CHANNEL_OK (0) or a negative status, with one sentence in channel_error that holds no secret.
 *    But for CHANNEL_ERR_ARG, _STATE and _FULL, which leave the channel as it was, a failure is
 *    final: the state is CHANNEL_FAILED and every later call returns the same status.
 *  - Memory: about 1.5 KiB, and up to four times what is in flight: a record (64 KiB) and a frame
 *    coming in, max_backlog going out. Buffers grow with bytes that have come, never with lengths
 *    that a peer claims.
 *  - Whatever held a secret is wiped before it is given back.
 *
 * Source: [Noise18], [RFC7748], [RFC8439], [RFC7693]
 */
#ifndef UNSEEN_CHANNEL_CHANNEL_H
#define UNSEEN_CHANNEL_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "channel/hash.h"
#include "ckks/ckks.h"

#ifdef __cplusplus
extern "C" {
#endif

/** 0 or negative; -400..-499 are this folder's. */
typedef int channel_status;

enum {
    CHANNEL_OK = 0,
    CHANNEL_ERR_ARG = -400,     /* NULL, an option out of range, a frame above the limit */
    CHANNEL_ERR_STATE = -401,   /* not in this state of the channel */
    CHANNEL_ERR_FULL = -402,    /* the backlog has no room for the frame yet */
    CHANNEL_ERR_MEMORY = -403,  /* an allocation failed */
    CHANNEL_ERR_ENTROPY = -404, /* the system gave no randomness */
    CHANNEL_ERR_FORMAT = -405,  /* the peer's bytes are not of this protocol */
    CHANNEL_ERR_VERSION = -406, /* no common protocol, version or suite */
    CHANNEL_ERR_FORGED = -407,  /* bytes changed on the way, or a key that the peer has not */
    CHANNEL_ERR_LIMIT = -408,   /* the peer sent more than was agreed */
    CHANNEL_ERR_REFUSED = -409, /* the peer hung up and said why, or its key was rejected here */
    CHANNEL_ERR_CUT = -410      /* the stream ended without a close */
};

enum {
    CHANNEL_KEY_BYTES = 32,
    CHANNEL_FINGERPRINT_CHARS = 40, /* with the NUL */
    CHANNEL_MAX_NAME = 32,
    CHANNEL_MAX_SUITES = 4,
    CHANNEL_MAX_PAYLOAD = 1 << 20,     /* bytes of a frame's payload, at most */
    CHANNEL_DEFAULT_BACKLOG = 4 << 20, /* bytes */
    CHANNEL_MAX_TEXT = 200,            /* characters of a peer's reason */
    CHANNEL_TYPE_CLOSE = 0xffff        /* the one frame type that the channel keeps for itself */
};

enum { CHANNEL_INITIATOR = 0, CHANNEL_RESPONDER = 1 };

/** What protects the frames. */
enum {
    CHANNEL_SUITE_PLAIN =
        0,                  /* nothing: for AF_UNIX, and for loopback where the user asked for it */
    CHANNEL_SUITE_NOISE = 1 /* Noise_XX_25519_ChaChaPoly_BLAKE2s */
};

/** Where a channel is in its life. */
typedef enum channel_phase {
    CHANNEL_HANDSHAKE, /* passing messages */
    CHANNEL_DECIDE,    /* waits for channel_accept or channel_reject */
    CHANNEL_OPEN,      /* frames both ways */
    CHANNEL_CLOSED,    /* closed in good order, by either side */
    CHANNEL_FAILED     /* ended by an error, see channel_error */
} channel_phase;

/* ------------------------------------------------------------------ keys */

/** A party's lasting key pair. Wipe it with ckks_wipe. */
typedef struct channel_keys {
    uint8_t secret[CHANNEL_KEY_BYTES];
    uint8_t public_key[CHANNEL_KEY_BYTES];
} channel_keys;

/** A new key pair.
 *
 *  In:      entropy  NULL, or with a NULL fill: the operating system
 *  Fails:   CHANNEL_ERR_ARG, CHANNEL_ERR_ENTROPY; keys are then all zero
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status
channel_keys_create(channel_keys *keys, const ckks_entropy_source *entropy);

/** The pair of a secret that was kept in a file: any 32 bytes. secret may be keys->secret.
 *
 *  Time:    constant
 */
CHANNEL_API void channel_keys_from_secret(channel_keys *keys,
                                          const uint8_t secret[CHANNEL_KEY_BYTES]);

/** How a public key is shown to people: 128 bits of its digest, "3f0a-91c2-..." in eight groups. */
CHANNEL_API void channel_fingerprint(char text[CHANNEL_FINGERPRINT_CHARS],
                                     const uint8_t public_key[CHANNEL_KEY_BYTES]);

/* ------------------------------------------------------------------ a channel's life */

typedef struct channel channel;

/** What a party brings along; zero or NULL stands for the usual where that is said. */
typedef struct channel_options {
    const char *protocol; /* spoken inside, such as "unseen-ask": a-z 0-9 -, <= CHANNEL_MAX_NAME */
    uint16_t min_version; /* of that protocol */
    uint16_t max_version; /* >= min_version */
    uint8_t suites[CHANNEL_MAX_SUITES]; /* CHANNEL_SUITE_..., the best first */
    size_t suite_count;       /* plain is never one of several for an initiator, else whoever stands
                                 in between could choose it */
    const channel_keys *keys; /* copied; NULL only when all suites are plain */
    size_t max_payload;       /* of a frame to take; 0: CHANNEL_MAX_PAYLOAD */
    size_t max_backlog;       /* bytes that may wait to be sent; 0: CHANNEL_DEFAULT_BACKLOG; a
                                 largest frame fits in any case when nothing else waits */
    ckks_entropy_source entropy;
    ckks_allocator allocator;
} channel_options;

/** A channel at its beginning.
 *
 *  Out:     c     the channel, or NULL on failure
 *           why   why_size bytes for one sentence on failure; may be NULL with 0
 *  In:      role  CHANNEL_INITIATOR or CHANNEL_RESPONDER
 *  Fails:   CHANNEL_ERR_ARG, CHANNEL_ERR_MEMORY, CHANNEL_ERR_ENTROPY
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_create(channel **c, int role,
                                                             const channel_options *options,
                                                             char *why, size_t why_size);

/** Wipe and give back; NULL is fine. */
CHANNEL_API void channel_free(channel *c);

/** Take bytes from the network.
 *
 *  Stops early, with CHANNEL_OK, where a frame waits for channel_receive or the key for a decision:
 * go on with the rest after that. Once closed it takes and forgets everything. A call takes all n
 * bytes, or leaves a frame or a decision waiting, or fails.
 *
 *  Out:     used  bytes taken, <= n, also on failure
 *  In:      bytes may be NULL when n is 0
 *  Fails:   CHANNEL_ERR_MEMORY, _FORMAT, _VERSION, _FORGED, _LIMIT, _REFUSED; there may be a last
 * output
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_feed(channel *c, size_t *used,
                                                           const uint8_t *bytes, size_t n);

/** Say that the network will bring no more bytes.
 *
 *  Fails:   CHANNEL_ERR_CUT unless the channel is closed; what it failed with before
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_feed_end(channel *c);

/** Bytes that wait to be sent, sealed by this call; NULL with *n = 0 when there are none. They stay
 *  where they are until the next call that takes or adds bytes. Frames sent since the last call
 *  share records, so ask once for each write to the network, not once for each frame.
 *
 *  Out:     n     how many
 */
CHANNEL_API const uint8_t *channel_output(channel *c, size_t *n);

/** Forget the first n bytes of channel_output: they are sent.  Range: n at most what it gave */
CHANNEL_API void channel_consume(channel *c, size_t n);

/** Bytes that wait to be sent, with what sealing adds. */
CHANNEL_API size_t channel_backlog(const channel *c);

/** The largest payload that channel_send takes now; 0 when there is no room at all or it is not
 * open. */
CHANNEL_API size_t channel_room(const channel *c);

/** Give back the buffers that are empty, for a channel that will be idle. */
CHANNEL_API void channel_trim(channel *c);

/** Where the channel is in its life. */
CHANNEL_API channel_phase channel_state(const channel *c);

/** Why it failed or was refused or what the last call did not like: one sentence, never NULL. A
 * peer's own words are cut to CHANNEL_MAX_TEXT printable characters. */
CHANNEL_API const char *channel_error(const channel *c);

/* ------------------------------------------------------------------ the decision */

/** The peer's public key, proven: only who has its secret can be at the other end. From
 * CHANNEL_DECIDE on.
 *
 *  Out:     key   unchanged when the result is 0
 *  Returns: 1, or 0 when there is none: earlier, or with the plain suite
 */
CHANNEL_API int channel_peer_key(const channel *c, uint8_t key[CHANNEL_KEY_BYTES]);

/** The version both speak, from CHANNEL_DECIDE on; 0 earlier. */
CHANNEL_API uint16_t channel_version(const channel *c);

/** The suite both use, from CHANNEL_DECIDE on; -1 earlier. */
CHANNEL_API int channel_suite(const channel *c);

/** The largest payload that the peer takes, from CHANNEL_DECIDE on; 0 earlier. */
CHANNEL_API size_t channel_peer_max_payload(const channel *c);

/** Go on with this peer.
 *
 *  Fails:   CHANNEL_ERR_STATE outside of CHANNEL_DECIDE, CHANNEL_ERR_MEMORY
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_accept(channel *c);

/** Refuse this peer: the state becomes CHANNEL_FAILED with CHANNEL_ERR_REFUSED. A responder's peer
 * is told why, encrypted with the noise suite; an initiator tells nothing, not even its own key.
 *
 *  In:      why   a sentence for the peer and for channel_error
 *  Fails:   CHANNEL_ERR_STATE outside of CHANNEL_DECIDE, CHANNEL_ERR_MEMORY
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_reject(channel *c, const char *why);

/* ------------------------------------------------------------------ frames */

/** A message. On the wire, inside the records, 16 bytes stand before the payload, little-endian:
 * u32 size, u16 type, u16 flags, u32 stream, u32 clock. */
typedef struct channel_frame {
    uint16_t type;   /* the caller's, not CHANNEL_TYPE_CLOSE */
    uint16_t flags;  /* the caller's */
    uint32_t stream; /* the caller's */
    uint32_t
        clock; /* Lamport's clock, set by the channel: an answer's is above that of its question */
    const uint8_t *payload;
    size_t size;
} channel_frame;

/** Queue a frame; the payload is copied. All or nothing.
 *
 *  In:      frame  clock is not looked at; payload may be NULL when size is 0
 *  Cost:    sealing and one copy
 *  Fails:   CHANNEL_ERR_STATE unless open; CHANNEL_ERR_ARG: the channel's own type, or size above
 * the smaller of CHANNEL_MAX_PAYLOAD and channel_peer_max_payload; CHANNEL_ERR_FULL: consume output
 *           first; CHANNEL_ERR_MEMORY
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_send(channel *c, const channel_frame *frame);

/** The next frame that has come.
 *
 *  Out:     frame  payload belongs to the channel, until its next channel_feed, channel_receive or
 *                  channel_free; unchanged unless the result is 1
 *  Returns: 1; 0 when none is complete yet, or the peer closed in good order; or a negative status:
 *           CHANNEL_ERR_FORMAT, _LIMIT, _MEMORY, CHANNEL_ERR_REFUSED when the peer closed with a
 * reason
 */
CHANNEL_API CHANNEL_MUST_CHECK int channel_receive(channel *c, channel_frame *frame);

/** End the channel: a last frame is queued that tells the peer so, sealed like all others, behind
 * all frames sent. Frames that come later are forgotten. While not open it only ends.
 *
 *  In:      why   NULL for a good end; else a sentence for the peer, cut to CHANNEL_MAX_TEXT
 *  Fails:   CHANNEL_ERR_MEMORY; the state is CHANNEL_FAILED then, else CHANNEL_CLOSED
 */
CHANNEL_API CHANNEL_MUST_CHECK channel_status channel_close(channel *c, const char *why);

/** What went through so far. */
typedef struct channel_counts {
    uint64_t bytes_in, bytes_out;   /* of the network: fed, and consumed */
    uint64_t frames_in, frames_out; /* received, and sent */
    uint32_t clock;
} channel_counts;

/** Counts of this channel up to now. */
CHANNEL_API channel_counts channel_counted(const channel *c);

#ifdef __cplusplus
}
#endif

#endif
