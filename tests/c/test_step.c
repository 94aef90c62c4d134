/*
** test_step.c - every optimizer step against its naive twin, and the step of many parameters
**
** Each case runs a kernel of a tuned set and its twin from equal arrays on
** ragged lengths and compares whole arrays, padding included. Tolerances are a
** few roundings of the element type, relative to 1 + |value|; the twins compute
** in double. The tuned sets must agree with each other in every bit.
*/
#include "check.h"

#include <stdlib.h>

#include "kernel/dispatch.h"
#include "nn/optimizer.h"
#include "tensor/alloc.h"
#include "tensor/rng.h"
#include "tensor/view.h"

static nn_rng rng;

/* ---- Kernels ---- */

enum { ARRAYS = 2 + NN_K_STEP_BUFFERS, PADDING = 16, LONGEST = 40009, VARIANTS = 8 };

static const int64_t lengths[] = {0, 1, 2, 7, 8, 9, 31, 255, 256, 257, 1009, LONGEST};
#define LENGTHS ((int)(sizeof lengths / sizeof lengths[0]))

/* p, g and buffers of one type. */
typedef struct arrays {
    double of[ARRAYS][LONGEST + PADDING]; /* used as float where the type says so */
} arrays;

static double value_at(const void *data, nn_k_type type, int64_t i)
{
    return type == NN_K_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static void set_at(void *data, nn_k_type type, int64_t i, double x)
{
    if (type == NN_K_F32)
        ((float *)data)[i] = (float)x;
    else
        ((double *)data)[i] = x;
}

/* Which buffers are averages of squares or sizes, and not negative. */
static bool is_positive(nn_k_step_op op, int buffer)
{
    switch (op) {
    case NN_K_SGD:
    case NN_K_LION: return false;
    case NN_K_ADAM:
    case NN_K_RPROP: return buffer >= 1;
    case NN_K_RMSPROP: return buffer == 0;
    default: return true;
    }
}

/* Gradients hold zeros, so that signs do. */
static void fill(arrays *a, nn_k_step_op op, nn_k_type type)
{
    for (int k = 0; k < ARRAYS; k++)
        for (int64_t i = 0; i < LONGEST + PADDING; i++) {
            double x = nn_rng_gauss(&rng), u = nn_rng_double(&rng);
            if (k > 0 && u < 0.1) x = 0;
            if (k > 1 && is_positive(op, k - 2)) x = u + 1;
            if (op == NN_K_RMSPROP && k == 3) x = u - 0.5; /* its square is below v */
            set_at(a->of[k], type, i, (double)(float)x);
        }
}

/* Bit 0: gradient decay; bits 1 and 2: the op's own. with: the buffers that it goes with. */
static void coefficients(nn_k_step_op op, int variant, double *c, bool *with)
{
    double sign = variant == 5 ? -1 : 1, decay = variant & 1 ? 0.0625 : 0;
    bool b1 = variant & 2, b2 = variant & 4;
    with[0] = with[1] = with[2] = true;
    switch (op) {
    case NN_K_SGD:
        *(nn_k_sgd *)c = (nn_k_sgd){sign, decay, 0.1, 0.9, b2 ? 0 : 0.25, b2, variant == 7};
        with[0] = b1;
        break;
    case NN_K_ADAM:
        *(nn_k_adam *)c =
            (nn_k_adam){sign, decay, b1 ? 0.999 : 1, 0.9, 0.999, 1e-3, 0.01, b1 ? 0.02 : 0, 0.5};
        with[2] = b2;
        break;
    case NN_K_RMSPROP:
        *(nn_k_rmsprop *)c = (nn_k_rmsprop){sign, decay, 0.1, 0.75, 1e-3, 0.9};
        with[1] = b1;
        with[2] = b2;
        break;
    case NN_K_ADAGRAD: *(nn_k_adagrad *)c = (nn_k_adagrad){sign, decay, 0.1, 1e-3}; break;
    case NN_K_ADADELTA: *(nn_k_adadelta *)c = (nn_k_adadelta){sign, decay, 0.5, 0.75, 1e-3}; break;
    case NN_K_RPROP:
        *(nn_k_rprop *)c = (nn_k_rprop){sign, decay, 0.5, 1.25, b1 ? 0.75 : 1e-6, b2 ? 1.5 : 50};
        break;
    default: *(nn_k_lion *)c = (nn_k_lion){sign, 0, b1 ? 0.99 : 1, 0.1, 0.9, 0.99}; break;
    }
    for (int k = 0; k < NN_K_STEP_BUFFERS; k++)
        if (!nn_optimizer_kinds[op].buffer[k]) with[k] = false;
}

static void run_into(arrays *out, const arrays *in, const nn_k_set *set, nn_k_step_op op,
                     nn_k_type type, int variant, int64_t n)
{
    double c[NN_OPTIMIZER_COEFFICIENTS] = {0};
    bool with[NN_K_STEP_BUFFERS];
    coefficients(op, variant, c, with);
    memcpy(out, in, sizeof *out);
    void *data[ARRAYS] = {out->of[0], out->of[1]};
    for (int k = 0; k < NN_K_STEP_BUFFERS; k++) data[2 + k] = with[k] ? out->of[2 + k] : NULL;
    set->steps->step[op][type](data, n, c);
}

/* The place of the first difference, or -1. tolerance 0: every bit counts. */
static int64_t difference(const arrays *got, const arrays *expected, nn_k_type type, int64_t n,
                          double tolerance)
{
    for (int k = 0; k < ARRAYS; k++)
        for (int64_t i = 0; i < n + PADDING; i++) {
            double x = value_at(got->of[k], type, i), y = value_at(expected->of[k], type, i);
            bool same = i >= n || tolerance == 0 ? memcmp(&x, &y, sizeof x) == 0
                                                 : fabs(x - y) <= tolerance * (1 + fabs(y));
            if (!same) return i;
        }
    return -1;
}

static void test_kernels(void)
{
    arrays *in = malloc(sizeof *in), *twin = malloc(sizeof *in), *first = malloc(sizeof *in),
           *tuned = malloc(sizeof *in);
    const nn_k_set *set, *ref = NULL;
    for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++) ref = set;
    CHECK_STR(ref->isa, "ref");
    for (int op = 0; op < NN_K_STEP_OPS; op++)
        for (int type = NN_K_F32; type <= NN_K_F64; type++) {
            fill(in, (nn_k_step_op)op, (nn_k_type)type);
            for (int l = 0; l < LENGTHS; l++)
                for (int variant = 0; variant < VARIANTS; variant++) {
                    if (lengths[l] == LONGEST && variant > 1) continue;
                    int64_t n = lengths[l], at;
                    run_into(twin, in, ref, (nn_k_step_op)op, (nn_k_type)type, variant, n);
                    for (int i = 0; (set = nn_k_runnable(i)) && set != ref; i++) {
                        run_into(tuned, in, set, (nn_k_step_op)op, (nn_k_type)type, variant, n);
                        at = difference(tuned, twin, (nn_k_type)type, n,
                                        type == NN_K_F32 ? 1e-6 : 2e-15);
                        CHECK_AT(at < 0, "%s %s(%d) of %d elements of type %d differs at %d",
                                 set->isa, nn_optimizer_kinds[op].name, variant, (int)n, type,
                                 (int)at);
                        if (i == 0) memcpy(first, tuned, sizeof *first);
                        at = difference(tuned, first, (nn_k_type)type, n, 0);
                        CHECK_AT(at < 0, "%s %s(%d) of %d elements of type %d: other bits at %d",
                                 set->isa, nn_optimizer_kinds[op].name, variant, (int)n, type,
                                 (int)at);
                    }
                }
        }
    free(in);
    free(twin);
    free(first);
    free(tuned);
}

