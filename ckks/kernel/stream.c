/* The key stream of the family that ckks_kernel_select finds for any prime. */
#include "ckks/kernel/stream.h"

#include "ckks/base/cpu.h"
#include "ckks/kernel/kernel.h"

ckks_stream ckks_stream_select(void)
{
    return ckks_kernel_select(ckks_cpu_detect(), 0, NULL)->client->chacha_blocks;
}
