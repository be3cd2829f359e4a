/* Outside the image there is background (0), or the nearest place of its edge. */
#include "train/distort.h"

#include <math.h>
#include <string.h>

typedef struct {
    const train_recipe *r;
    float mxx, mxy, myx,
        myy; /* from a place of the result to one of the source, about the centre */
    float shift_x, shift_y;
} map;

static float pixel(const uint8_t *plane, int h, int w, int y, int x)
{
    return y >= 0 && y < h && x >= 0 && x < w ? (float)plane[y * w + x] : 0.0f;
}

static float mixed(float a, float b, float c, float d, float ty, float tx)
{
    float top = a * (1.0f - tx) + b * tx, low = c * (1.0f - tx) + d * tx;
    return top * (1.0f - ty) + low * ty;
}

/* All channels of the place that comes from (y, x). */
static void between(float *out, size_t step, const uint8_t *image, const train_recipe *r, float y,
                    float x)
{
    int h = (int)r->h, w = (int)r->w;
    if (r->edge) {
        y = fminf(fmaxf(y, 0.0f), (float)(h - 1));
        x = fminf(fmaxf(x, 0.0f), (float)(w - 1));
    }
    float fy = floorf(y), fx = floorf(x);
    /* far outside is background; the test also keeps the conversions in range */
    int far = !(fy >= -1.0f && fy < (float)h && fx >= -1.0f && fx < (float)w);
    int iy = far ? -1 : (int)fy, ix = far ? -1 : (int)fx;
    float ty = y - fy, tx = x - fx;
    for (size_t c = 0; c < r->c; c++, image += r->h * r->w, out += step) {
        if (far) {
            *out = 0.0f;
        } else if (iy >= 0 && iy + 1 < h && ix >= 0 && ix + 1 < w) {
            const uint8_t *p = image + iy * w + ix;
            *out = mixed((float)p[0], (float)p[1], (float)p[w], (float)p[w + 1], ty, tx);
        } else {
            *out =
                mixed(pixel(image, h, w, iy, ix), pixel(image, h, w, iy, ix + 1),
                      pixel(image, h, w, iy + 1, ix), pixel(image, h, w, iy + 1, ix + 1), ty, tx);
        }
    }
}

static void mapped(float *out, size_t step, const uint8_t *image, const map *m)
{
    const train_recipe *r = m->r;
    float centre_x = 0.5f * (float)(r->w - 1), centre_y = 0.5f * (float)(r->h - 1);
    for (size_t y = 0; y < r->h; y++) {
        float v = (float)y - centre_y;
        for (size_t x = 0; x < r->w; x++) {
            float u = (float)x - centre_x;
            between(out + y * r->w + x, step, image, r,
                    centre_y + m->shift_y + m->myx * u + m->myy * v,
                    centre_x + m->shift_x + m->mxx * u + m->mxy * v);
        }
    }
}

static int inside(int at, size_t size, int edge)
{
    int last = (int)size - 1;
    return at < 0 ? (edge ? 0 : -1) : at > last ? (edge ? last : -1) : at;
}

/* Mirrored and moved by whole places, exactly. */
static void moved(float *out, size_t step, const uint8_t *image, const train_recipe *r, int mirror,
                  int dy, int dx)
{
    for (size_t c = 0; c < r->c; c++, image += r->h * r->w, out += step) {
        for (size_t y = 0; y < r->h; y++) {
            float *to = out + y * r->w;
            int sy = inside((int)y + dy, r->h, r->edge);
            for (size_t x = 0; x < r->w; x++) {
                int at = mirror ? (int)(r->w - 1 - x) : (int)x;
                int sx = inside(at + dx, r->w, r->edge);
                to[x] = sy < 0 || sx < 0 ? 0.0f : (float)image[sy * (int)r->w + sx];
            }
        }
    }
}

static size_t clamped(int at, size_t most)
{
    return at < 0 ? 0 : (size_t)at > most ? most : (size_t)at;
}

static void cut(size_t hole[4], const train_recipe *r, train_random *random)
{
    memset(hole, 0, 4 * sizeof *hole);
    if (r->cutout == 0)
        return;
    int half = (int)(r->cutout / 2), rest = (int)r->cutout - half;
    int y = (int)train_random_below(random, r->h), x = (int)train_random_below(random, r->w);
    hole[0] = clamped(y - half, r->h);
    hole[1] = clamped(x - half, r->w);
    hole[2] = clamped(y + rest, r->h);
    hole[3] = clamped(x + rest, r->w);
}

void train_distort(float *out, size_t step, size_t hole[4], const uint8_t *image,
                   const train_recipe *r, train_random random)
{
    float angle = train_random_uniform(&random, -r->rotation, r->rotation);
    float shear = train_random_uniform(&random, -r->shear, r->shear);
    float zoom_x = 1.0f / train_random_uniform(&random, 1.0f - r->scale, 1.0f + r->scale);
    float zoom_y = 1.0f / train_random_uniform(&random, 1.0f - r->scale, 1.0f + r->scale);
    float shift_x = train_random_uniform(&random, -r->shift, r->shift);
    float shift_y = train_random_uniform(&random, -r->shift, r->shift);
    int mirror = r->flip && train_random_below(&random, 2) == 1;
    cut(hole, r, &random);
    if (r->rotation == 0.0f && r->shear == 0.0f && r->scale == 0.0f) {
        moved(out, step, image, r, mirror, (int)lrintf(shift_y), (int)lrintf(shift_x));
        return;
    }
    /* M turns, then shears, then scales each axis; a mirror comes before all of it */
    float c = cosf(angle), s = sinf(angle), side = mirror ? -1.0f : 1.0f;
    map m = {r,
             side * zoom_x * (c + shear * s),
             zoom_x * (shear * c - s),
             side * zoom_y * s,
             zoom_y * c,
             shift_x,
             shift_y};
    mapped(out, step, image, &m);
}
