/*
** test_kernels.c - every tuned kernel against its naive twin, on ragged runs
**
** Elementwise kernels evaluate the same expression as their twins without
** contraction, so the bits must agree (NaN with any NaN), but for the functions
** of vmath.inc: 2 ulp from the truth, as test_vmath.c checks, while libm's are
** within 1, and an ulp is at most eps*|y|. Sums may differ by
** rounding: the twin adds in long double; the bound is 2 eps * n * sum|x| with
** eps = 2^-53 for the accumulators, generous for pairwise sums.
*/
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

#include "kernel/dispatch.h"
#include "kernel/gemm.h"
#include "kernel/partition.h"
#include "tensor/cancel.h"
#include "tensor/rng.h"

static nn_rng rng;

static const size_t size_of[NN_K_TYPES] = {1, 1, 8, 4, 8};
static const int64_t lengths[] = {0, 1, 2, 7, 16, 31, 64, 127, 1009};
#define LENGTHS ((int)(sizeof lengths / sizeof lengths[0]))
#define LONGEST 1009
#define STRIDE 3

/* n values of a type: small, of both signs, with zeros, and for floats NaN and infinities. */
static void fill(void *data, nn_k_type type, int64_t n, bool special)
{
    for (int64_t i = 0; i < n; i++) {
        double x = nn_rng_gauss(&rng) * 3;
        uint64_t dice = nn_rng_below_or_at(&rng, 15);
        if (special && dice == 0) x = NAN;
        if (special && dice == 1) x = INFINITY;
        if (dice == 2) x = 0;
        if (dice == 3) x = 1;
        switch (type) {
        case NN_K_BOOL: ((uint8_t *)data)[i] = x > 0; break;
        case NN_K_U8: ((uint8_t *)data)[i] = (uint8_t)nn_rng_uint32(&rng); break;
        case NN_K_I64: ((int64_t *)data)[i] = (int64_t)(isfinite(x) ? 5 * x : 7); break;
        case NN_K_F32: ((float *)data)[i] = (float)x; break;
        default: ((double *)data)[i] = x; break;
        }
    }
}

/* Replaces what integer division and powers may not be given. */
static void make_legal(void *data, nn_k_type type, int64_t n, nn_k_binary_op op)
{
    bool divides = op == NN_K_FLOORDIV || op == NN_K_MOD;
    for (int64_t i = 0; i < n; i++) {
        if (type == NN_K_I64) {
            int64_t *x = (int64_t *)data + i;
            if (divides && *x == 0) *x = 3;
            if (op == NN_K_POW && *x < 0) *x = -*x;
        } else if (type == NN_K_U8 && divides && ((uint8_t *)data)[i] == 0) {
            ((uint8_t *)data)[i] = 3;
        }
    }
}

static bool same(nn_k_type type, const void *a, const void *b, int64_t n)
{
    if (type == NN_K_F32 || type == NN_K_F64)
        for (int64_t i = 0; i < n; i++) {
            double x = type == NN_K_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
            double y = type == NN_K_F32 ? (double)((const float *)b)[i] : ((const double *)b)[i];
            if (x != y && !(isnan(x) && isnan(y))) return false;
        }
    else
        return memcmp(a, b, (size_t)n * size_of[type]) == 0;
    return true;
}

static bool from_vmath(nn_k_unary_op op)
{
    return op == NN_K_EXP || op == NN_K_EXPM1 || op == NN_K_LOG || op == NN_K_LOG1P ||
           op == NN_K_TANH || op == NN_K_SIGMOID || op == NN_K_ERF;
}

/* Float results within 3 ulp; NaN, infinities and zeros in the same places. */
static bool within_3_ulp(nn_k_type type, const void *a, const void *b, int64_t n)
{
    double eps = type == NN_K_F32 ? 0x1p-23 : 0x1p-52;
    for (int64_t i = 0; i < n; i++) {
        double x = type == NN_K_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
        double y = type == NN_K_F32 ? (double)((const float *)b)[i] : ((const double *)b)[i];
        if (!check_near(x, y, 3 * eps)) return false;
    }
    return true;
}

typedef struct buffers {
    _Alignas(8) char a[LONGEST * STRIDE * 8], b[LONGEST * STRIDE * 8 + 8], c[LONGEST * STRIDE];
    _Alignas(8) char got[LONGEST * STRIDE * 8], expected[LONGEST * STRIDE * 8];
} buffers;

