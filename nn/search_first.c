/* What the client can do for the first matrix, because it lays out the image: replicas with
 * offsets for the first matrix, or for the second, copies of the image in which the outputs of the
 * first are woven, and slots that are filled for chosen steps. */
#include <stdlib.h>

#include "nn/gather.h"
#include "nn/search.h"

static int log2_of(size_t n)
{
    int k = 0;
    while (((size_t)1 << k) < n)
        k++;
    return k;
}

/* The affine stage behind stage 0, or stages->count. */
static size_t second_matrix(const nn_stages *s)
{
    size_t k = 1;
    while (k < s->count && s->stage[k].kind == NN_STAGE_POLY)
        k++;
    return k;
}

/* Hand over a way with a layout of the image; all three parts are taken over or released. */
static nn_status offer(nn_search *s, size_t from, nn_layout *image, nn_route *route,
                       nn_candidate *out)
{
    nn_way w = {.at = *out, .image = *image, .route = *route, .from = from};
    *out = (nn_candidate){0};
    *image = (nn_layout){0};
    *route = (nn_route){0};
    return nn_search_offer(s, 1, &w);
}

/* Replicas of the image get the offsets that suit the first matrix. */
static nn_status split_first(nn_search *s, size_t from, const nn_candidate *c)
{
    const nn_affine *a = &s->stages->stage[0].affine;
    const nn_layout *plain = &s->ways[0].way[from].at.layout;
    int generator[NN_GENERATORS_MAX];
    nn_layout image = {0};
    nn_route route = {0};
    nn_candidate out = {.grid = c->grid};
    nn_status st = nn_route_generators(generator, a, plain, &c->layout);
    if (st == NN_OK)
        st = nn_layout_copy(&image, plain);
    if (st == NN_OK)
        st = nn_layout_move(&image, generator, log2_of(plain->slots / plain->period));
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_SPLIT, a, &image, &c->layout);
    if (st == NN_OK)
        st = nn_layout_copy(&out.layout, &c->layout);
    if (st == NN_OK)
        return offer(s, from, &image, &route, &out);
    nn_layout_clear(&image);
    nn_route_clear(&route);
    return nn_search_over(st);
}

/* The tensor behind the first matrix gets the offsets that suit the second one, and the image the
 * same. */
static nn_status split_second(nn_search *s, size_t from, const nn_candidate *mid,
                              const nn_stage *second, const nn_layout *behind)
{
    const nn_affine *a = &s->stages->stage[0].affine;
    const nn_layout *plain = &s->ways[0].way[from].at.layout;
    int generator[NN_GENERATORS_MAX];
    nn_layout image = {0};
    nn_route route = {0};
    nn_candidate out = {.grid = mid->grid};
    nn_status st = nn_route_generators(generator, &second->affine, &mid->layout, behind);
    if (st == NN_OK)
        st = nn_layout_copy(&out.layout, &mid->layout);
    if (st == NN_OK)
        st =
            nn_layout_move(&out.layout, generator, log2_of(mid->layout.slots / mid->layout.period));
    if (st == NN_OK)
        st = nn_layout_copy(&image, plain);
    if (st == NN_OK)
        st = nn_layout_align(&image, &out.layout);
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_ALIGNED, a, &image, &out.layout);
    if (st == NN_OK)
        return offer(s, from, &image, &route, &out);
    nn_layout_clear(&image);
    nn_layout_clear(&out.layout);
    return nn_search_over(st);
}

nn_status nn_search_moved(nn_search *s, size_t image)
{
    const nn_stage *stage = s->stages->stage;
    const nn_candidate *plain = &s->ways[0].way[image].at;
    size_t next = second_matrix(s->stages);
    nn_candidate mid[NN_SEARCH_CANDIDATES + 1] = {0};
    int count = 0;
    if (plain->layout.period == plain->layout.slots)
        return NN_OK;
    nn_status st = nn_candidates_find(mid, &count, plain, &stage[0]);
    for (int n = 0; n < count && st == NN_OK; n++) {
        nn_candidate behind[NN_SEARCH_CANDIDATES + 1] = {0};
        int behinds = 0;
        st = split_first(s, image, &mid[n]);
        if (st != NN_OK || next == s->stages->count ||
            mid[n].layout.period == mid[n].layout.slots ||
            mid[n].layout.period < plain->layout.period)
            continue;
        st = nn_candidates_find(behind, &behinds, &mid[n], &stage[next]);
        for (int m = 0; m < behinds && st == NN_OK; m++)
            if (behind[m].layout.period < behind[m].layout.slots)
                st = split_second(s, image, &mid[n], &stage[next], &behind[m].layout);
        nn_candidates_clear(behind, behinds);
    }
    nn_candidates_clear(mid, count);
    return st;
}

/* Slots filled for chosen steps, the maps behind on a grid with some room between rows and maps. */
static nn_status gather_on(nn_search *s, nn_grid grid)
{
    const nn_stage *first = &s->stages->stage[0];
    nn_candidate out = {.grid = grid};
    nn_layout image = {0};
    nn_route route = {0};
    nn_status st = nn_layout_grid(&out.layout, s->slots, first->out, grid);
    if (st == NN_OK)
        st = nn_gather_find(&image, &route, &first->affine, first->in, first->out, &out.layout,
                            grid);
    if (st == NN_OK)
        return offer(s, 0, &image, &route, &out);
    nn_layout_clear(&out.layout);
    return nn_search_over(st);
}

