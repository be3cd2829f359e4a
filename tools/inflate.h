/* Decompression of deflate streams and gzip files held in memory, written for bytes that may be
 * hostile: every read is bounded by the input, every write by a limit that the caller gives, and a
 * code that is over-subscribed, incomplete or unassigned is an error rather than a guess.
 *
 * Sources: RFC 1951 (deflate), RFC 1952 (gzip, CRC-32).
 */
#ifndef UNSEEN_TOOLS_INFLATE_H
#define UNSEEN_TOOLS_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/** The CRC-32 of gzip over more bytes.
 *
 *  In:      crc    0 for the first bytes, else the value so far
 *           bytes  size bytes
 *  Returns: the CRC of everything so far
 */
uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t size);

/** Tell whether bytes begin like a gzip file. */
int inflate_is_gzip(const uint8_t *bytes, size_t size);

/** Decompress one raw deflate stream.
 *
 *  Out:     out       a block from malloc for the caller to free (never NULL on success)
 *           out_size  its length, at most limit
 *           used      how many input bytes the stream took
 *           why       on failure, one sentence
 *  In:      bytes     size bytes; more may follow the stream
 *           limit     refuse to produce more than this many bytes
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY; nothing is left allocated and the outputs are 0
 */
int inflate_raw(uint8_t **out, size_t *out_size, size_t *used, const uint8_t *bytes, size_t size,
                size_t limit, char *why, size_t why_size);

/** Decompress a whole gzip file: one or more members, each checked against its CRC and length.
 *
 *  As inflate_raw, except that the input must be used up; zero padding at its end is allowed.
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY
 */
int inflate_gzip(uint8_t **out, size_t *out_size, const uint8_t *bytes, size_t size, size_t limit,
                 char *why, size_t why_size);

#endif
