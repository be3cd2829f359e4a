/* The trainer's loops for eight lanes, AVX2 and FMA. */
#include "tests/train_tiles.h"

int main(void)
{
    return train_tiles_main("avx2", train_tile_avx2());
}
