/* The trainer's loops for sixteen lanes, AVX-512. */
#include "tests/train_tiles.h"

int main(void)
{
    return train_tiles_main("avx512", train_tile_avx512());
}
