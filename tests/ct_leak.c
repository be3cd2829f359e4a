/* A leak on purpose: where secrets are marked, this must be caught, or the checker checks nothing.
 * `make check-ct` and `make check-msan` expect it to fail; run plainly it passes.
 */
#include <stdio.h>

#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/random/entropy.h"

int main(void)
{
    uint8_t secret[CKKS_SEED_BYTES];

    if (ckks_entropy(secret) != CKKS_OK)
        return 0;
    if (secret[0] == 7)
        puts("the secret begins with 7");
    return 0;
}
