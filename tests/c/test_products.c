/*
** test_products.c - the product kernels against their twins and against each other
**
** Panels and lists of what is not 0 against the naive twins, on ragged sizes:
** a sum of K products of numbers below 4 in size, added in another order, may
** differ by 2 K eps 16 K. And bit for bit: a product with a mostly zero matrix
** is the same whether the zeros are multiplied or left out, and AVX2 gives
** what AVX-512 gives, because both fuse the same multiply-adds in one order.
*/
#include "check.h"

#include "kernel/dispatch.h"
#include "nn/panel.h"
#include "tensor/rng.h"

static nn_rng rng;

#define MOST (131 * 784)

static double from_rng(void)
{
    double x = nn_rng_gauss(&rng);
    return x > 4 ? 4 : x < -4 ? -4 : x;
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

/* share: of the elements that are not 0. */
static void fill(void *data, nn_k_type type, int64_t n, double share)
{
    for (int64_t i = 0; i < n; i++)
        put(data, type, i, nn_rng_double(&rng) < share ? from_rng() : 0);
}

static double eps_of(nn_k_type type)
{
    return type == NN_K_F32 ? 0x1p-24 : 0x1p-53;
}

static bool near_all(nn_k_type type, const void *a, const void *b, int64_t n, int64_t K)
{
    double bound = 2 * (double)(K + 1) * eps_of(type) * 16 * (double)(K + 1);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(at(a, type, i) - at(b, type, i)) <= bound)) return false;
    return true;
}

static int64_t size_of(nn_k_type type)
{
    return type == NN_K_F32 ? 4 : 8;
}

static _Alignas(64) char a[MOST * 8], b[MOST * 8], start[MOST * 8], got[MOST * 8],
    expected[MOST * 8], panel[MOST * 10];

/* M, N, K */
static const int64_t sizes[][3] = {{0, 3, 5},    {1, 1, 1},    {7, 4, 0},       {5, 25, 784},
                                   {50, 10, 83}, {64, 13, 16}, {131, 129, 100}, {9, 7, 1},
                                   {6, 256, 3},  {13, 33, 2},  {25, 98, 96},    {3, 0, 4}};
#define SIZES ((int)(sizeof sizes / sizeof sizes[0]))

/* A panel holds w, as it is or transposed, and zeros; nothing beyond it is written. */
static void test_pack(nn_k_type type)
{
    for (int s = 0; s < SIZES; s++)
        for (int transposed = 0; transposed < 2; transposed++) {
            int64_t rows = sizes[s][0], cols = sizes[s][1], padded = nn_k_panel_row(type, cols);
            int64_t w_row = transposed ? 1 : cols, w_col = transposed ? rows : 1;
            bool right = true;
            fill(a, type, rows * cols, 1);
            memset(got, 1, sizeof got);
            nn_panel_pack(got, type, a, w_row, w_col, rows, cols);
            for (int64_t r = 0; r < rows; r++)
                for (int64_t c = 0; c < padded; c++)
                    right = right && at(got, type, r * padded + c) ==
                                         (c < cols ? at(a, type, r * w_row + c * w_col) : 0);
            CHECK(right && got[rows * padded * size_of(type)] == 1);
        }
}

/* Dot products with the rows of a matrix that is not packed. */
static void test_dots(const nn_k_set *tuned, const nn_k_set *ref, nn_k_type type)
{
    for (int s = 0; s < SIZES; s++)
        for (int bias = 0; bias < 2; bias++) {
            int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
            fill(a, type, M * K, 1);
            fill(b, type, N * K, 1);
            fill(start, type, N, 1);
            nn_k_product p = {.c = got,
                              .c_row = N + 1,
                              .start = bias ? start : NULL,
                              .a = a,
                              .a_row = K,
                              .a_col = 1,
                              .M = M,
                              .N = N,
                              .K = K};
            memset(got, 0, sizeof got);
            memset(expected, 0, sizeof expected);
            tuned->panel->dots[type](&p, b, K);
            p.c = expected;
            ref->panel->dots[type](&p, b, K);
            CHECK(near_all(type, got, expected, M * (N + 1), K));
        }
}

static void test_finite(const nn_k_set *tuned, const nn_k_set *ref, nn_k_type type)
{
    static const double spoilt[] = {NAN, INFINITY, -INFINITY};
    for (int64_t n = 0; n < 70; n++) {
        fill(a, type, n, 0.9);
        CHECK(tuned->panel->finite[type](a, n) && ref->panel->finite[type](a, n));
        for (int k = 0; n > 0 && k < 3; k++) {
            put(a, type, (n * 7 + k) % n, spoilt[k]);
            CHECK(!tuned->panel->finite[type](a, n) && !ref->panel->finite[type](a, n));
        }
    }
}