/* ---- Steps of tensors ---- */

static nn_optimizer_item sgd_item(nn_tensor *p, const nn_tensor *g, nn_tensor *buffer, nn_k_sgd o)
{
    nn_optimizer_item item = {.number = 2, .p = p, .g = g, .buffer = {buffer}};
    memcpy(item.coefficient, &o, sizeof o);
    return item;
}

/* A strided parameter and buffer are stepped like contiguous ones; nothing around them moves. */
static void test_strided_step(void)
{
    int64_t n = 7, shape[] = {n, 2};
    nn_tensor base = NN_TENSOR_EMPTY, column = NN_TENSOR_EMPTY, state = NN_TENSOR_EMPTY,
              buffer = NN_TENSOR_EMPTY, g = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_tensor_full(&base, NN_FLOAT64, 2, shape, 2, &err) == NN_OK);
    CHECK(nn_tensor_full(&state, NN_FLOAT64, 2, shape, 7, &err) == NN_OK);
    CHECK(nn_tensor_select(&column, &base, 1, 1, &err) == NN_OK);
    CHECK(nn_tensor_select(&buffer, &state, 1, 0, &err) == NN_OK);
    CHECK(nn_tensor_full(&g, NN_FLOAT64, 1, &n, 1, &err) == NN_OK);
    nn_optimizer_item item =
        sgd_item(&column, &g, &buffer,
                 (nn_k_sgd){.sign = 1, .decay = 0.25, .lr = 0.5, .momentum = 0.5, .first = 1});
    CHECK(nn_optimizer_step(NN_K_SGD, &item, 1, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) { /* d = 1 + 0.25*2 */
        CHECK_NEAR(nn_tensor_get(&base, 2 * i), 2, 0);
        CHECK_NEAR(nn_tensor_get(&base, 2 * i + 1), 2 - 0.5 * 1.5, 0);
        CHECK_NEAR(nn_tensor_get(&state, 2 * i), 1.5, 0);
        CHECK_NEAR(nn_tensor_get(&state, 2 * i + 1), 7, 0);
    }
    nn_tensor *all[] = {&base, &column, &state, &buffer, &g};
    for (int i = 0; i < 5; i++) nn_tensor_release(all[i]);
}