static buffers u;

/* Output, first and second operand steps that occur: contiguous, scalars, strided. */
static const int64_t steps[][3] = {{1, 1, 1}, {1, 1, 0}, {1, 0, 1},
                                   {1, 2, 1}, {3, 1, 2}, {2, 2, 0}};
#define STEPS ((int)(sizeof steps / sizeof steps[0]))

static void test_binary(const nn_k_set *tuned, const nn_k_set *ref)
{
    for (int op = 0; op < NN_K_BINARY_OPS + NN_K_COMPARE_OPS; op++)
        for (int type = 0; type < NN_K_TYPES; type++) {
            bool compares = op >= NN_K_BINARY_OPS;
            nn_k_binary *const *table =
                compares ? tuned->arith->compare[op - NN_K_BINARY_OPS] : tuned->arith->binary[op];
            nn_k_binary *const *twin =
                compares ? ref->arith->compare[op - NN_K_BINARY_OPS] : ref->arith->binary[op];
            CHECK((table[type] == NULL) == (twin[type] == NULL));
            if (!table[type]) continue;
            nn_k_type out = compares ? NN_K_BOOL : (nn_k_type)type;
            for (int s = 0; s < STEPS; s++)
                for (int l = 0; l < LENGTHS; l++) {
                    int64_t n = lengths[l];
                    fill(u.a, (nn_k_type)type, n * STRIDE, true);
                    fill(u.b, (nn_k_type)type, n * STRIDE + 1, true);
                    if (!compares)
                        make_legal(u.b, (nn_k_type)type, n * STRIDE + 1, (nn_k_binary_op)op);
                    memset(u.got, 0, sizeof u.got);
                    memset(u.expected, 0, sizeof u.expected);
                    table[type](u.got, steps[s][0], u.a, steps[s][1], u.b, steps[s][2], n);
                    twin[type](u.expected, steps[s][0], u.a, steps[s][1], u.b, steps[s][2], n);
                    CHECK_AT(same(out, u.got, u.expected, n * steps[s][0]),
                             "%s: binary op %d, type %d, steps %d, n %d", tuned->isa, op, type, s,
                             (int)n);
                }
        }
}

static void test_unary(const nn_k_set *tuned, const nn_k_set *ref)
{
    for (int op = 0; op < NN_K_UNARY_OPS; op++)
        for (int type = 0; type < NN_K_TYPES; type++) {
            nn_k_unary *kernel = tuned->arith->unary[op][type];
            CHECK((kernel == NULL) == (ref->arith->unary[op][type] == NULL));
            if (!kernel) continue;
            for (int l = 0; l < LENGTHS; l++)
                for (int64_t step = 1; step <= STRIDE; step++) {
                    int64_t n = lengths[l];
                    fill(u.a, (nn_k_type)type, n * STRIDE, true);
                    memset(u.expected, 0, sizeof u.expected);
                    memset(u.got, 0, sizeof u.got);
                    ref->arith->unary[op][type](u.expected, step, u.a, step, n);
                    kernel(u.got, step, u.a, step, n);
                    CHECK_AT(from_vmath((nn_k_unary_op)op)
                                 ? within_3_ulp((nn_k_type)type, u.got, u.expected, n * step)
                                 : same((nn_k_type)type, u.got, u.expected, n * step),
                             "%s: unary op %d, type %d, n %d", tuned->isa, op, type, (int)n);
                    kernel(u.a, step, u.a, step, n); /* in place */
                    for (int64_t i = 0; i < n; i++)
                        CHECK(same((nn_k_type)type, u.a + (size_t)(i * step) * size_of[type],
                                   u.got + (size_t)(i * step) * size_of[type], 1));
                }
        }
}

