/* Bytes as hexadecimal digits, 0-9 and a-f. */
#ifndef UNSEEN_TOOLS_HEX_H
#define UNSEEN_TOOLS_HEX_H

#include <stddef.h>
#include <stdint.h>

/** Digits for n bytes: text gets 2 n + 1 characters. */
void hex_write(char *text, const uint8_t *bytes, size_t n);

/** The n bytes of 2 n digits.
 *
 *  Returns: 1, or 0 when there are others among them or more follow; bytes are then undefined
 */
int hex_read(uint8_t *bytes, size_t n, const char *text);

#endif
