/* FNV-1a: xor a byte in, multiply by the prime. */
#include "nn/base/digest.h"

uint64_t nn_digest(const uint8_t *bytes, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t k = 0; k < size; k++)
        h = (h ^ bytes[k]) * UINT64_C(0x100000001b3);
    return h;
}
