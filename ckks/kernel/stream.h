/* ChaCha20's key stream by the fastest loop that this machine has, for the folders above.
 *
 * Time: constant.  Source: [RFC8439] 2.4
 */
#ifndef UNSEEN_CKKS_KERNEL_STREAM_H
#define UNSEEN_CKKS_KERNEL_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* ckks_chacha_blocks, see chacha.h. */
typedef void (*ckks_stream)(uint8_t *out, size_t block_count, const uint8_t key[32],
                            uint64_t counter, uint64_t nonce);

/** The loop to use here. It asks the processor: keep the answer. */
ckks_stream ckks_stream_select(void);

#endif