static void test_clamp_and_where(const nn_k_set *tuned, const nn_k_set *ref)
{
    for (int type = 0; type < NN_K_TYPES; type++)
        for (int l = 0; l < LENGTHS; l++) {
            int64_t n = lengths[l];
            fill(u.a, (nn_k_type)type, n * 2, true);
            fill(u.b, (nn_k_type)type, n, true);
            fill(u.c, NN_K_BOOL, n, false);
            ref->arith->where[type](u.expected, 1, (uint8_t *)u.c, 1, u.a, 2, u.b, 1, n);
            tuned->arith->where[type](u.got, 1, (uint8_t *)u.c, 1, u.a, 2, u.b, 1, n);
            CHECK(same((nn_k_type)type, u.got, u.expected, n));
            if (!tuned->arith->clamp[type]) continue;
            fill(u.b, (nn_k_type)type, 2, false);
            const void *low = u.b, *high = u.b + size_of[type];
            ref->arith->clamp[type](u.expected, 1, u.a, 2, low, high, n);
            tuned->arith->clamp[type](u.got, 1, u.a, 2, low, high, n);
            CHECK(same((nn_k_type)type, u.got, u.expected, n));
        }
}

static const int64_t layouts[][4] = {
    {1, 0, 1, 1},      {1, 1, 1, 1},   {1, 17, 1, 1}, {3, 1009, 1, 1}, {2, 5000, 1, 1},
    {1, 31, 100, 100}, {4, 7, 65, 65}, {5, 1, 3, 3},  {3, 9, 70, 101}, {2, 40, 1, 7}};
#define LAYOUTS ((int)(sizeof layouts / sizeof layouts[0]))

static void test_sums(const nn_k_set *tuned, const nn_k_set *ref)
{
    static _Alignas(8) char x[10000 * 8];
    double got[400], expected[400], size[400];
    for (int op = 0; op < NN_K_SUM_OPS; op++)
        for (int type = 0; type < NN_K_TYPES; type++)
            for (int l = 0; l < LAYOUTS; l++) {
                const int64_t *s = layouts[l];
                bool real = type == NN_K_F32 || type == NN_K_F64;
                nn_k_sum_op magnitude = op == NN_K_PRODUCT ? NN_K_PRODUCT
                                        : op == NN_K_SUM   ? NN_K_SUM_ABS
                                                           : (nn_k_sum_op)op;
                fill(x, (nn_k_type)type, s[0] * s[1] * s[3], false);
                tuned->reduce->sum[op][type](got, x, s[0], s[1], s[2], s[3]);
                ref->reduce->sum[op][type](expected, x, s[0], s[1], s[2], s[3]);
                ref->reduce->sum[magnitude][type](size, x, s[0], s[1], s[2], s[3]);
                for (int64_t i = 0; i < s[0] * s[2]; i++) {
                    double bound = 2 * 0x1p-53 * (double)(s[1] + 1) * fabs(size[i]);
                    bool ok = real ? fabs(got[i] - expected[i]) <= bound
                                   : memcmp(&got[i], &expected[i], 8) == 0;
                    CHECK_AT(ok, "%s: sum op %d, type %d, layout %d: %.17g, expected %.17g",
                             tuned->isa, op, type, l, got[i], expected[i]);
                }
            }
}

static void test_extremes(const nn_k_set *tuned, const nn_k_set *ref)
{
    static _Alignas(8) char x[10000 * 8], got[400 * 8], expected[400 * 8];
    int64_t got_at[400], expected_at[400];
    for (int which = 0; which < 2; which++)
        for (int type = 0; type < NN_K_TYPES; type++)
            for (int l = 1; l < LAYOUTS; l++) {
                const int64_t *s = layouts[l];
                nn_k_extreme *kernel = which ? tuned->reduce->max[type] : tuned->reduce->min[type];
                nn_k_extreme *twin = which ? ref->reduce->max[type] : ref->reduce->min[type];
                fill(x, (nn_k_type)type, s[0] * s[1] * s[3], l % 2 == 0);
                kernel(got, got_at, x, s[0], s[1], s[2], s[3]);
                twin(expected, expected_at, x, s[0], s[1], s[2], s[3]);
                CHECK(same((nn_k_type)type, got, expected, s[0] * s[2]));
                CHECK(memcmp(got_at, expected_at, (size_t)(s[0] * s[2]) * 8) == 0);
            }
}

/* A float32 sum of a million numbers near 1 is exact to float32 rounding of the double sum. */
static void test_long_sum(const nn_k_set *tuned)
{
    enum { N = 1000000 };
    float *x = malloc(N * sizeof *x);
    double sum;
    if (!x) return;
    for (int i = 0; i < N; i++) x[i] = 1.0f / 3;
    tuned->reduce->sum[NN_K_SUM][NN_K_F32](&sum, x, 1, N, 1, 1);
    CHECK_NEAR(sum, N * (double)(1.0f / 3), 1e-15);
    free(x);
}

