/* What the client can do for the first matrix, because it lays out the image: replicas with
 * offsets for the first matrix, or for the second, copies of the image in which the outputs of the
 * first are woven, and slots that are filled for chosen steps. */
#include <stdlib.h>

#include "nn/slots/gather.h"
#include "nn/slots/search.h"

static int log2_of(size_t n)
{
    int k = 0;
    while (((size_t)1 << k) < n)
        k++;
    return k;
}

/* The affine stage that takes what stage 0 makes, through polynomials, or stages->count. */
static size_t second_matrix(const nn_stages *s)
{
    size_t k = 1, value = 1;
    for (; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        if (stage->input[0] != value)
            continue;
        if (stage->kind != NN_STAGE_POLY)
            break;
        value = k + 1;
    }
    return k < s->count && s->stage[k].kind == NN_STAGE_AFFINE ? k : s->count;
}

/* Hand over a way with a layout of the image; all three parts are taken over or released. */
static nn_status offer(nn_search *s, nn_candidate *image, nn_route *route, nn_candidate *out)
{
    uint32_t in = 0, behind = 0, edge = 0;
    nn_status st = nn_search_layout(s, &in, image);
    if (st == NN_OK)
        st = nn_search_layout(s, &behind, out);
    if (st == NN_OK)
        st = nn_search_add(s, &edge, 0, 0, in, behind, route);
    if (st == NN_OK)
        st = nn_search_offer(s, 0, NULL, in, behind, &edge);
    nn_route_clear(route);
    nn_layout_clear(&out->layout);
    return st;
}

/* Replicas of the image get the offsets that suit the first matrix. */
static nn_status split_first(nn_search *s, const nn_layout *plain, const nn_candidate *c)
{
    int generator[NN_GENERATORS_MAX];
    nn_candidate image = {0}, out = {.grid = c->grid};
    nn_route route = {0};
    nn_status st = nn_route_generators(generator, &s->pattern[0], plain, &c->layout);
    if (st == NN_OK)
        st = nn_layout_copy(&image.layout, plain);
    if (st == NN_OK)
        st = nn_layout_move(&image.layout, generator, log2_of(plain->slots / plain->period));
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_SPLIT, &s->pattern[0], &image.layout, &c->layout);
    if (st == NN_OK)
        st = nn_layout_copy(&out.layout, &c->layout);
    if (st == NN_OK)
        return offer(s, &image, &route, &out);
    nn_layout_clear(&image.layout);
    nn_route_clear(&route);
    return nn_search_over(st);
}

/* The tensor behind the first matrix gets the offsets that suit the second one, and the image the
 * same. */
static nn_status split_second(nn_search *s, const nn_layout *plain, const nn_candidate *mid,
                              const nn_pattern *second, const nn_layout *behind)
{
    int generator[NN_GENERATORS_MAX];
    nn_candidate image = {0}, out = {.grid = mid->grid};
    nn_route route = {0};
    nn_status st = nn_route_generators(generator, second, &mid->layout, behind);
    if (st == NN_OK)
        st = nn_layout_copy(&out.layout, &mid->layout);
    if (st == NN_OK)
        st =
            nn_layout_move(&out.layout, generator, log2_of(mid->layout.slots / mid->layout.period));
    if (st == NN_OK)
        st = nn_layout_copy(&image.layout, plain);
    if (st == NN_OK)
        st = nn_layout_align(&image.layout, &out.layout);
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_ALIGNED, &s->pattern[0], &image.layout, &out.layout);
    if (st == NN_OK)
        return offer(s, &image, &route, &out);
    nn_layout_clear(&image.layout);
    nn_layout_clear(&out.layout);
    return nn_search_over(st);
}

/* Offsets for every layout that may stand behind the second matrix. */
static nn_status split_seconds(nn_search *s, const nn_layout *plain, const nn_candidate *mid,
                               size_t next)
{
    nn_candidate behind[NN_CANDIDATES_MAX + 1] = {0};
    int count = 0;
    nn_status st = nn_candidates_find(behind, &count, mid, s->stages->stage[0].out,
                                      s->stages->stage[next].out, 0);
    for (int n = 0; n < count && st == NN_OK; n++)
        if (behind[n].layout.period < behind[n].layout.slots)
            st = split_second(s, plain, mid, &s->pattern[next * NN_INPUTS_MAX], &behind[n].layout);
    nn_candidates_clear(behind, count);
    return st;
}

nn_status nn_search_moved(nn_search *s, const nn_way *image)
{
    const nn_candidate *plain = s->layout[image->at[0]];
    size_t next = second_matrix(s->stages), period = plain->layout.period;
    nn_candidate mid[NN_CANDIDATES_MAX + 1] = {0};
    int count = 0;
    if (plain->layout.parts > 1 || period == plain->layout.slots)
        return NN_OK;
    nn_status st =
        nn_candidates_find(mid, &count, plain, s->stages->input, s->stages->stage[0].out, 0);
    for (int n = 0; n < count && st == NN_OK; n++) {
        size_t behind = mid[n].layout.period;
        st = split_first(s, &plain->layout, &mid[n]);
        if (st == NN_OK && next < s->stages->count && behind < mid[n].layout.slots &&
            behind >= period)
            st = split_seconds(s, &plain->layout, &mid[n], next);
    }
    nn_candidates_clear(mid, count);
    return st;
}

/* Slots filled for chosen steps, the maps behind on a grid with some room between rows and maps. */
static nn_status gather_on(nn_search *s, nn_grid grid)
{
    const nn_stage *first = &s->stages->stage[0];
    nn_candidate image = {0}, out = {.grid = grid};
    nn_route route = {0};
    nn_status st = nn_layout_grid(&out.layout, s->slots, first->out, grid);
    if (st == NN_OK)
        st = nn_gather_find(&image.layout, &route, &first->affine[0], s->stages->input, first->out,
                            &out.layout, grid);
    if (st == NN_OK)
        return offer(s, &image, &route, &out);
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
    nn_candidate c[NN_CANDIDATES_MAX + 1] = {0};
    int count = 0;
    nn_status st = nn_candidates_find(c, &count, woven, s->stages->stage[0].out,
                                      s->stages->stage[next].out, 0);
    *fewest = INT32_MAX;
    for (int n = 0; n < count && st == NN_OK; n++) {
        nn_route r = {0};
        st = nn_route_find(&r, NN_ROUTE_SPLIT, &s->pattern[next * NN_INPUTS_MAX], &woven->layout,
                           &c[n].layout);
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
    nn_candidate image = {0};
    nn_route route = {0};
    w.shift = best_shift;
    st = image_copies(&image.layout, s, w);
    if (st == NN_OK)
        st = nn_route_find(&route, NN_ROUTE_ALIGNED, &s->pattern[0], &image.layout, &out.layout);
    if (st == NN_OK)
        return offer(s, &image, &route, &out);
    nn_layout_clear(&image.layout);
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
        st = weave_on(s, (nn_weave){.row = in.w, .gap = gap, .step = step, .copies = copies}, grid,
                      next);
    return st;
}

nn_status nn_search_packed(nn_search *s)
{
    nn_status st = gather(s);
    return st == NN_OK ? weave(s) : st;
}