/* A parameter may be its own gradient (a gradient of W/2 squared is W). */
static void test_gradient_is_parameter(void)
{
    int64_t n = 40000;
    nn_tensor p = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_tensor_full(&p, NN_FLOAT32, 1, &n, 8, &err) == NN_OK);
    nn_optimizer_item item = sgd_item(&p, &p, NULL, (nn_k_sgd){.sign = 1, .lr = 0.25});
    CHECK(nn_optimizer_step(NN_K_SGD, &item, 1, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) CHECK_NEAR(nn_tensor_get(&p, i), 6, 0);
    nn_tensor_release(&p);
}

/* Items of all sizes in one step; then two that are views of the same elements, which are stepped
** one after the other. */
static void test_step_of_many(void)
{
    enum { ITEMS = 5 };
    static const int64_t sizes[ITEMS] = {1, 40000, 0, 7, 16384};
    nn_tensor p[ITEMS] = {{0}}, g[ITEMS] = {{0}};
    nn_optimizer_item items[ITEMS];
    nn_error err;
    for (int i = 0; i < ITEMS; i++) {
        CHECK(nn_tensor_full(&p[i], NN_FLOAT32, 1, &sizes[i], i, &err) == NN_OK);
        CHECK(nn_tensor_full(&g[i], NN_FLOAT32, 1, &sizes[i], 2 * i + 2, &err) == NN_OK);
        items[i] = sgd_item(&p[i], &g[i], NULL, (nn_k_sgd){.sign = 1, .lr = 0.5});
    }
    CHECK(nn_optimizer_step(NN_K_SGD, items, ITEMS, &err) == NN_OK);
    for (int i = 0; i < ITEMS; i++)
        for (int64_t k = 0; k < sizes[i]; k++) CHECK_NEAR(nn_tensor_get(&p[i], k), -1, 0);
    items[1] = items[0];
    CHECK(nn_optimizer_step(NN_K_SGD, items, 2, &err) == NN_OK);
    CHECK_NEAR(nn_tensor_get(&p[0], 0), -3, 0);
    for (int i = 0; i < ITEMS; i++) {
        nn_tensor_release(&p[i]);
        nn_tensor_release(&g[i]);
    }
}

