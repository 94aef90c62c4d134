/*
** gemm.c - a fixed grid of blocks over BLAS
*/
#include "kernel/gemm.h"

#include <cblas.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "kernel/partition.h"
#include "tensor/cancel.h"

/* A grid has at most GRID blocks along the longer side of c, none thinner than THIN: fewer would
** starve the threads, thinner ones make BLAS pack its panels over and over. */
#define GRID 16
#define THIN 32

/* Nor does a block have more than WORK multiply-adds, about 25 ms of one core, so that a product
** can be given up within that time: it is cut on both sides, but to no less than SIDE, below
** which packing shows, and then along its sums into pieces of PIECE terms or more. */
#define WORK ((int64_t)1 << 29)
#define SIDE 256
#define PIECE 4096

/* The same for the naive twin, which takes the products that BLAS cannot: a few ms. */
#define NAIVE_WORK ((int64_t)1 << 22)

typedef struct gemm {
    nn_k_type type;
    char *c;
    int64_t ldc;
    nn_k_matrix a, b;
    int64_t M, N, K;
    int64_t height, width; /* of a block */
    int64_t piece;         /* of its sums, what is taken at once */
    int64_t across;        /* blocks side by side */
} gemm;

static const size_t size_of[NN_K_TYPES] = {1, 1, 8, 4, 8};

static const void *at(nn_k_type type, nn_k_matrix m, int64_t i, int64_t j)
{
    return (const char *)m.data + (i * m.row + j * m.col) * (int64_t)size_of[type];
}

/* BLAS wants a leading dimension of at least the row length even where one row makes it moot. */
static blasint leading(nn_k_matrix m, int64_t rows, int64_t cols, CBLAS_TRANSPOSE *trans)
{
    bool plain = m.col == 1 && (m.row >= cols || rows == 1);
    int64_t length = plain ? cols : rows, step = plain ? m.row : m.col;
    *trans = plain ? CblasNoTrans : CblasTrans;
    return (blasint)(step < length ? length : step);
}

/* BLAS's own threads would cut the work by their number. An OpenBLAS that was built with OpenMP
** forgets openblas_set_num_threads and asks OpenMP at every call, thread by thread; these are
** OpenMP's functions, which are there only if such a BLAS brought them. */
extern int omp_get_max_threads(void) __attribute__((weak));
extern void omp_set_num_threads(int threads) __attribute__((weak));

static int keep_blas_single(void)
{
    int before = omp_get_max_threads ? omp_get_max_threads() : 1;
    if (before > 1 && omp_set_num_threads) omp_set_num_threads(1);
    return before;
}

static void restore_openmp(int before)
{
    if (before > 1 && omp_set_num_threads) omp_set_num_threads(before);
}

static void gemm_block(void *context, int64_t block)
{
    const gemm *g = context;
    int64_t i = block / g->across * g->height, j = block % g->across * g->width;
    int64_t m = g->M - i < g->height ? g->M - i : g->height;
    int64_t n = g->N - j < g->width ? g->N - j : g->width;
    CBLAS_TRANSPOSE ta, tb;
    blasint lda = leading(g->a, g->M, g->K, &ta), ldb = leading(g->b, g->K, g->N, &tb);
    void *c = g->c + (i * g->ldc + j) * (int64_t)size_of[g->type];
    int before = keep_blas_single();
    for (int64_t first = 0; first < g->K && !nn_cancelled(); first += g->piece) {
        int64_t k = g->K - first < g->piece ? g->K - first : g->piece;
        const void *a = at(g->type, g->a, i, first), *b = at(g->type, g->b, first, j);
        double beta = first > 0; /* what follows is added */
        if (g->type == NN_K_F32)
            cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, lda, b,
                        ldb, (float)beta, c, (blasint)g->ldc);
        else
            cblas_dgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1.0, a, lda, b,
                        ldb, beta, c, (blasint)g->ldc);
    }
    restore_openmp(before);
}

static void naive_block(void *context, int64_t block)
{
    const gemm *g = context;
    int64_t i = block / g->across * g->height, j = block % g->across * g->width;
    int64_t m = g->M - i < g->height ? g->M - i : g->height;
    int64_t n = g->N - j < g->width ? g->N - j : g->width;
    nn_k_matrix a = {at(g->type, g->a, i, 0), g->a.row, g->a.col},
                b = {at(g->type, g->b, 0, j), g->b.row, g->b.col};
    nn_k_gemm_ref(g->type, g->c + (i * g->ldc + j) * (int64_t)size_of[g->type], g->ldc, a, b, m, n,
                  g->K);
}

static int64_t block_size(int64_t whole)
{
    int64_t size = (whole + GRID - 1) / GRID;
    size = (size + 7) / 8 * 8;
    return size < THIN ? THIN : size;
}

/* Halves the longer side of a block, and then its pieces, until they are small enough. */
static void limit_work(gemm *g, int64_t most, int64_t side)
{
    while (g->height * g->width > most / (g->K > 0 ? g->K : 1)) {
        int64_t *longer = g->height >= g->width ? &g->height : &g->width;
        if (*longer <= side) break;
        *longer = (*longer / 2 + 7) / 8 * 8;
        if (*longer < side) *longer = side;
    }
}

static bool fits_blas(const gemm *g)
{
    const int64_t sizes[] = {g->M, g->N, g->K, g->ldc, g->a.row, g->a.col, g->b.row, g->b.col};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i] < 0 || sizes[i] > INT_MAX) return false;
    return g->type == NN_K_F32 || g->type == NN_K_F64;
}

bool nn_k_gemm(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
               int64_t N, int64_t K)
{
    gemm g = {.type = type, .c = c, .ldc = ldc, .a = a, .b = b, .M = M, .N = N, .K = K};
    if (M == 0 || N == 0) return true;
    bool blas = K > 0 && fits_blas(&g);
    g.height = !blas || M < N ? M : block_size(M);
    g.width = !blas || M >= N ? N : block_size(N);
    limit_work(&g, blas ? WORK : NAIVE_WORK, blas ? SIDE : 1);
    g.piece = WORK / (g.height * g.width);
    if (g.piece < PIECE) g.piece = PIECE;
    g.across = (N + g.width - 1) / g.width;
    if (blas && openblas_get_num_threads() != 1) openblas_set_num_threads(1);
    return nn_k_parallel((M + g.height - 1) / g.height * g.across, blas ? gemm_block : naive_block,
                         &g);
}

const char *nn_k_blas_name(void)
{
    static char name[80];
    /* The configuration starts "OpenBLAS 0.3.21 ..."; what follows are build options. */
    const char *config = openblas_get_config(), *end = strchr(config, ' ');
    if (end) end = strchr(end + 1, ' ');
    int length = end ? (int)(end - config) : (int)strlen(config);
    snprintf(name, sizeof name, "%.*s (%s)", length, config, openblas_get_corename());
    return name;
}
