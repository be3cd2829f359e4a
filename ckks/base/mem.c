/* Aligned memory. The block that the hook returns is kept in the word before the aligned one.
 *
 * Where the system gives huge pages to those who ask, large blocks from malloc begin at such a page
 * and ask for it: a walk along several rows then needs a few entries of the address cache in the
 * place of hundreds. The pages up to the first huge one are never touched, those behind the last
 * full one stay small.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#endif

#include "ckks/base/mem.h"

#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "ckks/base/check.h"
#include "ckks/base/ct.h"

int ckks_size_mul(size_t *out, size_t a, size_t b)
{
    if (a != 0 && b > SIZE_MAX / a)
        return 0;
    *out = a * b;
    return 1;
}

int ckks_size_add(size_t *out, size_t a, size_t b)
{
    if (b > SIZE_MAX - a)
        return 0;
    *out = a + b;
    return 1;
}

#if defined(MADV_HUGEPAGE)
static size_t alignment(const ckks_allocator *a, size_t bytes)
{
    return (a == NULL || a->alloc == NULL) && bytes >= CKKS_HUGE_PAGE ? CKKS_HUGE_PAGE : CKKS_ALIGN;
}

/* A refusal changes nothing. */
static void advise(void *p, size_t bytes)
{
    (void)madvise(p, bytes / CKKS_HUGE_PAGE * CKKS_HUGE_PAGE, MADV_HUGEPAGE);
}
#else
static size_t alignment(const ckks_allocator *a, size_t bytes)
{
    (void)a;
    (void)bytes;
    return CKKS_ALIGN;
}

static void advise(void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}
#endif

void *ckks_mem_alloc(const ckks_allocator *a, size_t bytes)
{
    const size_t align = alignment(a, bytes);
    size_t total;
    unsigned char *block;
    unsigned char *aligned;
    size_t misfit;

    if (!ckks_size_add(&total, bytes, align + sizeof(void *)))
        return NULL;
    block = a != NULL && a->alloc != NULL ? a->alloc(a->user, total) : malloc(total);
    if (block == NULL)
        return NULL;
    aligned = block + sizeof(void *);
    misfit = (size_t)((uintptr_t)aligned % align);
    if (misfit != 0)
        aligned += align - misfit;
    memcpy(aligned - sizeof(void *), &block, sizeof block);
    if (align > CKKS_ALIGN)
        advise(aligned, bytes);
    return aligned;
}

void *ckks_mem_alloc_zero(const ckks_allocator *a, size_t bytes)
{
    void *p = ckks_mem_alloc(a, bytes);

    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

void ckks_mem_free(const ckks_allocator *a, void *p, size_t bytes)
{
    void *block;

    (void)bytes;
    if (p == NULL)
        return;
    memcpy(&block, (unsigned char *)p - sizeof(void *), sizeof block);
    if (a != NULL && a->free != NULL)
        a->free(a->user, block);
    else
        free(block);
}

void ckks_mem_free_wipe(const ckks_allocator *a, void *p, size_t bytes)
{
    if (p == NULL)
        return;
    ckks_wipe(p, bytes);
    ckks_mem_free(a, p, bytes);
}

void ckks_wipe(void *p, size_t bytes)
{
    if (bytes == 0)
        return;
#if defined(__GNUC__) || defined(__clang__)
    memset(p, 0, bytes);
    /* The compiler must believe that somebody reads the zeros. */
    __asm__ volatile("" : : "r"(p) : "memory");
#else
    volatile unsigned char *b = p;
    for (size_t i = 0; i < bytes; i++)
        b[i] = 0;
#endif
    CKKS_SECRET(p, bytes);
}

size_t ckks_arena_round(size_t bytes)
{
    return bytes > SIZE_MAX - (CKKS_ALIGN - 1) ? SIZE_MAX - (CKKS_ALIGN - 1)
                                               : (bytes + CKKS_ALIGN - 1) / CKKS_ALIGN * CKKS_ALIGN;
}

void ckks_arena_init(ckks_arena *arena, void *base, size_t size)
{
    CKKS_VERIFY((uintptr_t)base % CKKS_ALIGN == 0);
    arena->base = base;
    arena->size = size;
    arena->used = 0;
    arena->peak = 0;
}

void *ckks_arena_take(ckks_arena *arena, size_t bytes)
{
    size_t need = ckks_arena_round(bytes);
    unsigned char *p = arena->base + arena->used;

    if (need < bytes || need > arena->size - arena->used)
        return NULL;
    arena->used += need;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return p;
}

size_t ckks_arena_mark(const ckks_arena *arena)
{
    return arena->used;
}

void ckks_arena_release(ckks_arena *arena, size_t mark)
{
    CKKS_VERIFY(mark <= arena->used);
    arena->used = mark;
}

void ckks_arena_release_wipe(ckks_arena *arena, size_t mark)
{
    CKKS_VERIFY(mark <= arena->used);
    ckks_wipe(arena->base + mark, arena->used - mark);
    arena->used = mark;
}