static bool near_all(nn_k_type type, const void *a, const void *b, int64_t n, double bound)
{
    for (int64_t i = 0; i < n; i++) {
        double x = type == NN_K_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
        double y = type == NN_K_F32 ? (double)((const float *)b)[i] : ((const double *)b)[i];
        if (!(fabs(x - y) <= bound)) return false;
    }
    return true;
}

/* Dot products of length K: |difference| <= 2 K eps sum|a||b|; entries are below 16. */
static void test_gemm(void)
{
    static const int64_t sizes[][3] = {{1, 1, 1},    {3, 5, 7},     {600, 25, 99}, {25, 784, 99},
                                       {64, 64, 64}, {1, 300, 129}, {257, 1, 33},  {5, 4, 0}};
    static double a[600 * 99], b[784 * 99], got[25 * 784], expected[25 * 784];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int transposed = 0; transposed < 4; transposed++)
            for (int type = NN_K_I64; type < NN_K_TYPES; type++) {
                int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
                nn_k_matrix ma = {a, K, 1}, mb = {b, N, 1};
                if (K == 0) ma.row = 1;
                if (transposed & 1) ma = (nn_k_matrix){a, 1, M};
                if (transposed & 2) mb = (nn_k_matrix){b, 1, K > 0 ? K : 1};
                fill(a, (nn_k_type)type, M * K, false);
                fill(b, (nn_k_type)type, K * N, false);
                CHECK(nn_k_gemm((nn_k_type)type, got, N, ma, mb, M, N, K));
                nn_k_gemm_ref((nn_k_type)type, expected, N, ma, mb, M, N, K);
                double eps = type == NN_K_F32 ? 0x1p-24 : 0x1p-53;
                CHECK(type == NN_K_I64 ? memcmp(got, expected, (size_t)(M * N) * 8) == 0
                                       : near_all((nn_k_type)type, got, expected, M * N,
                                                  2 * (double)K * eps * 30 * sqrt((double)K + 1)));
            }
}

static void count_block(void *context, int64_t i)
{
    ((int *)context)[i]++;
}

typedef struct rounds {
    int counts[200];
    bool complete; /* every block of every round was run once */
} rounds;

static void count_nested(void *context, int64_t i)
{
    int inner[3] = {0};
    CHECK(nn_k_parallel(3, count_block, inner));
    ((int *)context)[i] += inner[0] + inner[1] + inner[2] == 3;
}

/* Rounds of blocks with changing numbers of threads, while another thread does the same. */
static void *run_rounds(void *context)
{
    rounds *r = context;
    r->complete = true;
    for (int round = 0; round < 500; round++) {
        int64_t count = 1 + round % 200;
        memset(r->counts, 0, sizeof r->counts);
        nn_k_set_threads(2 + round % 4);
        r->complete = nn_k_parallel(count, count_nested, r->counts) && r->complete;
        for (int64_t i = 0; i < count; i++) r->complete = r->complete && r->counts[i] == 1;
    }
    return NULL;
}

static void test_partition_of_two_callers(void)
{
    static rounds here, there;
    pthread_t other;
    int before = nn_k_threads();
    if (pthread_create(&other, NULL, run_rounds, &there) != 0) return;
    run_rounds(&here);
    pthread_join(other, NULL);
    CHECK(here.complete && there.complete);
    nn_k_set_threads(before);
}

static void test_partition(void)
{
    int counts[1000];
    int before = nn_k_threads();
    for (int threads = 1; threads <= 4; threads++) {
        memset(counts, 0, sizeof counts);
        nn_k_set_threads(threads);
        CHECK(nn_k_parallel(1000, count_block, counts));
        for (int i = 0; i < 1000; i++) CHECK(counts[i] == 1);
    }
    nn_k_set_threads(before);
}

static int sum_of(const int *counts, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += counts[i];
    return sum;
}

typedef struct asking {
    int counts[1000];
    int64_t at;  /* the block that asks for the end */
    bool nested; /* from inside a call of its own */
} asking;

static void ask_at(void *context, int64_t i)
{
    asking *a = context;
    int inner[3] = {0};
    a->counts[i]++;
    if (i == a->at) nn_cancel_request();
    if (a->nested && nn_k_parallel(3, count_block, inner)) a->counts[i] += sum_of(inner, 3) != 3;
}

