/* Aligned memory through the caller's hook, wiping, and the arena of a worker.
 *
 * Every block is aligned to CKKS_ALIGN bytes at least, whatever the hook returns. An arena is a
 * stack in one block: mark on entry, take, release at `out:`.
 */
#ifndef UNSEEN_CKKS_BASE_MEM_H
#define UNSEEN_CKKS_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ckks.h"

enum {
    CKKS_ALIGN = 64,
    CKKS_HUGE_PAGE = 2 << 20 /* what x86-64 and most others have */
};

/** A block of at least `bytes` bytes, contents undefined; NULL on failure.
 *
 *  In:      a       NULL, or with NULL functions: malloc and free, and huge pages for blocks of
 *                   CKKS_HUGE_PAGE or more where the system has them
 *           bytes   0 gives a block as well
 */
void *ckks_mem_alloc(const ckks_allocator *a, size_t bytes);

/** The same, filled with zeros. */
void *ckks_mem_alloc_zero(const ckks_allocator *a, size_t bytes);

/** Return a block to where it came from; NULL is fine. Does not wipe. */
void ckks_mem_free(const ckks_allocator *a, void *p, size_t bytes);

/** Wipe, then return. */
void ckks_mem_free_wipe(const ckks_allocator *a, void *p, size_t bytes);

/** *out = a * b. Returns 1, or 0 when it overflows (*out unchanged). */
int ckks_size_mul(size_t *out, size_t a, size_t b);

/** *out = a + b. Returns 1, or 0 when it overflows (*out unchanged). */
int ckks_size_add(size_t *out, size_t a, size_t b);

/** bytes rounded up to a multiple of CKKS_ALIGN: what an arena uses up for one block. */
size_t ckks_arena_round(size_t bytes);

typedef struct ckks_arena {
    unsigned char *base; /* aligned to CKKS_ALIGN */
    size_t size, used;
    size_t peak; /* the largest `used` so far */
} ckks_arena;

/** An arena over `size` bytes at base, which stays the caller's. */
void ckks_arena_init(ckks_arena *arena, void *base, size_t size);

/** A block aligned to CKKS_ALIGN, contents undefined; NULL when the arena is full. */
void *ckks_arena_take(ckks_arena *arena, size_t bytes);

/** The present height, for ckks_arena_release. */
size_t ckks_arena_mark(const ckks_arena *arena);

/** Give back all that was taken since the mark. */
void ckks_arena_release(ckks_arena *arena, size_t mark);

/** The same, and wipe it. */
void ckks_arena_release_wipe(ckks_arena *arena, size_t mark);

#endif