static void test_out_of_memory(void)
{
    int64_t shape[] = {3, 4};
    nn_tensor base = NN_TENSOR_EMPTY, p = NN_TENSOR_EMPTY, g = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_tensor_full(&base, NN_FLOAT32, 2, shape, 1, &err) == NN_OK);
    CHECK(nn_tensor_transpose(&p, &base, 0, 1, &err) == NN_OK);
    CHECK(nn_tensor_full(&g, NN_FLOAT32, 2, p.shape, 1, &err) == NN_OK);
    nn_optimizer_item item = sgd_item(&p, &g, NULL, (nn_k_sgd){.sign = 1, .lr = 1});
    int failures = 0;
    nn_status status;
    do {
        nn_alloc_fail_after((uint64_t)failures + 1);
        status = nn_optimizer_step(NN_K_SGD, &item, 1, &err);
        nn_alloc_fail_after(0);
        CHECK_NEAR(nn_tensor_get(&base, 5), status == NN_OK ? 0 : 1, 0);
        CHECK(status == NN_OK || status == NN_EMEM);
    } while (status != NN_OK && ++failures < 20);
    CHECK_INT(failures, 3); /* the parts; the copy's storage and its elements */
    nn_tensor_release(&base);
    nn_tensor_release(&p);
    nn_tensor_release(&g);
}

static void expect(nn_k_step_op op, const nn_optimizer_item *item, nn_status status,
                   const char *message)
{
    nn_error err;
    CHECK_INT(nn_optimizer_step(op, item, 1, &err), status);
    CHECK_STR(err.message, message);
}

static void test_errors(void)
{
    int64_t n = 3, other = 4;
    nn_tensor p = NN_TENSOR_EMPTY, g = NN_TENSOR_EMPTY, wide = NN_TENSOR_EMPTY,
              longer = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_tensor_full(&p, NN_FLOAT32, 1, &n, 1, &err) == NN_OK);
    CHECK(nn_tensor_full(&g, NN_FLOAT32, 1, &n, 1, &err) == NN_OK);
    CHECK(nn_tensor_full(&wide, NN_FLOAT64, 1, &n, 1, &err) == NN_OK);
    CHECK(nn_tensor_full(&longer, NN_FLOAT32, 1, &other, 1, &err) == NN_OK);
    nn_optimizer_item item = sgd_item(&p, &g, &wide, (nn_k_sgd){.sign = 1});
    expect(NN_K_SGD, &item, NN_EDTYPE,
           "parameter 2 is float32 but its momentum_buffer is float64; "
           "opt:load_state_dict(opt:state_dict()) converts the state");
    item.buffer[0] = &longer;
    expect(NN_K_SGD, &item, NN_ESHAPE, "parameter 2 is [3] but its momentum_buffer is [4]");
    item.buffer[0] = &p;
    expect(NN_K_SGD, &item, NN_EVALUE,
           "the momentum_buffer of parameter 2 shares elements with its values");
    item.buffer[0] = NULL;
    item.g = &wide;
    expect(NN_K_SGD, &item, NN_EDTYPE, "parameter 2 is float32 but its gradient is float64");
    item.g = &g;
    expect(NN_K_ADAM, &item, NN_EVALUE, "parameter 2 has no exp_avg");
    for (int64_t i = 0; i < n; i++) CHECK_NEAR(nn_tensor_get(&p, i), 1, 0);
    nn_tensor_release(&p);
    nn_tensor_release(&g);
    nn_tensor_release(&wide);
    nn_tensor_release(&longer);
}

int main(void)
{
    nn_rng_seed(&rng, 42);
    test_kernels();
    test_strided_step();
    test_gradient_is_parameter();
    test_step_of_many();
    test_out_of_memory();
    test_errors();
    return CHECK_REPORT();
}
