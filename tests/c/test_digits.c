/*
** test_digits.c - the products of digits.h: the same bits everywhere, within their bound
**
** Every set against the naive twins, bit for bit, and the twins against sums in a type of 113 bits
** within the bound that digits.h derives. Where the processor has no tiles the AMX code runs on
** emulated ones.
*/
#include "check.h"

#include <float.h>
#include <pthread.h>
#include <stdlib.h>

#include "amx_emulator.h"
#include "kernel/dispatch.h"
#include "tensor/rng.h"

#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 exact;
#else
typedef long double exact;
#endif

extern const nn_k_digits nn_k_digits_ref;
#ifdef NN_HAVE_AVX512
extern const nn_k_digits nn_k_digits_amx;
#endif

static const nn_k_digits *const twin = &nn_k_digits_ref;
static nn_rng rng;

/* The sets that run here, but for the twins. */
static const nn_k_digits *tuned[3];
static const char *tuned_name[3];
static int tuned_count;

static void find_sets(void)
{
    const nn_k_set *set;
    for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++)
        if (set->digits != twin) {
            tuned[tuned_count] = set->digits;
            tuned_name[tuned_count++] = set->isa;
        }
#ifdef NN_HAVE_AVX512
    if (strcmp(nn_k_runnable(0)->isa, "amx") == 0) return;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && amx_emulator_install()) {
        tuned[tuned_count] = &nn_k_digits_amx;
        tuned_name[tuned_count++] = "amx (emulated)";
        return;
    }
#endif
    printf("no AVX-512 here: the AMX kernels were not run\n");
}

/* ---- Arrays ---------------------------------------------------------------------------------- */

/* Blocks of exactly their size, so that the address sanitizer sees the byte after them. */
static void *take(int64_t bytes)
{
    void *memory = malloc(bytes > 0 ? (size_t)bytes : 1);
    if (!memory) abort();
    memset(memory, 0xA5, (size_t)bytes);
    return memory;
}

static int64_t size_of(nn_k_type type)
{
    return type == NN_K_F32 ? 4 : 8;
}

static double get(nn_k_type type, const void *p, int64_t i)
{
    return type == NN_K_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void put(nn_k_type type, void *p, int64_t i, double x)
{
    if (type == NN_K_F32)
        ((float *)p)[i] = (float)x;
    else
        ((double *)p)[i] = x;
}

static bool same(nn_k_type type, const void *a, const void *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x = get(type, a, i), y = get(type, b, i);
        if (memcmp(&x, &y, sizeof x) != 0 && !(isnan(x) && isnan(y))) return false;
    }
    return true;
}

static uint8_t *random_bytes(int64_t n)
{
    uint8_t *x = take(n);
    for (int64_t i = 0; i < n; i++)
        x[i] = nn_rng_below_or_at(&rng, 2) ? (uint8_t)nn_rng_uint32(&rng) : 0;
    return x;
}

/* Of one size, over many orders of magnitude, or with one element far above the others. */
static void *random_reals(nn_k_type type, int64_t n)
{
    void *w = take(n * size_of(type));
    uint64_t kind = nn_rng_below_or_at(&rng, 2);
    for (int64_t i = 0; i < n; i++) {
        double x = nn_rng_gauss(&rng);
        if (kind == 1) x = ldexp(x, -(int)nn_rng_below_or_at(&rng, 60));
        if (kind == 2) x *= nn_rng_below_or_at(&rng, 99) ? 1e-9 : 1e9;
        put(type, w, i, x);
    }
    return w;
}

/* ---- The bound ------------------------------------------------------------------------------- */

/* One element of a product, its terms a step apart. */
typedef struct element {
    const void *w;
    const uint8_t *x;
    int64_t terms, w_step, x_step;
    double scale, start; /* what the products are multiplied with and added to */
} element;