/* A request ends the loop between two blocks, whichever thread makes it, and stays for whoever
** comes after, until it is taken; a hold hides it. */
static void test_cancel(void)
{
    static asking a;
    int before = nn_k_threads();
    for (int threads = 1; threads <= 4; threads++)
        for (int nested = 0; nested < 2; nested++) {
            nn_k_set_threads(threads);
            a = (asking){.at = 10, .nested = nested};
            CHECK(!nn_k_parallel(1000, ask_at, &a));
            int run = sum_of(a.counts, 1000);
            CHECK(run >= 11 && run < 1000);
            for (int i = 0; i < 1000; i++) CHECK(a.counts[i] <= 1);
            CHECK(!nn_k_parallel(1000, ask_at, &a) && sum_of(a.counts, 1000) == run);

            nn_cancel_hold();
            a = (asking){.at = -1};
            CHECK(nn_k_parallel(1000, ask_at, &a) && sum_of(a.counts, 1000) == 1000);
            nn_cancel_release();
            CHECK(nn_cancelled());
            CHECK(nn_cancel_take() && !nn_cancel_take());

            a = (asking){.at = -1};
            CHECK(nn_k_parallel(1000, ask_at, &a) && sum_of(a.counts, 1000) == 1000);
            a = (asking){.at = 999}; /* asked for by the last block: the answer is the same */
            CHECK(!nn_k_parallel(1000, ask_at, &a) && nn_cancel_take());
        }
    nn_k_set_threads(1);
    a = (asking){.at = -1};
    nn_cancel_after(4);
    CHECK(!nn_k_parallel(1000, ask_at, &a) && sum_of(a.counts, 1000) == 3);
    CHECK(nn_cancel_take());
    nn_k_set_threads(before);
}

/* Products with more than a block's work, where the other side is cut and where the sums are: the
** twin's, within the bound of test_gemm, and the same bits on any number of threads. */
static void test_large_gemm(void)
{
    static const int64_t sizes[][3] = {{256, 264, 66000}, {256, 256, 70000}};
    static float some[65521]; /* a prime: no row is like another */
    static float c[256 * 264], d[256 * 264];
    int64_t count = 264 * 70000;
    float *a = malloc((size_t)count * sizeof *a);
    if (!a) abort();
    fill(some, NN_K_F32, 65521, false);
    for (int64_t i = 0; i < count; i++) a[i] = some[i % 65521];
    int before = nn_k_threads();
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
        nn_k_matrix ma = {a, K, 1}, mb = {a, N, 1};
        nn_k_set_threads(1);
        CHECK(nn_k_gemm(NN_K_F32, c, N, ma, mb, M, N, K));
        nn_k_set_threads(3);
        CHECK(nn_k_gemm(NN_K_F32, d, N, ma, mb, M, N, K));
        CHECK(memcmp(c, d, (size_t)(M * N) * sizeof *c) == 0);
        for (int64_t i = 0; i < M; i += 51)
            for (int64_t j = 0; j < N; j += 37) {
                nn_k_matrix row = {a + i * K, K, 1}, column = {a + j, N, 1};
                nn_k_gemm_ref(NN_K_F32, d, 1, row, column, 1, 1, K);
                CHECK(near_all(NN_K_F32, c + i * N + j, d, 1,
                               2 * (double)K * 0x1p-24 * 30 * sqrt((double)K + 1)));
            }
    }
    nn_k_set_threads(before);
    free(a);
}

int main(void)
{
    const nn_k_set *ref = NULL, *tuned;
    for (int i = 0; nn_k_runnable(i); i++) ref = nn_k_runnable(i);
    CHECK(ref && strcmp(ref->isa, "ref") == 0);
    for (int i = 0; (tuned = nn_k_runnable(i)) != NULL && tuned != ref; i++) {
        nn_rng_seed(&rng, 7);
        test_binary(tuned, ref);
        test_unary(tuned, ref);
        test_clamp_and_where(tuned, ref);
        test_sums(tuned, ref);
        test_extremes(tuned, ref);
        test_long_sum(tuned);
    }
    CHECK(!nn_k_select("z80"));
    test_gemm();
    test_partition();
    test_partition_of_two_callers();
    test_cancel();
    test_large_gemm();
    return CHECK_REPORT();
}
