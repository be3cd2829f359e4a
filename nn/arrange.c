/* Depth-first search over candidate layouts, cut off where the cost exceeds the best found.
 *
 * The first matrix is special: the client lays out the image, so its replicas can have any offsets.
 * They serve either the first matrix itself (a split route), or are passed through it (an aligned
 * route) to split the second matrix, which is usually the largest. */
#include "nn/arrange.h"

#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    nn_layout layout;
    nn_grid grid; /* gap 0 when the layout is not a grid */
} candidate;

enum { CANDIDATES_MAX = 4 };

typedef struct search {
    const nn_stages *stages;
    size_t slots;
    nn_layout *layout; /* the branch being tried, count + 1 */
    nn_grid *grid;     /* count + 1 */
    nn_route *route;   /* count */
    nn_arrangement best;
} search;

size_t nn_arrangement_rotations(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count; k++)
        n += (size_t)(a->route[k].babies + a->route[k].giants + a->route[k].fold_count);
    return n;
}

size_t nn_arrangement_diagonals(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count; k++)
        n += (size_t)a->route[k].count;
    return n;
}

static void clear_arrays(nn_layout *layout, nn_route *route, size_t count)
{
    for (size_t k = 0; layout != NULL && k <= count; k++)
        nn_layout_clear(&layout[k]);
    for (size_t k = 0; route != NULL && k < count; k++)
        nn_route_clear(&route[k]);
}

void nn_arrangement_clear(nn_arrangement *a)
{
    if (a == NULL)
        return;
    clear_arrays(a->layout, a->route, a->count);
    free(a->layout);
    free(a->route);
    *a = (nn_arrangement){0};
}

/* Keep the branch being tried as the best one. */
static nn_status keep_branch(search *s, double cost)
{
    size_t count = s->stages->count;
    nn_arrangement b = {.slots = s->slots, .count = count, .cost = cost};
    b.layout = calloc(count + 1, sizeof *b.layout);
    b.route = calloc(count + 1, sizeof *b.route);
    nn_status st = b.layout == NULL || b.route == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t k = 0; k <= count && st == NN_OK; k++)
        st = nn_layout_copy(&b.layout[k], &s->layout[k]);
    for (size_t k = 0; k < count && st == NN_OK; k++)
        if (s->stages->stage[k].kind == NN_STAGE_AFFINE)
            st = nn_route_copy(&b.route[k], &s->route[k]);
    if (st != NN_OK) {
        nn_arrangement_clear(&b);
        return st;
    }
    nn_arrangement_clear(&s->best);
    s->best = b;
    return NN_OK;
}

static int add_grid(candidate *c, int n, size_t slots, nn_shape shape, nn_grid grid, nn_status *st)
{
    for (int k = 0; k < n; k++)
        if (memcmp(&c[k].grid, &grid, sizeof grid) == 0)
            return n;
    nn_status made = nn_layout_grid(&c[n].layout, slots, shape, grid);
    if (made == NN_ERR_MEMORY)
        *st = made;
    if (made != NN_OK)
        return n;
    c[n].grid = grid;
    return n + 1;
}

/* Candidate layouts of a tensor behind a matrix whose input lies on the given grid. */
static nn_status candidates(candidate *c, int *count, size_t slots, nn_shape in, nn_shape out,
                            nn_grid grid)
{
    int n = 0;
    nn_status st = NN_OK;
    if (grid.gap != 0 && out.h > 1 && out.w > 1 && in.h >= out.h && in.w >= out.w) {
        nn_grid low = grid, high = grid;
        low.gap = grid.gap * (in.h / out.h);
        high.gap = grid.gap * ((in.h + out.h - 1) / out.h);
        n = add_grid(c, n, slots, out, low, &st);
        n = add_grid(c, n, slots, out, high, &st);
    }
    if (st == NN_OK) {
        st = nn_layout_dense(&c[n].layout, slots, nn_shape_count(out));
        if (st == NN_OK)
            c[n++].grid = (nn_grid){0};
        else if (st == NN_ERR_SHAPE)
            st = NN_OK;
    }
    *count = n;
    return st;
}