/* Its value and the bound of digits.h for its error. */
static exact element_value(nn_k_type type, const element *e, exact *bound)
{
    exact value = e->start, eps = type == NN_K_F32 ? 0x1p-24 : 0x1p-53;
    double m = 0, scale = fabs(e->scale);
    for (int64_t k = 0; k < e->terms; k++) m = fmax(m, fabs(get(type, e->w, k * e->w_step)));
    double unit = type == NN_K_F32 ? exp2(-22.9) * m + 0x1p-128 : exp2(-54.9) * m + 0x1p-1024;
    *bound = 0;
    for (int64_t first = 0; first < e->terms; first += NN_K_DIGIT_TERMS) {
        int64_t last = first + NN_K_DIGIT_TERMS < e->terms ? first + NN_K_DIGIT_TERMS : e->terms;
        exact product = 0, bytes = 0;
        for (int64_t k = first; k < last; k++) {
            product += (exact)get(type, e->w, k * e->w_step) * e->x[k * e->x_step];
            bytes += e->x[k * e->x_step];
        }
        value += (exact)e->scale * product;
        *bound += scale * unit * bytes + 4 * eps * scale * (product < 0 ? -product : product) +
                  eps * (value < 0 ? -value : value);
    }
    return value;
}

/* |got - value| / bound; 0 if both are 0. */
static double share_of_bound(nn_k_type type, double got, const element *e)
{
    exact bound, difference = got - element_value(type, e, &bound);
    if (difference < 0) difference = -difference;
    return difference == 0 ? 0 : (double)(difference / bound);
}

/* ---- Products on ragged sizes ---------------------------------------------------------------- */

#define CHECK_SAME(got, expected, n, what)                                                         \
    CHECK_AT(same(type, got, expected, n), "%s: %s of float%d, out %d, in %d, rows %d",            \
             tuned_name[s], what, (int)size_of(type) * 8, (int)out, (int)in, (int)rows)

/* Packs with the twin and with every set; what they wrote must agree. */
static uint8_t *pack_bytes(const uint8_t *x, int64_t lanes, int64_t terms, int64_t lane_step,
                           int64_t term_step)
{
    int64_t size = nn_k_bytes_size(lanes, terms);
    uint8_t *packed = take(size), *other = take(size);
    twin->pack_bytes(packed, x, lanes, terms, lane_step, term_step);
    for (int s = 0; s < tuned_count; s++) {
        memset(other, 0xA5, (size_t)size);
        tuned[s]->pack_bytes(other, x, lanes, terms, lane_step, term_step);
        CHECK_AT(memcmp(packed, other, (size_t)size) == 0, "%s: bytes, %d lanes, %d terms",
                 tuned_name[s], (int)lanes, (int)terms);
    }
    free(other);
    return packed;
}

static void *pack_digits(nn_k_type type, const void *w, int64_t units, int64_t terms,
                         int64_t unit_step, int64_t term_step, double scale)
{
    int64_t size = nn_k_digits_size(type, units, terms), offset = nn_k_digits_offset(type, units);
    char *packed = take(size), *other = take(size);
    twin->pack[type](packed, w, units, terms, unit_step, term_step, scale);
    for (int s = 0; s < tuned_count; s++) {
        memset(other, 0xA5, (size_t)size);
        tuned[s]->pack[type](other, w, units, terms, unit_step, term_step, scale);
        CHECK_AT(same(type, packed, other, units) &&
                     memcmp(packed + offset, other + offset, (size_t)(size - offset)) == 0,
                 "%s: digits of float%d, %d units, %d terms", tuned_name[s], (int)size_of(type) * 8,
                 (int)units, (int)terms);
    }
    free(other);
    return packed;
}

