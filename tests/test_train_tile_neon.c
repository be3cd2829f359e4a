/* The trainer's loops for four lanes, 64-bit Arm. */
#include "tests/train_tiles.h"

int main(void)
{
    return train_tiles_main("neon", train_tile_neon());
}