/* Every start: none, one row for all, c itself; a as it is and transposed; c with and without gaps
** between its rows, which must stay as they are. */
static void test_panel(const nn_k_set *tuned, const nn_k_set *ref, nn_k_type type)
{
    for (int s = 0; s < SIZES; s++)
        for (int way = 0; way < 6; way++) {
            int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
            int64_t c_row = N + (way >= 3 ? 5 : 0), extent = M * c_row;
            fill(a, type, M * K, 1);
            fill(b, type, K * N, 1);
            fill(start, type, N, 1);
            fill(got, type, extent, 1);
            memcpy(expected, got, sizeof got);
            nn_panel_pack(panel, type, b, N, 1, K, N);
            nn_k_product p = {.c = got,
                              .c_row = c_row,
                              .start = way % 3 == 0   ? NULL
                                       : way % 3 == 1 ? start
                                                      : got,
                              .start_row = way % 3 == 1 ? 0 : c_row,
                              .a = a,
                              .a_row = way % 2 ? 1 : K,
                              .a_col = way % 2 ? M : 1,
                              .b = panel,
                              .b_row = nn_k_panel_row(type, N),
                              .M = M,
                              .N = N,
                              .K = K};
            tuned->panel->product[type](&p);
            p.c = expected;
            if (p.start == got) p.start = expected;
            ref->panel->product[type](&p);
            CHECK(near_all(type, got, expected, extent, K));
        }
}

static uint32_t starts[2][8192];
static uint8_t indices[2][MOST + 1];
static double values[2][MOST + 1];
static nn_k_lists lists_of(int i)
{
    return (nn_k_lists){starts[i], indices[i], values[i], NULL};
}

/* Whether two listings say the same. */
static bool same_lists(nn_k_type type, const nn_k_lists *x, const nn_k_lists *y, int64_t lists)
{
    uint32_t n = x->start[lists];
    size_t size = x->table ? 1 : (size_t)size_of(type);
    return memcmp(x->start, y->start, (size_t)(lists + 1) * sizeof *x->start) == 0 &&
           memcmp(x->index, y->index, n) == 0 && memcmp(x->value, y->value, n * size) == 0;
}

static const int64_t tiles[][3] = {{96, 784, 25}, {1, 1, 1},   {96, 256, 16}, {17, 257, 130},
                                   {31, 9, 8},    {5, 600, 3}, {0, 7, 2},     {3, 0, 2}};
#define TILES ((int)(sizeof tiles / sizeof tiles[0]))

/* Lists from numbers and from bytes are those of the twin. */
static void test_lists(const nn_k_set *tuned, const nn_k_set *ref, nn_k_type type)
{
    static nn_k_lists mine, theirs;
    static char table[256 * 8];
    for (int byte = 0; byte < 256; byte++) put(table, type, byte, byte / 255.0);
    for (int t = 0; t < TILES; t++)
        for (int bytes = 0; bytes < 2; bytes++) {
            int64_t rows = tiles[t][0], in = tiles[t][1], n = rows * in;
            fill(a, bytes ? NN_K_F64 : type, n, 0.2);
            if (bytes)
                for (int64_t i = 0; i < n; i++)
                    ((uint8_t *)a)[i] = (uint8_t)(at(a, NN_K_F64, i) == 0 ? 0 : 1 + i % 255);
            nn_k_type of = bytes ? NN_K_U8 : type;
            CHECK_INT(tuned->sparse->count[of](a, n), ref->sparse->count[of](a, n));
            mine = lists_of(0), theirs = lists_of(1);
            mine.table = theirs.table = bytes ? table : NULL;
            tuned->sparse->by_row[type](&mine, a, rows, in);
            ref->sparse->by_row[type](&theirs, a, rows, in);
            CHECK(same_lists(type, &mine, &theirs, nn_k_ranges(in) * rows));
            CHECK_INT(mine.start[nn_k_ranges(in) * rows], ref->sparse->count[of](a, n));

            static uint32_t feature_starts[2][1024];
            static uint8_t feature_indices[2][MOST + 1];
            static double feature_values[2][MOST + 1];
            nn_k_lists f = {feature_starts[0], feature_indices[0], feature_values[0], mine.table};
            nn_k_lists g = {feature_starts[1], feature_indices[1], feature_values[1], mine.table};
            tuned->sparse->by_feature[type](&f, &mine, rows, in);
            ref->sparse->by_feature[type](&g, &theirs, rows, in);
            CHECK(same_lists(type, &f, &g, in));
        }
}

/* Adds 0 to every element: -0 becomes 0, and nothing else changes. */
static void without_signs(void *data, nn_k_type type, int64_t n)
{
    for (int64_t i = 0; i < n; i++) put(data, type, i, at(data, type, i) + 0);
}

/* Leaving zeros out: against the twin, and bit for bit against the panel product. bytes: x are
 *bytes
 ** that stand for a 255th of themselves. */
