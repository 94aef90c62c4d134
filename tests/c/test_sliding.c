/*
** test_sliding.c - windows over images: every instruction set against the naive twins
**
** Patches, maxima and their gradients are copies, or sums of few terms in one
** order, and equal bit for bit; the means of the two differ by the rounding of
** sums in double. fold is the transpose of unfold: <unfold(x),p> = <x,fold(p)>.
*/
#include "check.h"

#include "kernel/dispatch.h"
#include "tensor/rng.h"

static nn_rng rng;

#define MOST (1 << 13) /* elements of an array */
#define PLANES 3

static _Alignas(64) char image[MOST * 8], positions[MOST * 8], patches[MOST * 8], got[MOST * 8],
    expected[MOST * 8];

/* image h, w; kernel; stride; pad; dilation. The widths are those at which runs are taken in other
** pieces. */
static const int64_t windows[][10] = {
    {1, 1, 1, 1, 1, 1, 0, 0, 1, 1},  {5, 4, 2, 2, 1, 1, 0, 0, 1, 1},
    {6, 8, 2, 2, 2, 2, 0, 0, 1, 1},  {7, 24, 2, 2, 2, 2, 0, 0, 1, 1},
    {5, 31, 2, 2, 2, 2, 0, 0, 1, 1}, {9, 7, 3, 3, 2, 2, 1, 1, 1, 1},
    {4, 16, 3, 5, 1, 1, 1, 2, 1, 1}, {6, 13, 2, 3, 3, 2, 1, 0, 1, 2},
    {3, 33, 1, 3, 1, 1, 0, 1, 1, 1}, {8, 9, 3, 2, 1, 3, 0, 1, 2, 3},
    {2, 70, 1, 1, 1, 1, 0, 0, 1, 1}, {1, 600, 1, 3, 1, 1, 0, 1, 1, 1},
    {2, 2, 3, 3, 1, 1, 1, 1, 1, 1},  {3, 2, 2, 2, 1, 1, 1, 1, 3, 1},
    {3, 5, 3, 1, 1, 4, 1, 0, 1, 1},  {40, 41, 4, 4, 4, 4, 0, 0, 1, 1},
};
#define WINDOWS ((int)(sizeof windows / sizeof windows[0]))

static int64_t size_of(nn_k_type type)
{
    return type == NN_K_F32 ? 4 : 8;
}

static void put(void *data, nn_k_type type, int64_t i, double x)
{
    if (type == NN_K_F32)
        ((float *)data)[i] = (float)x;
    else
        ((double *)data)[i] = x;
}

static double at(const void *data, nn_k_type type, int64_t i)
{
    return type == NN_K_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Small whole numbers, so that there are equal pixels and sums are exact; NaNs where asked for. */
static void fill(void *data, nn_k_type type, double nans)
{
    for (int64_t i = 0; i < MOST; i++)
        put(data, type, i, nn_rng_double(&rng) < nans ? NAN : floor(nn_rng_double(&rng) * 16) - 8);
}

static nn_k_window window_of(const int64_t *n)
{
    nn_k_window w = {.image = {n[0], n[1]},
                     .kernel = {n[2], n[3]},
                     .stride = {n[4], n[5]},
                     .pad = {n[6], n[7]},
                     .dilation = {n[8], n[9]}};
    for (int axis = 0; axis < 2; axis++)
        w.out[axis] =
            (w.image[axis] + 2 * w.pad[axis] - w.dilation[axis] * (w.kernel[axis] - 1) - 1) /
                w.stride[axis] +
            1;
    return w;
}

static double dot(nn_k_type type, const void *a, const void *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += at(a, type, i) * at(b, type, i);
    return sum;
}

/* Nothing is written beside the results: `got` and `expected` are equal before and all over. */
#define SAME (memcmp(got, expected, sizeof got) == 0)
#define RESET (memset(got, 1, sizeof got), memset(expected, 1, sizeof expected))

static void test_patches(const nn_k_sliding *tuned, const nn_k_sliding *ref, nn_k_type type,
                         const nn_k_window *w)
{
    int64_t n = w->out[0] * w->out[1], row = n + 3, pixels = PLANES * w->image[0] * w->image[1];
    int64_t rows = PLANES * w->kernel[0] * w->kernel[1];
    fill(image, type, 0);
    RESET;
    tuned->unfold[type](got, row, image, PLANES, w);
    ref->unfold[type](expected, row, image, PLANES, w);
    CHECK(SAME);

    fill(patches, type, 0);
    fill(got, type, 0);
    memcpy(expected, got, sizeof got);
    tuned->fold[type](got, patches, row, PLANES, w);
    ref->fold[type](expected, patches, row, PLANES, w);
    CHECK(SAME);

    memset(got, 0, sizeof got);
    memset(expected, 0, sizeof expected);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = n; i < row; i++) put(patches, type, r * row + i, 0);
    tuned->unfold[type](got, row, image, PLANES, w);
    tuned->fold[type](expected, patches, row, PLANES, w);
    CHECK(dot(type, got, patches, rows * row) == dot(type, image, expected, pixels));
}