static void test_linear(nn_k_type type, int64_t out, int64_t in, int64_t rows)
{
    uint8_t *x = random_bytes(rows * in), *bytes = pack_bytes(x, rows, in, in, 1);
    void *W = random_reals(type, out * in), *b = random_reals(type, out);
    void *digits = pack_digits(type, W, out, in, in, 1, 1 / 255.0);
    int64_t size = rows * out * size_of(type);
    char *z = take(size), *got = take(size);
    twin->linear[type](z, out, bytes, digits, b, rows, in, out);
    for (int64_t i = 0; i < rows * out; i += 1 + rows * out / 60) {
        int64_t r = i / out, u = i % out;
        element e = {
            (char *)W + u * in * size_of(type), x + r * in, in, 1, 1, 1 / 255.0, get(type, b, u)};
        double share = share_of_bound(type, get(type, z, i), &e);
        CHECK_AT(share <= 1, "z[%d,%d] of (%d,%d), in %d, float%d: the error is %g of its bound",
                 (int)r, (int)u, (int)rows, (int)out, (int)in, (int)size_of(type) * 8, share);
    }
    for (int s = 0; s < tuned_count; s++) {
        memset(got, 0xA5, (size_t)size);
        tuned[s]->linear[type](got, out, bytes, digits, b, rows, in, out);
        CHECK_SAME(got, z, rows * out, "linear");
    }
    twin->linear[type](z, out, bytes, digits, NULL, rows, in, out);
    for (int s = 0; s < tuned_count; s++) {
        memset(got, 0xA5, (size_t)size);
        for (int64_t r = 0; r < rows; r += 48) { /* ranges of rows */
            int64_t n = rows - r < 48 ? rows - r : 48;
            tuned[s]->linear[type](got + r * out * size_of(type), out,
                                   bytes + nn_k_bytes_size(r, in), digits, NULL, n, in, out);
        }
        CHECK_SAME(got, z, rows * out, "linear by ranges, without bias");
    }
    free(x), free(bytes), free(W), free(b), free(digits), free(z), free(got);
}

/* Rows 64.. of a data set of 64 + rows + 5 rows, into a dW that is part of a wider matrix. */
static void test_gradient(nn_k_type type, int64_t out, int64_t in, int64_t rows)
{
    int64_t N = 64 + rows + 5, lddW = in + 3;
    uint8_t *x = random_bytes(N * in), *bytes = pack_bytes(x, in, N, 1, in);
    void *dz = random_reals(type, rows * out), *before = random_reals(type, out * lddW);
    void *digits = pack_digits(type, dz, out, rows, 1, out, 1);
    int64_t size = out * lddW * size_of(type);
    char *dW = take(size), *got = take(size);
    for (int64_t i = 0; i < out * lddW; i++) /* outside of dW: anything added would show */
        if (i % lddW >= in) put(type, before, i, -0.0);
    memcpy(dW, before, (size_t)size);
    twin->gradient[type](dW, lddW, digits, bytes, 64, rows, N, in, out);
    for (int64_t i = 0; i < out * in; i += 1 + out * in / 60) {
        int64_t u = i / in, k = i % in, at = u * lddW + k;
        element e = {(char *)dz + u * size_of(type), x + 64 * in + k, rows, out, in, 1,
                     get(type, before, at)};
        double share = share_of_bound(type, get(type, dW, at), &e);
        CHECK_AT(share <= 1, "dW[%d,%d] of (%d,%d), rows %d, float%d: the error is %g of its bound",
                 (int)u, (int)k, (int)out, (int)in, (int)rows, (int)size_of(type) * 8, share);
    }
    for (int s = 0; s < tuned_count; s++) {
        memcpy(got, before, (size_t)size);
        tuned[s]->gradient[type](got, lddW, digits, bytes, 64, rows, N, in, out);
        CHECK_SAME(got, dW, out * lddW, "gradient");
        memcpy(got, before, (size_t)size);
        for (int64_t k = 0; k < in; k += 32) { /* ranges of features */
            int64_t n = in - k < 32 ? in - k : 32;
            tuned[s]->gradient[type](got + k * size_of(type), lddW, digits,
                                     bytes + nn_k_bytes_size(k, N), 64, rows, N, n, out);
        }
        CHECK_SAME(got, dW, out * lddW, "gradient by ranges");
    }
    free(x), free(bytes), free(dz), free(before), free(digits), free(dW), free(got);
}

static void test_products(nn_k_type type)
{
    static const int64_t widths[] = {1, 15, 16, 17, 25, 33, 64, 100};
    static const int64_t features[] = {1, 3, 64, 65, 203};
    static const int64_t rows[] = {1, 15, 16, 17, 63, 64, 65, 300};
    for (int o = 0; o < 8; o++)
        for (int i = 0; i < 5; i++) {
            test_linear(type, widths[o], features[i], rows[(3 * o + i) % 8]);
            test_gradient(type, widths[o], features[i], rows[(3 * o + i + 1) % 8]);
        }
    test_linear(type, 0, 7, 5);
    test_linear(type, 4, 0, 5);
    test_linear(type, 4, 7, 0);
    test_gradient(type, 0, 7, 5);
    test_gradient(type, 4, 0, 5);
    test_gradient(type, 4, 7, 0);
}