static nn_status gather(nn_search *s)
{
    enum { ROOM_MAX = 2 };
    nn_shape maps = s->stages->stage[0].out;
    nn_status st = NN_OK;
    for (size_t r = 0; r <= ROOM_MAX && st == NN_OK; r++)
        for (size_t h = 0; h <= ROOM_MAX && st == NN_OK; h++) {
            size_t row = maps.w + r, block = (maps.h + h) * row;
            st = gather_on(s, (nn_grid){.row = row, .gap = 1, .block = block});
            if (st == NN_OK && nn_layout_pow2(block) != block)
                st = gather_on(s, (nn_grid){row, 1, nn_layout_pow2(block)});
        }
    return st;
}

/* Diagonals of the second matrix behind a woven layout, the fewest over its candidates. */
static nn_status fewest_behind(int *fewest, const nn_search *s, const nn_candidate *woven,
                               size_t next)
{
    const nn_stage *stage = &s->stages->stage[next];
    nn_candidate c[NN_SEARCH_CANDIDATES + 1] = {0};
    int count = 0;
    nn_status st = nn_candidates_find(c, &count, woven, stage);
    *fewest = INT32_MAX;
    for (int n = 0; n < count && st == NN_OK; n++) {
        nn_route r = {0};
        st = nn_route_find(&r, NN_ROUTE_SPLIT, &stage->affine, &woven->layout, &c[n].layout);
        if (st == NN_OK && r.count < *fewest)
            *fewest = r.count;
        nn_route_clear(&r);
        st = nn_search_over(st);
    }
    nn_candidates_clear(c, count);
    return st;
}

/* One copy of the image for each map and copy of it. */
static nn_status image_copies(nn_layout *image, const nn_search *s, nn_weave w)
{
    nn_shape maps = s->stages->stage[0].out;
    size_t copies = maps.c * w.copies;
    uint32_t *start = malloc(copies * sizeof *start);
    if (start == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < copies; k++)
        start[k] = (uint32_t)(k / w.copies * w.step + k % w.copies * (w.step / w.copies + w.shift));
    nn_status st =
        nn_layout_replicas(image, s->slots, nn_shape_count(s->stages->input), start, copies);
    free(start);
    return st;
}

/* A weave with the shift of its copies that serves the second matrix best. */
static nn_status weave_on(nn_search *s, nn_weave w, nn_grid grid, size_t next)
{
    const nn_stage *first = &s->stages->stage[0];
    size_t image_size = nn_shape_count(s->stages->input);
    size_t slack = w.copies > 1 ? w.step / w.copies - image_size : 0;
    size_t best_shift = 0;
    int best = INT32_MAX;
    nn_candidate out = {0};
    nn_status st = NN_OK;
    for (size_t shift = 0; shift <= slack && st == NN_OK; shift = shift == 0 ? 1 : 2 * shift) {
        nn_candidate trial = {.grid = grid};
        int fewest = 0;
        w.shift = shift;
        st = nn_layout_weave(&trial.layout, s->slots, first->out, w);
        if (st == NN_OK)
            st = fewest_behind(&fewest, s, &trial, next);
        if (st == NN_OK && fewest < best) {
            best = fewest;
            best_shift = shift;
            nn_layout_clear(&out.layout);
            out = trial;
            continue;
        }
        nn_layout_clear(&trial.layout);
        st = nn_search_over(st);
    }
    if (st != NN_OK || out.layout.first == NULL)
        return st;
    nn_layout image = {0};
    nn_route route = {0};
    w.shift = best_shift;
    st = image_copies(&image, s, w);
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_ALIGNED, &first->affine, &image, &out.layout);
    if (st == NN_OK)
        return offer(s, 0, &image, &route, &out);
    nn_layout_clear(&image);
    nn_layout_clear(&out.layout);
    return nn_search_over(st);
}

static nn_status weave(nn_search *s)
{
    nn_shape in = s->stages->input, maps = s->stages->stage[0].out;
    size_t next = second_matrix(s->stages), image_size = nn_shape_count(in);
    if (next == s->stages->count || maps.h < 2 || maps.w < 2 || in.h < maps.h || in.w < maps.w)
        return NN_OK;
    size_t gap = (in.h + maps.h - 1) / maps.h, step = s->slots / nn_layout_pow2(maps.c);
    nn_grid grid = {.row = in.w, .gap = gap, .block = nn_layout_pow2(in.h * in.w)};
    nn_status st = NN_OK;
    for (size_t copies = 1; copies * image_size <= step && st == NN_OK; copies *= 2)
        st = weave_on(s, (nn_weave){in.w, gap, step, copies, 0}, grid, next);
    return st;
}

nn_status nn_search_packed(nn_search *s)
{
    nn_status st = gather(s);
    return st == NN_OK ? weave(s) : st;
}