static void clear_candidates(candidate *c, int count)
{
    for (int k = 0; k < count; k++)
        nn_layout_clear(&c[k].layout);
}

static nn_status try_stage(search *s, size_t k, double cost);

/* Take a layout as the input of stage k + 1 for the time of the search below it. */
static nn_status descend(search *s, size_t k, const candidate *c, double cost)
{
    nn_layout_clear(&s->layout[k + 1]);
    nn_status st = nn_layout_copy(&s->layout[k + 1], &c->layout);
    s->grid[k + 1] = c->grid;
    return st == NN_OK ? try_stage(s, k + 1, cost) : st;
}

static int beaten(const search *s, double cost)
{
    return s->best.layout != NULL && cost >= s->best.cost;
}

/* A route that does not fit its layouts is no error of the search: the branch ends. */
static nn_status branch_over(nn_status st)
{
    return st == NN_ERR_SHAPE ? NN_OK : st;
}

static nn_status find_route(search *s, size_t k, nn_route_kind kind, const nn_layout *out)
{
    nn_route_clear(&s->route[k]);
    return nn_route_find(&s->route[k], kind, &s->stages->stage[k].affine, &s->layout[k], out);
}

static nn_status try_periodic(search *s, size_t k, double cost, const candidate *out)
{
    nn_status st = find_route(s, k, NN_ROUTE_PERIODIC, &out->layout);
    if (st != NN_OK || beaten(s, cost + s->route[k].cost))
        return branch_over(st);
    return descend(s, k, out, cost + s->route[k].cost);
}

/* The client's replicas get the offsets that suit the first matrix. */
static nn_status try_split_first(search *s, size_t k, double cost, const candidate *out)
{
    const nn_affine *a = &s->stages->stage[k].affine;
    int generator[NN_GENERATORS_MAX], count = 0;
    for (size_t m = 1; m < s->layout[k].replicas; m *= 2)
        count++;
    nn_status st = nn_route_generators(generator, a, &s->layout[k], &out->layout);
    if (st == NN_OK)
        st = nn_layout_move(&s->layout[k], generator, count);
    if (st != NN_OK)
        return branch_over(st);
    st = branch_over(find_route(s, k, NN_ROUTE_SPLIT, &out->layout));
    if (st == NN_OK && s->route[k].step != NULL && !beaten(s, cost + s->route[k].cost))
        st = descend(s, k, out, cost + s->route[k].cost);
    nn_status back = nn_layout_move(&s->layout[k], generator, 0);
    return st == NN_OK ? back : st;
}

/* The tensor behind the first matrix gets the offsets that suit the second one. */
static nn_status try_split_second(search *s, size_t k, double cost, const candidate *mid)
{
    const nn_stage *stage = s->stages->stage;
    size_t next = k + 1;
    while (next < s->stages->count && stage[next].kind == NN_STAGE_POLY)
        next++;
    if (next == s->stages->count || mid->layout.replicas < 2 ||
        mid->layout.period < s->layout[k].period)
        return NN_OK;
    candidate out[CANDIDATES_MAX];
    int count = 0;
    nn_status st = candidates(out, &count, s->slots, stage[next].in, stage[next].out, mid->grid);
    for (int n = 0; n < count && st == NN_OK; n++) {
        candidate moved = {.grid = mid->grid};
        nn_layout input = {0};
        int generator[NN_GENERATORS_MAX], generators = 0;
        for (size_t m = 1; m < mid->layout.replicas; m *= 2)
            generators++;
        st = nn_layout_copy(&moved.layout, &mid->layout);
        if (st == NN_OK)
            st = nn_layout_copy(&input, &s->layout[k]);
        nn_status fit = st;
        if (fit == NN_OK)
            fit = nn_route_generators(generator, &stage[next].affine, &mid->layout, &out[n].layout);
        if (fit == NN_OK)
            fit = nn_layout_move(&moved.layout, generator, generators);
        if (fit == NN_OK)
            fit = nn_layout_align(&s->layout[k], &moved.layout);
        if (fit == NN_OK)
            fit = find_route(s, k, NN_ROUTE_ALIGNED, &moved.layout);
        double so_far = cost + s->route[k].cost;
        for (size_t m = k; m < next && fit == NN_OK; m++) {
            nn_layout_clear(&s->layout[m + 1]);
            fit = nn_layout_copy(&s->layout[m + 1], &moved.layout);
            s->grid[m + 1] = moved.grid;
        }
        if (fit == NN_OK && !beaten(s, so_far)) {
            fit = find_route(s, next, NN_ROUTE_SPLIT, &out[n].layout);
            so_far += s->route[next].cost;
            if (fit == NN_OK && !beaten(s, so_far))
                fit = descend(s, next, &out[n], so_far);
        }
        st = branch_over(fit);
        if (input.position != NULL) {
            nn_layout_clear(&s->layout[k]);
            s->layout[k] = input;
        }
        nn_layout_clear(&moved.layout);
    }
    clear_candidates(out, count);
    return st;
}

