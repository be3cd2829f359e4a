/* The trainer's loops for plain C. */
#include "tests/train_tiles.h"

int main(void)
{
    return train_tiles_main("portable", train_tile_portable());
}
