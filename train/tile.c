/* Which family runs here. */
#include "train/tile.h"

enum { FAMILIES = 4 };

/* The i-th family when it can run, else NULL. */
static const train_tile *family(int i)
{
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
    if (i == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl")
                   ? train_tile_avx512()
                   : NULL;
    if (i == 1)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? train_tile_avx2()
                                                                               : NULL;
#endif
    if (i == 2)
        return train_tile_neon();
    return i == 3 ? train_tile_portable() : NULL;
}

const train_tile *train_tile_list(int i)
{
    for (int f = 0; f < FAMILIES; f++) {
        const train_tile *t = family(f);
        if (t != NULL && i-- == 0)
            return t;
    }
    return NULL;
}