/* ---- Digits ---------------------------------------------------------------------------------- */

/* What digits and factor say a packed number is; false if a digit after the last term is not 0. */
static bool unpack(nn_k_type type, double *w, const void *packed, int64_t units, int64_t terms,
                   int64_t u)
{
    int D = type == NN_K_F32 ? NN_K_DIGITS_F32 : NN_K_DIGITS_F64;
    int64_t width = nn_k_digits_width(terms);
    const int8_t *row = (const int8_t *)packed + nn_k_digits_offset(type, units) + u * D * width;
    for (int64_t k = 0; k < width; k++) {
        int64_t q = 0;
        for (int d = D - 1; d >= 0; d--) q = q * 256 + row[d * width + k];
        if (k < terms)
            w[k] = ldexp(get(type, packed, u), -8 * (D - 1)) * (double)q;
        else if (q != 0)
            return false;
    }
    return true;
}

/* Maxima around every place where the exponent or the head-room decides, from the smallest to the
** largest number: half a unit of q is never more than m 2^-(8D-1) 64/63, and q fits D digits. */
static void test_head_room(nn_k_type type)
{
    enum { TERMS = 7 };
    int D = type == NN_K_F32 ? NN_K_DIGITS_F32 : NN_K_DIGITS_F64;
    int lowest = type == NN_K_F32 ? -149 : -1074, highest = type == NN_K_F32 ? 127 : 1023;
    double last = type == NN_K_F32 ? 0x1p-23 : DBL_EPSILON, w[TERMS], got[TERMS];
    double floor = type == NN_K_F32 ? 0x1p-128 : 0x1p-1024;
    double edges[] = {1, 1 + last, 1.5, 63.0 / 32 - last, 63.0 / 32, 63.0 / 32 + last, 2 - last};
    for (int exponent = lowest; exponent <= highest;
         exponent += exponent < -4 || exponent > 4 ? 5 : 1)
        for (int i = 0; i < 7; i++) {
            double m = ldexp(edges[i], exponent);
            char row[TERMS * 8];
            for (int k = 0; k < TERMS; k++) {
                put(type, row, k, k == 0 ? -m : k == 1 ? m : m * nn_rng_gauss(&rng) / 8);
                w[k] = get(type, row, k);
            }
            void *packed = pack_digits(type, row, 1, TERMS, TERMS, 1, 1);
            CHECK(unpack(type, got, packed, 1, TERMS, 0));
            double half = fmax(ldexp(fabs(w[0]), 1 - 8 * D) * 64 / 63, floor);
            for (int k = 0; k < TERMS; k++)
                CHECK_AT(fabs(got[k] - w[k]) <= half, "float%d: %a became %a beside %a",
                         (int)size_of(type) * 8, w[k], got[k], m);
            free(packed);
        }
}