static void test_sparse(const nn_k_set *tuned, const nn_k_set *ref, nn_k_type type, bool bytes)
{
    static char table[256 * 8];
    static uint8_t x[MOST];
    for (int byte = 0; byte < 256; byte++) put(table, type, byte, byte / 255.0);
    for (int t = 0; t < TILES; t++) {
        int64_t rows = tiles[t][0], in = tiles[t][1], out = tiles[t][2];
        int64_t width = nn_k_panel_row(type, out);
        nn_k_lists by_row = lists_of(0), by_feature = lists_of(1);
        fill(a, type, rows * in, 0.2);
        fill(b, type, in * out, 1);
        fill(start, type, width, 1);
        for (int64_t i = 0; i < rows * in && bytes; i++) {
            x[i] = (uint8_t)(at(a, type, i) == 0 ? 0 : 1 + i % 255);
            put(a, type, i, at(table, type, x[i]));
        }
        by_row.table = by_feature.table = bytes ? table : NULL;
        tuned->sparse->by_row[type](&by_row, bytes ? (const void *)x : a, rows, in);
        tuned->sparse->by_feature[type](&by_feature, &by_row, rows, in);
        nn_panel_pack(panel, type, b, out, 1, in, out);
        for (int bias = 0; bias < 2; bias++) {
            const void *from = bias ? start : NULL;
            tuned->sparse->linear[type](got, &by_row, panel, from, rows, in, width);
            ref->sparse->linear[type](expected, &by_row, panel, from, rows, in, width);
            CHECK(near_all(type, got, expected, rows * width, in));
            nn_k_product p = {.c = expected,
                              .c_row = width,
                              .start = from,
                              .a = a,
                              .a_row = in,
                              .a_col = 1,
                              .b = panel,
                              .b_row = width,
                              .M = rows,
                              .N = width,
                              .K = in};
            tuned->panel->product[type](&p);
            without_signs(got, type, rows * width);
            without_signs(expected, type, rows * width);
            CHECK(memcmp(got, expected, (size_t)(rows * width * size_of(type))) == 0);
        }

        int64_t first = in / 3, n = in - first; /* of the features */
        fill(panel, type, rows * width, 1);     /* dz */
        fill(got, type, in * width, 1);
        memcpy(expected, got, sizeof got);
        memcpy(start, got, sizeof got);
        int64_t skipped = first * width * size_of(type);
        tuned->sparse->gradient[type](got + skipped, &by_feature, panel, first, n, width);
        ref->sparse->gradient[type](expected + skipped, &by_feature, panel, first, n, width);
        CHECK(near_all(type, got, expected, in * width, rows));
        nn_k_product p = {.c = start + skipped,
                          .c_row = width,
                          .start = start + skipped,
                          .start_row = width,
                          .a = a + first * size_of(type),
                          .a_row = 1,
                          .a_col = in,
                          .b = panel,
                          .b_row = width,
                          .M = n,
                          .N = width,
                          .K = rows};
        tuned->panel->product[type](&p);
        CHECK(memcmp(got, start, (size_t)(in * width * size_of(type))) == 0);
    }
}

/* The sets that fuse multiply-adds agree in every bit. */
static void test_same_bits(const nn_k_set *best, const nn_k_set *other, nn_k_type type)
{
    for (int s = 0; s < SIZES; s++) {
        int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
        fill(a, type, M * K, 1);
        fill(b, type, K * N, 1);
        nn_panel_pack(panel, type, b, N, 1, K, N);
        nn_k_product p = {.c = got,
                          .c_row = N,
                          .a = a,
                          .a_row = K,
                          .a_col = 1,
                          .b = panel,
                          .b_row = nn_k_panel_row(type, N),
                          .M = M,
                          .N = N,
                          .K = K};
        best->panel->product[type](&p);
        p.c = expected;
        other->panel->product[type](&p);
        CHECK(memcmp(got, expected, (size_t)(M * N * size_of(type))) == 0);
    }
}

int main(void)
{
    const nn_k_set *ref = NULL, *tuned;
    for (int i = 0; nn_k_runnable(i); i++) ref = nn_k_runnable(i);
    for (int i = 0; (tuned = nn_k_runnable(i)) != NULL && tuned != ref; i++)
        for (nn_k_type type = NN_K_F32; type <= NN_K_F64; type++) {
            nn_rng_seed(&rng, 7);
            test_pack(type);
            test_dots(tuned, ref, type);
            test_finite(tuned, ref, type);
            test_panel(tuned, ref, type);
            test_lists(tuned, ref, type);
            test_sparse(tuned, ref, type, false);
            test_sparse(tuned, ref, type, true);
            if (i > 0 && strcmp(tuned->isa, "avx2") == 0)
                test_same_bits(nn_k_runnable(0), tuned, type);
        }
    return CHECK_REPORT();
}