/* Part of the positions are a window of their own. */
static void test_part(const nn_k_sliding *tuned, nn_k_type type, const nn_k_window *w)
{
    int64_t taps = w->kernel[0] * w->kernel[1], n = w->out[0] * w->out[1];
    nn_k_window part = *w;
    int64_t y = w->out[0] / 3, x = w->out[1] / 2;
    nn_k_window_part(&part, 0, y, w->out[0] - y);
    nn_k_window_part(&part, 1, x, w->out[1] - x);
    int64_t part_n = part.out[0] * part.out[1];
    bool right = true;
    fill(image, type, 0);
    tuned->unfold[type](expected, n, image, 1, w);
    tuned->unfold[type](got, part_n, image, 1, &part);
    for (int64_t t = 0; t < taps; t++)
        for (int64_t i = 0; i < part.out[0]; i++)
            for (int64_t j = 0; j < part.out[1]; j++)
                right = right && at(got, type, t * part_n + i * part.out[1] + j) ==
                                     at(expected, type, t * n + (y + i) * w->out[1] + x + j);
    CHECK(right);
}

static void test_spread(const nn_k_sliding *tuned, const nn_k_sliding *ref, nn_k_type type)
{
    fill(image, type, 0);
    for (int64_t n = 0; n < 40; n++) {
        RESET;
        tuned->spread[type](got, n + 2, n % 3 ? image : NULL, 5, n);
        ref->spread[type](expected, n + 2, n % 3 ? image : NULL, 5, n);
        CHECK(SAME);
    }
}

static void test_max(const nn_k_sliding *tuned, const nn_k_sliding *ref, nn_k_type type,
                     const nn_k_window *w)
{
    static const double nans[] = {0, 0.1, 0.6};
    for (int i = 0; i < 3; i++) {
        fill(image, type, nans[i]);
        fill(positions, type, 0);
        RESET;
        tuned->max_pool[type](got, image, PLANES, w);
        ref->max_pool[type](expected, image, PLANES, w);
        CHECK(SAME);
        RESET;
        tuned->max_pool_back[type](got, positions, image, PLANES, w);
        ref->max_pool_back[type](expected, positions, image, PLANES, w);
        CHECK(SAME);
    }
}

static void test_mean(const nn_k_sliding *tuned, const nn_k_sliding *ref, nn_k_type type)
{
    static const nn_k_span rows[] = {{0, 2, 3}, {1, 1, 1}, {2, 7, 5}, {0, 7, 7}};
    static const nn_k_span cols[] = {{0, 1, 2}, {0, 19, 19}, {3, 12, 9}};
    const nn_k_boxes b = {.image = {7, 19}, .out = {4, 3}, .span = {rows, cols}};
    double eps = type == NN_K_F32 ? 0x1p-24 : 0x1p-50;
    bool right = true;
    for (int64_t i = 0; i < MOST; i++) put(image, type, i, nn_rng_gauss(&rng));
    RESET;
    tuned->box_mean[type](got, image, PLANES, &b);
    ref->box_mean[type](expected, image, PLANES, &b);
    for (int64_t i = 0; i < PLANES * 12; i++)
        right = right && fabs(at(got, type, i) - at(expected, type, i)) <= 4 * eps;
    CHECK(right && memcmp(got + PLANES * 12 * size_of(type), expected + PLANES * 12 * size_of(type),
                          100) == 0);
    RESET;
    tuned->box_mean_back[type](got, image, PLANES, &b);
    ref->box_mean_back[type](expected, image, PLANES, &b);
    CHECK(SAME);
}

int main(void)
{
    const nn_k_set *ref = NULL;
    for (int i = 0; nn_k_runnable(i); i++)
        if (strcmp(nn_k_runnable(i)->isa, "ref") == 0) ref = nn_k_runnable(i);
    nn_rng_seed(&rng, 11);
    for (int i = 0; ref && nn_k_runnable(i); i++)
        for (nn_k_type type = NN_K_F32; type <= NN_K_F64; type++) {
            const nn_k_sliding *tuned = nn_k_runnable(i)->sliding;
            test_spread(tuned, ref->sliding, type);
            test_mean(tuned, ref->sliding, type);
            for (int k = 0; k < WINDOWS; k++) {
                nn_k_window w = window_of(windows[k]);
                test_patches(tuned, ref->sliding, type, &w);
                test_part(tuned, type, &w);
                test_max(tuned, ref->sliding, type, &w);
            }
        }
    return CHECK_REPORT();
}