/* Zeros give the bias; NaN and infinities spoil their own unit and no other. */
static void test_special_units(nn_k_type type)
{
    enum { OUT = 20, IN = 70, ROWS = 18 };
    static const double special[] = {NAN, INFINITY, -INFINITY};
    uint8_t *x = random_bytes(ROWS * IN), *bytes = pack_bytes(x, ROWS, IN, IN, 1);
    void *W = random_reals(type, OUT * IN), *b = random_reals(type, OUT);
    double z[ROWS * OUT], plain[ROWS * OUT];
    for (int k = 0; k < IN; k++) put(type, W, 3 * IN + k, k % 2 ? 0.0 : -0.0);
    void *digits = pack_digits(type, W, OUT, IN, IN, 1, 1);
    twin->linear[type](plain, OUT, bytes, digits, b, ROWS, IN, OUT);
    free(digits);
    for (int i = 0; i < 3; i++) put(type, W, (5 * i + 1) * IN + IN - 1 - i, special[i]);
    digits = pack_digits(type, W, OUT, IN, IN, 1, 1);
    for (int s = -1; s < tuned_count; s++) {
        const nn_k_digits *set = s < 0 ? twin : tuned[s];
        set->linear[type](z, OUT, bytes, digits, b, ROWS, IN, OUT);
        for (int64_t i = 0; i < ROWS * OUT; i++) {
            int64_t u = i % OUT;
            double got = get(type, z, i), expected = u == 3 ? get(type, b, u) : get(type, plain, i);
            if (u == 1 || u == 6 || u == 11)
                CHECK(isnan(got));
            else
                CHECK_NEAR(got, expected, 0);
        }
    }
    free(x), free(bytes), free(W), free(b), free(digits);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* The longest sums that int32 holds, of the largest digits, and longer ones: low digits of -128
** below the lowest top digit, times 255. */
static void test_longest_sums(nn_k_type type)
{
    static const int64_t lengths[] = {NN_K_DIGIT_TERMS - 1, NN_K_DIGIT_TERMS, NN_K_DIGIT_TERMS + 1,
                                      2 * NN_K_DIGIT_TERMS + 65};
    int D = type == NN_K_F32 ? NN_K_DIGITS_F32 : NN_K_DIGITS_F64;
    double w = -125;
    for (int d = 1; d < D; d++) w = w * 256 - 128;
    for (int i = 0; i < 4; i++) {
        int64_t n = lengths[i];
        uint8_t *x = take(n);
        void *W = take(n * size_of(type));
        double z, got;
        memset(x, 255, (size_t)n);
        for (int64_t k = 0; k < n; k++) put(type, W, k, w);
        uint8_t *bytes = pack_bytes(x, 1, n, n, 1);
        void *digits = pack_digits(type, W, 1, n, n, 1, 1);
        CHECK_INT(((int8_t *)digits)[nn_k_digits_offset(type, 1)], -128);
        twin->linear[type](&z, 1, bytes, digits, NULL, 1, n, 1);
        element e = {W, x, n, 1, 1, 1, 0};
        CHECK(share_of_bound(type, get(type, &z, 0), &e) <= 1);
        for (int s = 0; s < tuned_count; s++) {
            tuned[s]->linear[type](&got, 1, bytes, digits, NULL, 1, n, 1);
            CHECK(same(type, &got, &z, 1));
            put(type, &got, 0, 0); /* the same sum as a gradient: n rows of one feature */
            tuned[s]->gradient[type](&got, 1, digits, bytes, 0, n, n, 1, 1);
            CHECK(same(type, &got, &z, 1));
        }
        free(x), free(W), free(bytes), free(digits);
    }
}

/* The bound is no larger than it must be: one weight of 1, and others that all lie just below half
** a unit of q above a multiple of it, reach more than half of it. */
static void test_bound_is_reached(nn_k_type type)
{
    enum { IN = 784 };
    uint8_t x[IN];
    double W[IN], z, unit = type == NN_K_F32 ? 0x1p-22 : 0x1p-54;
    for (int k = 0; k < IN; k++) {
        x[k] = 255;
        put(type, W, k, k == 0 ? 1 : (k % 16 + 0.499) * unit);
    }
    uint8_t *bytes = pack_bytes(x, 1, IN, IN, 1);
    void *digits = pack_digits(type, W, 1, IN, IN, 1, 1);
    twin->linear[type](&z, 1, bytes, digits, NULL, 1, IN, 1);
    element e = {W, x, IN, 1, 1, 1, 0};
    double share = share_of_bound(type, get(type, &z, 0), &e);
    CHECK_AT(share > 0.5 && share <= 1, "float%d: %g of the bound", (int)size_of(type) * 8, share);
    free(bytes), free(digits);
}

/* ---- Threads and dispatch -------------------------------------------------------------------- */

enum { THREADS = 3, BLOCKS = 12, BLOCK_ROWS = 16, BLOCK_IN = 100, BLOCK_OUT = 9 };

/* Threads of our own: the pool's workers block signals, and with them the emulator. */
typedef struct worker {
    pthread_t thread;
    const nn_k_digits *set;
    const uint8_t *bytes;
    const void *digits;
    float *z;
    int first; /* its blocks: first, first + THREADS, ... */
    bool tidy; /* it has released its tiles */
} worker;

static void *run_blocks(void *context)
{
    worker *w = context;
    for (int64_t i = w->first; i < BLOCKS; i += THREADS)
        w->set->linear[NN_K_F32](w->z + i * BLOCK_ROWS * BLOCK_OUT, BLOCK_OUT,
                                 w->bytes + nn_k_bytes_size(i * BLOCK_ROWS, BLOCK_IN), w->digits,
                                 NULL, BLOCK_ROWS, BLOCK_IN, BLOCK_OUT);
    w->tidy = !amx_emulator_configured();
    return NULL;
}

/* Even units, an uneven one, and what is no number, seen by every set; both layouts. */
static void test_even(nn_k_type type)
{
    enum { UNITS = 21, TERMS = 100 };
    double *w = malloc(UNITS * TERMS * sizeof *w);
    for (int way = 0; way < 2; way++)
        for (int odd = -1; odd < UNITS; odd++) {
            int64_t unit_step = way ? 1 : TERMS, term_step = way ? UNITS : 1;
            static const double sizes[] = {65, -65, NAN, INFINITY, 63};
            for (int s = 0; s < 5; s++) {
                for (int64_t i = 0; i < UNITS * TERMS; i++) {
                    double value = i % 2 ? 1 : -1;
                    if (odd >= 0 && i == odd * unit_step + 37 * term_step)
                        value = sizes[s] * (TERMS - 1) / (TERMS - fabs(sizes[s]));
                    if (type == NN_K_F32)
                        ((float *)w)[i] = (float)value;
                    else
                        w[i] = value;
                }
                bool even = odd < 0 || s == 4;
                CHECK(twin->even[type](w, UNITS, TERMS, unit_step, term_step) == even);
                for (int t = 0; t < tuned_count; t++)
                    CHECK(tuned[t]->even[type](w, UNITS, TERMS, unit_step, term_step) == even);
            }
        }
    free(w);
}

static void test_threads(void)
{
    enum { ROWS = BLOCKS * BLOCK_ROWS };
    static float z[ROWS * BLOCK_OUT], got[ROWS * BLOCK_OUT];
    uint8_t *x = random_bytes(ROWS * BLOCK_IN), *bytes = pack_bytes(x, ROWS, BLOCK_IN, BLOCK_IN, 1);
    void *W = random_reals(NN_K_F32, BLOCK_OUT * BLOCK_IN);
    void *digits = pack_digits(NN_K_F32, W, BLOCK_OUT, BLOCK_IN, BLOCK_IN, 1, 1);
    twin->linear[NN_K_F32](z, BLOCK_OUT, bytes, digits, NULL, ROWS, BLOCK_IN, BLOCK_OUT);
    for (int s = 0; s < tuned_count; s++) {
        worker workers[THREADS];
        int started = 0;
        memset(got, 0, sizeof got);
        for (; started < THREADS; started++) {
            worker *w = &workers[started];
            *w = (worker){
                .set = tuned[s], .bytes = bytes, .digits = digits, .z = got, .first = started};
            if (pthread_create(&w->thread, NULL, run_blocks, w) != 0) break;
        }
        for (int i = 0; i < started; i++) {
            pthread_join(workers[i].thread, NULL);
            CHECK(workers[i].tidy);
        }
        CHECK(started == THREADS && memcmp(got, z, sizeof z) == 0);
    }
    free(x), free(bytes), free(W), free(digits);
}

static void test_dispatch(void)
{
    const nn_k_set *set, *before = nn_k();
    for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++) {
        bool fast = strcmp(set->isa, "amx") == 0 || strcmp(set->isa, "vnni") == 0;
        CHECK(nn_k_select(set->isa) && nn_k() == set);
        CHECK((set->digits != twin) == fast);
        CHECK((set->digits->share[NN_K_F32] < 1) == fast);
        CHECK((set->digits->share[NN_K_F64] < 1) == fast);
        CHECK(!set->digits->linear[NN_K_I64] && !set->digits->pack[NN_K_U8]);
    }
    nn_k_select(before->isa);
}

int main(void)
{
    nn_rng_seed(&rng, 11);
    find_sets();
    test_dispatch();
    for (nn_k_type type = NN_K_F32; type <= NN_K_F64; type++) {
        test_products(type);
        test_head_room(type);
        test_special_units(type);
        test_longest_sums(type);
        test_bound_is_reached(type);
    }
    test_even(NN_K_F32);
    test_even(NN_K_F64);
    test_threads();
    CHECK_AT(amx_emulator_fault() == NULL, "a tile instruction that the processor would refuse");
    CHECK(!amx_emulator_configured());
    return CHECK_REPORT();
}