static nn_status try_stage(search *s, size_t k, double cost)
{
    const nn_stage *stage = &s->stages->stage[k];
    if (k == s->stages->count)
        return beaten(s, cost) ? NN_OK : keep_branch(s, cost);
    if (stage->kind == NN_STAGE_POLY) {
        candidate same = {.grid = s->grid[k]};
        nn_status st = nn_layout_copy(&same.layout, &s->layout[k]);
        if (st == NN_OK)
            st = descend(s, k, &same, cost);
        nn_layout_clear(&same.layout);
        return st;
    }
    candidate out[CANDIDATES_MAX];
    int count = 0;
    nn_status st = candidates(out, &count, s->slots, stage->in, stage->out, s->grid[k]);
    for (int n = 0; n < count && st == NN_OK; n++) {
        if (s->layout[k].generators == 0)
            st = try_periodic(s, k, cost, &out[n]);
        if (st == NN_OK && k == 0 && s->layout[0].replicas > 1) {
            st = try_split_first(s, k, cost, &out[n]);
            if (st == NN_OK)
                st = try_split_second(s, k, cost, &out[n]);
        }
    }
    clear_candidates(out, count);
    return st;
}

/* The image itself: on the unit grid when its rows fit, and dense. */
static nn_status input_candidates(candidate *c, int *count, size_t slots, nn_shape in)
{
    nn_status st = NN_OK;
    nn_grid unit = {.row = in.w, .gap = 1, .block = nn_layout_pow2(in.h * in.w)};
    int n = 0;
    if (in.h > 1 && in.w > 1)
        n = add_grid(c, n, slots, in, unit, &st);
    if (st == NN_OK && (n == 0 || in.c > 1)) {
        st = branch_over(nn_layout_dense(&c[n].layout, slots, nn_shape_count(in)));
        if (st == NN_OK && c[n].layout.position != NULL)
            c[n++].grid = (nn_grid){0};
    }
    *count = n;
    return st;
}

nn_status nn_arrange(nn_arrangement *a, const nn_stages *stages, size_t slots)
{
    search s = {.stages = stages, .slots = slots};
    *a = (nn_arrangement){0};
    s.layout = calloc(stages->count + 1, sizeof *s.layout);
    s.grid = calloc(stages->count + 1, sizeof *s.grid);
    s.route = calloc(stages->count + 1, sizeof *s.route);
    candidate in[CANDIDATES_MAX] = {0};
    int count = 0;
    nn_status st = s.layout == NULL || s.grid == NULL || s.route == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK)
        st = input_candidates(in, &count, slots, stages->input);
    for (int n = 0; n < count && st == NN_OK; n++) {
        nn_layout_clear(&s.layout[0]);
        st = nn_layout_copy(&s.layout[0], &in[n].layout);
        s.grid[0] = in[n].grid;
        if (st == NN_OK)
            st = try_stage(&s, 0, 0.0);
    }
    clear_candidates(in, count);
    clear_arrays(s.layout, s.route, stages->count);
    free(s.layout);
    free(s.grid);
    free(s.route);
    if (st == NN_OK && s.best.layout == NULL)
        st = NN_ERR_SHAPE;
    if (st == NN_OK)
        *a = s.best;
    else
        nn_arrangement_clear(&s.best);
    return st;
}
