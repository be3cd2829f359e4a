/* Candidate layouts: each is made, and dropped when it does not fit or is there already. */
#include "nn/slots/candidates.h"

void nn_candidates_clear(nn_candidate *c, int count)
{
    for (int k = 0; k < count; k++)
        nn_layout_clear(&c[k].layout);
}

/* Count one more candidate unless its layout did not fit, or is there already. */
static nn_status add(nn_candidate *c, int *count, nn_grid grid, nn_status made)
{
    if (made != NN_OK)
        return made == NN_ERR_SHAPE ? NN_OK : made;
    for (int k = 0; k < *count; k++)
        if (nn_layout_equal(&c[k].layout, &c[*count].layout)) {
            nn_layout_clear(&c[*count].layout);
            return NN_OK;
        }
    c[(*count)++].grid = grid;
    return NN_OK;
}

static nn_status add_grid(nn_candidate *c, int *count, size_t slots, nn_shape shape, nn_grid grid)
{
    return add(c, count, grid, nn_layout_grid(&c[*count].layout, slots, shape, grid));
}

static nn_status add_dense(nn_candidate *c, int *count, size_t slots, size_t period, size_t n)
{
    return add(c, count, (nn_grid){0}, nn_layout_dense(&c[*count].layout, slots, period, n));
}

/* Grids on which the outputs of a stage lie beside its inputs; returns how many. */
static int grids_behind(nn_grid grid[2], const nn_candidate *from, nn_shape in, nn_shape out)
{
    if (from->grid.gap == 0 || out.h < 2 || out.w < 2 || in.h < out.h || in.w < out.w)
        return 0;
    grid[0] = grid[1] = from->grid;
    grid[0].gap *= in.h / out.h;
    grid[1].gap *= (in.h + out.h - 1) / out.h;
    return 2;
}

/* The outputs dealt out to the replicas of a periodic input, in runs or pieces of a grid. */
static nn_status add_runs(nn_candidate *c, int *count, const nn_candidate *from, nn_shape shape_in,
                          nn_shape out)
{
    nn_grid grid[2];
    const nn_layout *in = &from->layout;
    size_t rows = nn_shape_count(out), blocks = in->slots / in->period;
    int grids = grids_behind(grid, from, shape_in, out);
    nn_status st = NN_OK;
    for (size_t used = blocks; used > 1 && used > blocks / 8 && st == NN_OK; used /= 2)
        for (int n = -1; n < grids && st == NN_OK && *count < NN_CANDIDATES_MAX; n++) {
            nn_layout run;
            nn_shape piece = out;
            piece.c = (piece.c + used - 1) / used;
            nn_status made = n < 0 ? nn_layout_dense(&run, in->period, 0, (rows + used - 1) / used)
                                   : nn_layout_grid(&run, in->period, piece, grid[n]);
            if (made == NN_OK)
                made = nn_layout_runs(&c[*count].layout, in->slots, rows, in->period, &run);
            nn_layout_clear(&run);
            st = add(c, count, n < 0 ? (nn_grid){0} : grid[n], made);
        }
    return st;
}

/* Replicas between the elements, and of the whole, turned by a half or a quarter of it. */
static nn_status add_woven(nn_candidate *c, int *count, const nn_candidate *from, nn_shape in,
                           nn_shape out)
{
    size_t gap = in.h / out.h, slots = from->layout.slots, inner = from->grid.gap;
    nn_grid grid = {from->grid.row, inner * gap, from->grid.block};
    if (from->layout.parts > 1 || in.h != gap * out.h || in.w != gap * out.w ||
        nn_layout_pow2(gap) != gap || nn_layout_pow2(grid.block) != grid.block)
        return NN_OK;
    nn_weave weave = {.row = grid.row, .gap = gap, .step = grid.block, .copies = 1, .inner = inner};
    size_t blocks = (out.c + inner * inner - 1) / (inner * inner);
    size_t span = nn_layout_pow2(blocks) * grid.block;
    nn_status st = NN_OK;
    for (size_t part = span < slots ? 2 : 1; part <= 4 && st == NN_OK; part *= 2) {
        weave.turn = part > 1 ? span / part : 0;
        if ((part > 1 ? span >= slots : gap == 1) || *count == NN_CANDIDATES_MAX)
            break;
        st = add(c, count, grid, nn_layout_weave(&c[*count].layout, slots, out, weave));
    }
    return st;
}

int nn_candidates_few(const nn_affine *a)
{
    enum { FEW = 16 };
    return nn_affine_nonzeros(a) / a->rows < FEW;
}

nn_status nn_candidates_find(nn_candidate *c, int *count, const nn_candidate *from,
                             nn_shape shape_in, nn_shape out, int few)
{
    nn_grid grid[2];
    const nn_layout *in = &from->layout;
    size_t rows = nn_shape_count(out);
    int grids = grids_behind(grid, from, shape_in, out), periodic = in->period < in->slots;
    nn_status st = NN_OK;
    *count = 0;
    for (int n = 0; n < grids && st == NN_OK; n++)
        st = add_grid(c, count, in->slots, out, grid[n]);
    /* Behind an input that is not periodic, a longer period saves folds and costs diagonals. */
    size_t parts = (rows + in->slots - 1) / in->slots;
    for (size_t p = nn_layout_pow2((rows + parts - 1) / parts); p <= in->slots && st == NN_OK;
         p *= 2) {
        st = add_dense(c, count, in->slots, p, rows);
        if (periodic || *count == NN_CANDIDATES_MAX)
            break;
    }
    if (st == NN_OK && periodic && in->parts == 1 && in->generators == 0)
        st = add_runs(c, count, from, shape_in, out);
    if (st == NN_OK && few && grids > 0)
        st = add_woven(c, count, from, shape_in, out);
    if (st != NN_OK)
        nn_candidates_clear(c, *count);
    return st;
}
