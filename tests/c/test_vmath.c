/*
** test_vmath.c - the error of exp, log, tanh and their like, in units in the last place
**
** Every tuned set computes each function over special values, all magnitudes
** and the range where the function changes; long double libm says what is
** right. The error is |got - right| over the distance of floats at right, and
** at most 2; where long double is no wider than double, as under valgrind, the
** reference has up to 1.5 of its own. The sets must agree in every bit,
** whatever the steps. erf, which no table holds, is included here as it stands.
** `NNLUA_VERBOSE=1 build/tests/c/test_vmath` prints the worst of each.
*/
#include "check.h"

#include <float.h>
#include <stdlib.h>

#include "kernel/dispatch.h"
#include "tensor/rng.h"

#define SAMPLES 60000 /* of each kind, for each function and type */
#define STRIDE 2

#define REAL float
#define NAME(x) x##_f32
#define M(function) function##f
#include "kernel/tuned/vmath.inc"
#undef REAL
#undef NAME
#undef M

#define REAL double
#define NAME(x) x##_f64
#define M(function) function
#include "kernel/tuned/vmath.inc"

static nn_rng rng;
static double limit;

static long double sigmoid(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

static const struct {
    const char *name;
    nn_k_unary_op op;
    long double (*right)(long double);
    double low, high; /* where the function changes */
} functions[] = {
    {"exp", NN_K_EXP, expl, -750, 715},
    {"expm1", NN_K_EXPM1, expm1l, -40, 715},
    {"log", NN_K_LOG, logl, 0, 3},
    {"log1p", NN_K_LOG1P, log1pl, -1, 3},
    {"tanh", NN_K_TANH, tanhl, -20, 20},
    {"sigmoid", NN_K_SIGMOID, sigmoid, -750, 40},
    {"erf", NN_K_ERF, erfl, -7, 7},
    {"exp of float", NN_K_EXP, expl, -106, 90},
    {"exp near 0", NN_K_EXP, expl, -2, 2},
    {"expm1 near 0", NN_K_EXPM1, expm1l, -2, 2},
    {"tanh near 0", NN_K_TANH, tanhl, -2, 2},
    {"erf near 0", NN_K_ERF, erfl, -1.5, 1.5},
    {"sigmoid near 0", NN_K_SIGMOID, sigmoid, -8, 8},
};
#define FUNCTIONS ((int)(sizeof functions / sizeof functions[0]))

static const double specials[] = {
    NAN,      INFINITY, -INFINITY,   0,          -0.0,       1,          -1,        DBL_MAX,
    -DBL_MAX, FLT_MAX,  -FLT_MAX,    DBL_MIN,    FLT_MIN,    4.9e-324,   -4.9e-324, 1.4e-45,
    -1.4e-45, 709.78,   709.79,      -708.39,    -708.4,     -745.13,    -745.14,   88.72,
    88.73,    -87.33,   -87.34,      -103.97,    -103.98,    -1.5,       0.625,     -0.625,
    0.4142,   -0.29,    0.41,        -0.2929,    0.70710678, 1.41421356, 1e-8,      -1e-8,
    1e-17,    -1e-17,   -0.99999994, 0.99999994, 2};
#define SPECIALS ((int)(sizeof specials / sizeof specials[0]))
#define COUNT (SPECIALS + 2 * SAMPLES)

typedef union values {
    float f[COUNT * STRIDE];
    double d[COUNT * STRIDE];
} values;

static values x, y, first, spread;
static long double right[COUNT];

static double get(const values *v, nn_k_type type, int64_t i)
{
    return type == NN_K_F32 ? (double)v->f[i] : v->d[i];
}

static void set(values *v, nn_k_type type, int64_t i, double value)
{
    if (type == NN_K_F32)
        v->f[i] = (float)value;
    else
        v->d[i] = value;
}

/* Specials; any bits, so every sign and magnitude alike; evenly over low..high. */
static void fill(nn_k_type type, double low, double high)
{
    for (int i = 0; i < SPECIALS; i++) set(&x, type, i, specials[i]);
    for (int i = SPECIALS; i < SPECIALS + SAMPLES; i++) {
        uint32_t bits[2] = {nn_rng_uint32(&rng), nn_rng_uint32(&rng)};
        memcpy(type == NN_K_F32 ? (void *)&x.f[i] : (void *)&x.d[i], bits,
               type == NN_K_F32 ? sizeof(float) : sizeof(double));
    }
    for (int i = SPECIALS + SAMPLES; i < COUNT; i++)
        set(&x, type, i, low + (high - low) * nn_rng_double(&rng));
}

/* The distance from |value| to the next larger number of the type; that of the largest, beyond. */
static long double ulp(long double value, nn_k_type type)
{
    int exponent, least = type == NN_K_F32 ? FLT_MIN_EXP : DBL_MIN_EXP;
    int digits = type == NN_K_F32 ? FLT_MANT_DIG : DBL_MANT_DIG;
    frexpl(value, &exponent);
    return ldexpl(1, (exponent < least ? least : exponent) - digits);
}

/* An infinity, and what is rounded to one, counts as the power of 2 after the largest number. */
static long double bounded(long double value, nn_k_type type)
{
    long double bound = ldexpl(1, type == NN_K_F32 ? FLT_MAX_EXP : DBL_MAX_EXP);
    return value > bound ? bound : value < -bound ? -bound : value;
}

static double error(double got, long double expected, nn_k_type type)
{
    long double a = bounded((long double)got, type), b = bounded(expected, type);
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0 : INFINITY;
    return a == b ? 0 : (double)(fabsl(a - b) / ulp(b, type));
}

/* The same bits, or both NaN. */
static bool same(const values *a, int64_t i, const values *b, int64_t j, nn_k_type type)
{
    double p = get(a, type, i), q = get(b, type, j);
    return (isnan(p) && isnan(q)) || memcmp(&p, &q, sizeof p) == 0;
}

static void test_function(int f, nn_k_type type, bool verbose)
{
    const nn_k_set *tuned;
    fill(type, functions[f].low, functions[f].high);
    for (int i = 0; i < COUNT; i++) right[i] = functions[f].right(get(&x, type, i));
    for (int s = 0; (tuned = nn_k_runnable(s)) && strcmp(tuned->isa, "ref") != 0; s++) {
        nn_k_unary *kernel = tuned->arith->unary[functions[f].op][type];
        double worst = 0;
        int at = 0;
        kernel(&y, 1, &x, 1, COUNT);
        kernel(&spread, STRIDE, &x, 1, COUNT);
        if (s == 0) first = y;
        for (int i = 0; i < COUNT; i++) {
            double e = error(get(&y, type, i), right[i], type);
            if (e > worst) worst = e, at = i;
            CHECK_AT(same(&y, i, &first, i, type) && same(&y, i, &spread, i * STRIDE, type),
                     "%s %s(%a), type %d: %a or %a, expected %a", tuned->isa, functions[f].name,
                     get(&x, type, i), (int)type, get(&y, type, i), get(&spread, type, i * STRIDE),
                     get(&first, type, i));
            CHECK_AT(right[i] != 0 || !signbit(get(&y, type, i)) == !signbit(right[i]),
                     "%s %s(%a), type %d: sign of zero", tuned->isa, functions[f].name,
                     get(&x, type, i), (int)type);
        }
        CHECK_AT(worst <= limit, "%s %s(%a), type %d: %a, expected %La, %.2f ulp", tuned->isa,
                 functions[f].name, get(&x, type, at), (int)type, get(&y, type, at), right[at],
                 worst);
        if (verbose)
            printf("%-8s %-14s %s %.3f at %a\n", tuned->isa, functions[f].name,
                   type == NN_K_F32 ? "float " : "double", worst, get(&x, type, at));
    }
}

static void test_erf(nn_k_type type, bool verbose)
{
    double worst = 0, at = 0;
    fill(type, -6.5, 6.5);
    for (int i = 0; i < COUNT; i++) {
        double v = get(&x, type, i), got;
        if (type == NN_K_F32)
            got = (double)erf_from_f32(x.f[i], exp_of_f32(erf_exponent_f32(x.f[i])));
        else
            got = erf_from_f64(v, exp_of_f64(erf_exponent_f64(v)));
        double e = error(got, erfl((long double)v), type);
        if (e > worst) worst = e, at = v;
        CHECK_AT(v != 0 || !signbit(got) == !signbit(v), "erf(%a) is %a", v, got);
    }
    CHECK_AT(worst <= limit, "erf(%a), type %d: %.2f ulp", at, (int)type, worst);
    if (verbose)
        printf("         erf            %s %.3f at %a\n", type == NN_K_F32 ? "float " : "double",
               worst, at);
}

int main(void)
{
    bool verbose = getenv("NNLUA_VERBOSE") != NULL;
    volatile long double one = 1;
    limit = one + 0x1p-60L != one ? 2 : 3.5;
    nn_rng_seed(&rng, 7);
    for (int f = 0; f < FUNCTIONS; f++)
        for (int type = NN_K_F32; type <= NN_K_F64; type++)
            test_function(f, (nn_k_type)type, verbose);
    test_erf(NN_K_F32, verbose);
    test_erf(NN_K_F64, verbose);
    return CHECK_REPORT();
}
