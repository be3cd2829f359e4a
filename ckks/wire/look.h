/* What written objects are, without their parameters: for whoever sorts files and has no key. */
#ifndef UNSEEN_CKKS_WIRE_LOOK_H
#define UNSEEN_CKKS_WIRE_LOOK_H

#include "ckks/ckks.h"

/** What can be told of a written object without its parameters; fields that its kind has not are
 *  0. */
typedef struct ckks_wire_info {
    int kind; /* CKKS_WIRE_... */
    int version;
    uint64_t context_id; /* identity of its parameters */
    int insecure;        /* parameters without a security check, for tests */
    size_t bytes;        /* of the object; more may follow it */
    size_t ring;         /* of a secret key: N */
    size_t keys;         /* of evaluation keys: how many */
    int limbs, parts;    /* of a ciphertext */
    int seeded;          /* of a ciphertext: part 1 is given by its seed */
} ckks_wire_info;

/** Look at hostile bytes that begin with an object of any kind: whether it is whole, by its length
 *  and its checksum, and what it is. Its residues and keys are not looked at, they need the
 *  parameters (ckks_..._read). Nothing of a secret key is told but its kind and its size.
 *
 *  Out:     out   empty on failure
 *           why   may be NULL
 *  Fails:   CKKS_ERR_FORMAT, CKKS_ERR_VERSION
 */
CKKS_MUST_CHECK ckks_status ckks_wire_look(ckks_wire_info *out, const uint8_t *in, size_t in_size,
                                           char *why, size_t why_size);

#endif
