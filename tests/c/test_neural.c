/*
** test_neural.c - every neural kernel against its naive twin, and the operations around them
**
** Each case runs a kernel of a tuned set and its twin from equal buffers and
** compares whole buffers, padding included. Tolerances are a few roundings of
** the element type, relative to 1 + |value|, since the formulas subtract
** numbers near 1; the twins compute in double. The tuned sets must agree with
** each other in every bit.
*/
#include "check.h"

#include <stdlib.h>

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/activation.h"
#include "nn/binary_cross_entropy.h"
#include "nn/cross_entropy.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/penalty.h"
#include "nn/regression_loss.h"
#include "nn/softmax.h"
#include "tensor/alloc.h"
#include "tensor/rng.h"
#include "tensor/view.h"

static nn_rng rng;

/* ---- Kernels ---- */

enum { IN = 4, OUT = 4, CLASSES = 10, PADDING = 16, LONG = 100003 };

static const int64_t lengths[] = {0, 1, 2, 7, 8, 9, 255, 256, 257, 1009};
#define LENGTHS ((int)(sizeof lengths / sizeof lengths[0]))
#define CAPACITY ((size_t)(LONG + PADDING))

/* What a case reads and writes. in[0]: any sign, with NaN and infinities; in[1]: any sign; in[2]:
** 0..1, both ends among them; in[3]: positive. Outputs start as copies of inputs: out[0] of
** in[1], the others of their own number's. */
typedef struct buffers {
    nn_k_type type;
    double *in[IN]; /* used as float where type says so */
    double *out[OUT];
    double sum;
    int64_t *label, *some_label; /* the second: 0 in a row without a label */
    double *weight;
    uint8_t *keep;
} buffers;

typedef void run_case(const nn_k_neural *k, buffers *b, int64_t n, int variant);

static const double parameters[][2] = {{0, 0}, {0.01, 0}, {0.5, 2}, {0, 0},
                                       {0, 0}, {1.5, 0},  {0, 0},   {0, 0}};

static void run_activate(const nn_k_neural *k, buffers *b, int64_t n, int op)
{
    k->activate[op][b->type](b->out[0], b->in[0], n, parameters[op][0], parameters[op][1]);
}

static void run_activate_back(const nn_k_neural *k, buffers *b, int64_t n, int op)
{
    k->activate_back[op][b->type](b->out[0], b->in[1], b->in[0], n, parameters[op][0],
                                  parameters[op][1]);
}

/* The four softmax kernels, n rows of 10 (variants 0-3) or one row of n (4-7). */
static void run_softmax(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    int64_t rows = variant < 4 ? n / CLASSES : 1, width = variant < 4 ? CLASSES : n;
    switch (variant % 4) {
    case 0: k->softmax[b->type](b->out[0], b->in[1], rows, width); break;
    case 1: k->log_softmax[b->type](b->out[0], b->in[1], rows, width); break;
    case 2: k->softmax_back[b->type](b->out[0], b->in[1], b->in[2], rows, width); break;
    default: k->log_softmax_back[b->type](b->out[0], b->in[1], b->in[2], rows, width); break;
    }
}

/* Cross-entropy: bit 0 of variant: weights; bit 1: smoothing; bit 2: target rows, not labels;
** bit 3: no losses per row. In two parts, so that `first` counts. */
static void run_class_loss(nn_k_class_loss *kernel, const void *x, buffers *b, int64_t n,
                           int variant)
{
    int64_t rows = n / CLASSES, half = rows / 2;
    nn_k_class_problem problem = {
        .x = x,
        .label = variant & 4 ? NULL : b->label,
        .target = variant & 4 ? b->in[2] : NULL,
        .weight = variant & 1 ? b->weight : NULL,
        .smoothing = variant & 2 ? 0.125 : 0,
        .classes = CLASSES,
        .scale = 0.25,
        .dx = b->out[0],
        .each = variant & 8 ? NULL : b->out[1],
    };
    b->sum = kernel(&problem, 0, half) + kernel(&problem, half, rows - half);
}

static void run_cross_entropy(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    run_class_loss(k->cross_entropy[b->type], b->in[1], b, n, variant);
}

static void run_summed_bce(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    run_class_loss(k->summed_bce[b->type], b->in[2], b, n, variant << 2);
}

/* Labels with some rows that have none; bit 0: weights; bit 1: smoothing, or squares;
** bit 2: no losses per row. */
static void run_label_loss(const nn_k_neural *k, buffers *b, int64_t n, int variant, int which)
{
    int64_t rows = n / CLASSES, half = rows / 2;
    nn_k_class_problem problem = {
        .x = b->in[1],
        .label = b->some_label,
        .weight = variant & 1 ? b->weight : NULL,
        .smoothing = variant & 2 ? 0.125 : 0,
        .margin = 0.75,
        .squared = variant & 2,
        .classes = CLASSES,
        .scale = 0.25,
        .dx = b->out[0],
        .each = variant & 4 ? NULL : b->out[1],
    };
    nn_k_class_loss *kernel = which == 0   ? k->cross_entropy[b->type]
                              : which == 1 ? k->nll[b->type]
                                           : k->multi_margin[b->type];
    b->sum = kernel(&problem, 0, half) + kernel(&problem, half, rows - half);
}

static void run_ignoring(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    run_label_loss(k, b, n, variant, 0);
}

static void run_nll(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    run_label_loss(k, b, n, variant, 1);
}

static void run_multi_margin(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    run_label_loss(k, b, n, variant, 2);
}

static void run_pair_loss(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    int op = variant % NN_K_PAIR_OPS;
    bool plain = variant < NN_K_PAIR_OPS;
    const void *x = op == NN_K_BCE ? b->in[2] : b->in[1];
    bool has_share = op == NN_K_BCE || op == NN_K_BCE_LOGIT || op == NN_K_KL;
    const void *y = has_share                               ? b->in[2]
                    : op == NN_K_MARGIN || op == NN_K_HINGE ? b->in[1]
                                                            : b->in[3];
    if (op == NN_K_HINGE) x = b->in[3], y = b->in[1];
    b->sum = k->pair_loss[op][b->type](plain ? NULL : b->out[1], b->out[0], x, y,
                                       plain ? NULL : b->in[3], n, 0.75, 0.5);
}

static void run_penalty(const nn_k_neural *k, buffers *b, int64_t n, int op)
{
    b->sum = k->penalty[op][b->type](b->out[0], b->in[1], n, 0.25);
}

static void run_mask(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    (void)variant;
    k->mask[b->type](b->out[0], b->in[1], b->keep, n, 1 / 0.75);
}

static void run_add_row(const nn_k_neural *k, buffers *b, int64_t n, int width)
{
    k->add_row[b->type](b->out[0], b->in[1], n / width, width);
}

static void run_outside(const nn_k_neural *k, buffers *b, int64_t n, int variant)
{
    static const double bounds[] = {8, 7, 3, INFINITY};
    b->sum = (double)k->outside[b->type](b->in[1], n, -bounds[variant], bounds[variant]) +
             (double)k->outside[NN_K_I64](b->label, n, 1, CLASSES - variant);
}

static const struct {
    const char *name;
    run_case *run;
    int first, last; /* variants */
    bool runs_long;  /* also on LONG elements */
} cases[] = {
    {"activate", run_activate, 0, NN_K_FROM_OUTPUT - 1, false},
    {"activate_back", run_activate_back, 0, NN_K_ACTIVATIONS - 1, false},
    {"relu", run_activate, NN_K_RELU, NN_K_RELU, true},
    {"softmax", run_softmax, 0, 7, false},
    {"cross_entropy", run_cross_entropy, 0, 15, false},
    {"summed_bce", run_summed_bce, 0, 3, false},
    {"cross_entropy of some", run_ignoring, 0, 7, false},
    {"nll", run_nll, 0, 7, false},
    {"multi_margin", run_multi_margin, 0, 7, false},
    {"pair_loss", run_pair_loss, 0, 2 * NN_K_PAIR_OPS - 1, false},
    {"mse", run_pair_loss, NN_K_MSE, NN_K_MSE, true},
    {"penalty", run_penalty, 0, NN_K_PENALTY_OPS - 1, true},
    {"mask", run_mask, 0, 0, true},
    {"add_row", run_add_row, 1, 3, false},
    {"add_row", run_add_row, 25, 25, true},
    {"outside", run_outside, 0, 3, true},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

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

static size_t size_of(nn_k_type type)
{
    return type == NN_K_F32 ? sizeof(float) : sizeof(double);
}

static double input(int which)
{
    static const double specials[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 1};
    double x = nn_rng_gauss(&rng) * 2, u = nn_rng_double(&rng);
    uint64_t dice = nn_rng_below_or_at(&rng, 20);
    if (which == 0 && dice < 6) return specials[dice];
    if (which == 1 && dice == 0) return 0;
    if (which == 2) return dice < 2 ? (double)dice : u;
    return which == 3 ? u + 0.125 : x;
}

/* x in float precision, so that both types see the same numbers. */
static void fill(buffers *b, int64_t n, nn_k_type type)
{
    b->type = type;
    b->sum = 0;
    for (int which = 0; which < IN; which++)
        for (int64_t i = 0; i < n + PADDING; i++)
            set_at(b->in[which], type, i, (double)(float)input(which));
    for (int64_t i = 0; i < n; i++) {
        b->label[i] = 1 + (int64_t)nn_rng_below_or_at(&rng, CLASSES - 1);
        b->keep[i] = nn_rng_double(&rng) < 0.75;
        b->some_label[i] = b->keep[i] ? b->label[i] : 0;
    }
}

static void reset_outputs(buffers *b, int64_t n)
{
    for (int i = 0; i < OUT; i++)
        memcpy(b->out[i], b->in[i == 0 ? 1 : i], (size_t)(n + PADDING) * size_of(b->type));
    b->sum = 0;
}

static bool same_bits(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static bool near(double got, double expected, double tolerance)
{
    if (isnan(expected) || isinf(expected)) return check_near(got, expected, 0);
    return fabs(got - expected) <= tolerance * (1 + fabs(expected));
}

/* The outputs of one run, to be compared with those of another. */
typedef struct record {
    double *out[OUT];
    double sum;
} record;

static void run_into(record *r, const nn_k_set *set, int c, int variant, buffers *b, int64_t n)
{
    reset_outputs(b, n);
    cases[c].run(set->neural, b, n, variant);
    for (int o = 0; o < OUT; o++)
        memcpy(r->out[o], b->out[o], (size_t)(n + PADDING) * size_of(b->type));
    r->sum = b->sum;
}

static void compare(const record *got, const record *expected, const buffers *b, int64_t n,
                    double tolerance, const char *isa, int c, int variant)
{
    int64_t bad = -1;
    for (int o = 0; o < OUT && bad < 0; o++)
        for (int64_t i = 0; i < n + PADDING && bad < 0; i++) {
            double x = value_at(got->out[o], b->type, i);
            double y = value_at(expected->out[o], b->type, i);
            if (tolerance > 0 ? !near(x, y, tolerance) : !same_bits(x, y)) {
                bad = i;
                printf("element %" PRId64 " of output %d is %.17g, expected %.17g\n", i, o, x, y);
            }
        }
    CHECK_AT(bad < 0, "%s %s(%d) of %" PRId64 " elements of type %d", isa, cases[c].name, variant,
             n, (int)b->type);
    /* The twin adds one after the other: where long double is no wider than double, as under
    ** valgrind, a random walk of n roundings. */
    double walk = 4 * sqrt((double)n) * 0x1p-53;
    CHECK_AT(tolerance > 0 ? near(got->sum, expected->sum, tolerance * 4 + walk)
                           : same_bits(got->sum, expected->sum),
             "%s %s(%d) of %" PRId64 " elements: sum %.17g, expected %.17g", isa, cases[c].name,
             variant, n, got->sum, expected->sum);
}

static const nn_k_set *set_named(const char *isa)
{
    const nn_k_set *set;
    for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++)
        if (strcmp(set->isa, isa) == 0) return set;
    return NULL;
}

static void test_length(buffers *b, record *tuned, record *first, record *twin, int64_t n)
{
    for (int c = 0; c < CASES; c++) {
        if (n == LONG && !cases[c].runs_long) continue;
        for (int variant = cases[c].first; variant <= cases[c].last; variant++) {
            run_into(twin, set_named("ref"), c, variant, b, n);
            const nn_k_set *set;
            for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++) {
                if (strcmp(set->isa, "ref") == 0) continue;
                /* A dozen roundings of 2^-24 or 2^-53 each; n of 2^-53 for a sum in double. */
                double tolerance = b->type == NN_K_F32 ? 1e-6 : 2e-15;
                if (cases[c].run == run_softmax && variant >= 4) tolerance += (double)n * 0x1p-53;
                run_into(tuned, set, c, variant, b, n);
                compare(tuned, twin, b, n, tolerance, set->isa, c, variant);
                if (i == 0)
                    run_into(first, set, c, variant, b, n);
                else
                    compare(tuned, first, b, n, 0, set->isa, c, variant);
            }
        }
    }
}

static void test_kernels(void)
{
    buffers b = {0};
    record records[3] = {{{0}, 0}, {{0}, 0}, {{0}, 0}};
    double weight[CLASSES];
    for (int i = 0; i < CLASSES; i++) weight[i] = i == 3 ? 0 : 0.25 * (i + 1);
    for (int i = 0; i < IN; i++) b.in[i] = malloc(CAPACITY * sizeof(double));
    for (int i = 0; i < OUT; i++) {
        b.out[i] = malloc(CAPACITY * sizeof(double));
        for (int r = 0; r < 3; r++) records[r].out[i] = malloc(CAPACITY * sizeof(double));
    }
    b.label = malloc(CAPACITY * sizeof *b.label);
    b.some_label = malloc(CAPACITY * sizeof *b.some_label);
    b.keep = malloc(CAPACITY);
    b.weight = weight;
    for (int type = NN_K_F32; type <= NN_K_F64; type++)
        for (int l = 0; l <= LENGTHS; l++) {
            int64_t n = l < LENGTHS ? lengths[l] : LONG;
            fill(&b, n, (nn_k_type)type);
            test_length(&b, &records[0], &records[1], &records[2], n);
        }
    for (int i = 0; i < IN; i++) free(b.in[i]);
    for (int i = 0; i < OUT; i++) {
        free(b.out[i]);
        for (int r = 0; r < 3; r++) free(records[r].out[i]);
    }
    free(b.label);
    free(b.some_label);
    free(b.keep);
}

/* ---- Rows on their own ---- */

enum { ROWS = 60, WIDEST = 530, ROW_CASES = 9 };

/* Rows first .. first+rows-1 of one of the kernels of softmax.inc and target_loss.inc; `each` is
** left alone by those that have no loss. */
static void run_rows(const nn_k_neural *k, int which, const buffers *b, int64_t classes,
                     double *out, double *each, int64_t first, int64_t rows)
{
    const void *x = b->in[which < 7 ? 1 : 2];
    int64_t offset = first * classes * (int64_t)size_of(b->type);
    const char *x_row = (const char *)x + offset, *p_row = (const char *)b->in[2] + offset;
    char *row = (char *)out + offset;
    nn_k_class_problem problem = {
        .x = x,
        .label = which == 6 || which == 8 ? NULL : b->label,
        .target = which == 6 || which == 8 ? b->in[3] : NULL,
        .weight = which == 5 ? b->weight : NULL,
        .smoothing = which == 5 ? 0.125 : 0,
        .classes = classes,
        .scale = 0.25,
        .dx = out,
        .each = each,
    };
    switch (which) {
    case 0: k->softmax[b->type](row, x_row, rows, classes); break;
    case 1: k->log_softmax[b->type](row, x_row, rows, classes); break;
    case 2: k->softmax_back[b->type](row, x_row, p_row, rows, classes); break;
    case 3: k->log_softmax_back[b->type](row, x_row, p_row, rows, classes); break;
    case 4:
    case 5:
    case 6: k->cross_entropy[b->type](&problem, first, rows); break;
    default: k->summed_bce[b->type](&problem, first, rows); break;
    }
}

/* A row's results are near the twin's, and the same bits whichever rows are handled with it. */
static void test_rows_alone(void)
{
    static double in[IN][ROWS * WIDEST], weight[WIDEST], together[ROWS * WIDEST],
        alone[ROWS * WIDEST], twin[ROWS * WIDEST], each[3][ROWS];
    static const int64_t widths[] = {1, 10, 13, 512, WIDEST};
    static int64_t label[ROWS];
    const nn_k_set *set;
    for (int i = 0; i < WIDEST; i++) weight[i] = 0.25 + i % 5;
    for (int type = NN_K_F32; type <= NN_K_F64; type++)
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            buffers b = {.type = (nn_k_type)type, .label = label, .weight = weight};
            int64_t n = widths[w];
            for (int i = 0; i < IN; i++) {
                b.in[i] = in[i];
                for (int64_t j = 0; j < ROWS * n; j++)
                    set_at(b.in[i], b.type, j, (double)(float)(i == 2 ? 0.5 * input(3) : input(i)));
            }
            for (int i = 0; i < ROWS; i++)
                label[i] = 1 + (int64_t)nn_rng_below_or_at(&rng, (uint64_t)n - 1);
            int64_t rows = n < 100 ? ROWS : 3; /* the twin's time is n^2 */
            size_t bytes = (size_t)(rows * n) * size_of(b.type);
            for (int which = 0; which < ROW_CASES; which++) {
                memset(each, 0, sizeof each);
                run_rows(set_named("ref")->neural, which, &b, n, twin, each[0], 0, rows);
                for (int s = 0; (set = nn_k_runnable(s)) && strcmp(set->isa, "ref") != 0; s++) {
                    run_rows(set->neural, which, &b, n, together, each[1], 0, rows);
                    for (int64_t r = 0; r < rows; r++)
                        run_rows(set->neural, which, &b, n, alone, each[2], r, 1);
                    CHECK_AT(memcmp(together, alone, bytes) == 0 &&
                                 memcmp(each[1], each[2], sizeof each[1]) == 0,
                             "%s, case %d, type %d, rows of %d", set->isa, which, type, (int)n);
                    /* Roundings as in test_length; a sum of n terms has n of them. */
                    double tolerance = type == NN_K_F32 ? 1e-6 : 2e-15 + (double)n * 0x1p-53;
                    bool ok = true;
                    for (int64_t i = 0; i < rows * n; i++)
                        ok = ok && near(value_at(together, b.type, i), value_at(twin, b.type, i),
                                        tolerance);
                    for (int64_t r = 0; r < rows; r++)
                        ok = ok && near(value_at(each[1], b.type, r), value_at(each[0], b.type, r),
                                        tolerance);
                    CHECK_AT(ok, "%s, case %d, type %d, rows of %d", set->isa, which, type, (int)n);
                }
            }
        }
}

/* ---- Operations: threads, failures, memory ---- */

/* Inputs of one primitive call. */
typedef struct fixture {
    nn_tensor x, W, b, dz, y, label, weight, p, probability;
} fixture;

static void make(nn_tensor *t, nn_dtype dtype, int ndim, const int64_t *shape, double offset)
{
    nn_error err;
    CHECK(nn_tensor_new(t, dtype, ndim, shape, &err) == NN_OK);
    int64_t n = nn_tensor_numel(t);
    for (int64_t i = 0; i < n; i++) nn_tensor_set(t, i, nn_rng_double(&rng) + offset);
}

static void fixture_make(fixture *f, int64_t rows)
{
    int64_t n = rows, in = 13, out = CLASSES;
    make(&f->x, NN_FLOAT32, 2, (int64_t[]){n, in}, -0.5);
    make(&f->W, NN_FLOAT32, 2, (int64_t[]){out, in}, -0.5);
    make(&f->b, NN_FLOAT32, 1, &out, -0.5);
    make(&f->dz, NN_FLOAT32, 2, (int64_t[]){n, out}, -0.5);
    make(&f->y, NN_FLOAT32, 2, (int64_t[]){n, out}, -0.5);
    make(&f->weight, NN_FLOAT32, 1, &out, 0);
    make(&f->p, NN_FLOAT32, 2, (int64_t[]){n, out}, -0.5);
    make(&f->probability, NN_FLOAT32, 2, (int64_t[]){n, out}, 0);
    make(&f->label, NN_INT64, 1, &n, 0);
    for (int64_t i = 0; i < n; i++) nn_tensor_set_int(&f->label, i, 1 + i % CLASSES);
}

static void fixture_release(fixture *f)
{
    nn_tensor *all[] = {&f->x,     &f->W,      &f->b, &f->dz,         &f->y,
                        &f->label, &f->weight, &f->p, &f->probability};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) nn_tensor_release(all[i]);
}

enum { RESULTS = 3 };

/* Calls the which-th operation; results that it does not make stay empty. */
static nn_status call(int which, nn_tensor *r, fixture *f, nn_error *err)
{
    nn_cross_entropy_options o = {&f->weight, 0.125, NN_IGNORE_NONE, NN_LOSS_MEAN};
    nn_rng own = rng;
    nn_tensor turned = NN_TENSOR_EMPTY;
    nn_status status;
    switch (which) {
    case 0: return nn_linear(r, &f->x, &f->W, &f->b, err);
    case 1: return nn_linear_backward(r, r + 1, r + 2, &f->dz, &f->x, &f->W, err);
    case 2: return nn_activate(r, NN_K_GELU, &f->dz, 0, 0, err);
    case 3: return nn_activate_back(r, NN_K_SOFTPLUS, &f->dz, &f->y, 1, 20, err);
    case 4: return nn_softmax(r, &f->dz, -1, err);
    case 5: return nn_log_softmax_backward(r, &f->dz, &f->y, 0, err);
    case 6: return nn_softmax_cross_entropy(r, r + 1, &f->dz, &f->label, &o, err);
    case 7: return nn_softmax_cross_entropy(r, r + 1, &f->dz, &f->probability, &o, err);
    case 8: return nn_binary_cross_entropy(r, r + 1, &f->probability, &f->y, NN_LOSS_MEAN, err);
    case 9:
        return nn_binary_cross_entropy_with_logits(r, r + 1, &f->dz, &f->y, &f->weight,
                                                   NN_LOSS_NONE, err);
    case 10:
        return nn_summed_binary_cross_entropy(r, r + 1, &f->probability, &f->label, NN_LOSS_MEAN,
                                              err);
    case 11: return nn_huber_loss(r, r + 1, &f->dz, &f->y, 0.25, NN_LOSS_SUM, err);
    case 12: return nn_l2_penalty(r, r + 1, &f->dz, 0.5, err);
    case 13: return nn_dropout(r, r + 1, &f->dz, 0.25, &own, err);
    case 14: /* a strided view, through the losses' copies */
        if ((status = nn_tensor_transpose(&turned, &f->dz, 0, 1, err)) == NN_OK)
            status = nn_mse_loss(r, r + 1, &turned, &turned, NN_LOSS_MEAN, err);
        nn_tensor_release(&turned);
        return status;
    default: return NN_EVALUE;
    }
}
enum { CALLS = 15 };

static void release_results(nn_tensor *r)
{
    for (int i = 0; i < RESULTS; i++) nn_tensor_release(&r[i]);
}

static bool same_tensor(const nn_tensor *a, const nn_tensor *b)
{
    if (!a->storage || !b->storage) return a->storage == b->storage;
    return nn_tensor_same_shape(a, b) &&
           memcmp(nn_tensor_data(a), nn_tensor_data(b),
                  (size_t)nn_tensor_numel(a) * nn_dtype_size(a->dtype)) == 0;
}

static void test_threads(void)
{
    fixture f = {0};
    nn_error err;
    int threads = nn_k_threads();
    fixture_make(&f, 6011);
    for (int which = 0; which < CALLS - 1; which++) {
        nn_tensor one[RESULTS] = {{0}}, many[RESULTS] = {{0}};
        nn_k_set_threads(1);
        CHECK_AT(call(which, one, &f, &err) == NN_OK, "call %d", which);
        for (int team = 2; team <= 4; team++) {
            nn_k_set_threads(team);
            CHECK_AT(call(which, many, &f, &err) == NN_OK, "call %d", which);
            for (int i = 0; i < RESULTS; i++)
                CHECK_AT(same_tensor(&one[i], &many[i]), "call %d, %d threads", which, team);
            release_results(many);
        }
        release_results(one);
    }
    nn_k_set_threads(threads);
    fixture_release(&f);
}

/* Lets every allocation of every call fail in turn. */
static void test_out_of_memory(void)
{
    fixture f = {0};
    fixture_make(&f, 17);
    nn_tensor before = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_softmax(&before, &f.p, -1, &err) == NN_OK); /* stands for p's content */
    size_t in_use = nn_alloc_in_use();
    for (int which = 0; which < CALLS; which++) {
        nn_tensor r[RESULTS] = {{0}}, after = NN_TENSOR_EMPTY;
        nn_status status = NN_EMEM;
        int failures = 0;
        while (status == NN_EMEM && failures < 100) {
            nn_alloc_fail_after((uint64_t)++failures);
            status = call(which, r, &f, &err);
            nn_alloc_fail_after(0);
            if (status != NN_EMEM) break;
            CHECK_AT(err.code == NN_EMEM, "call %d", which);
            CHECK_AT(nn_alloc_in_use() == in_use, "call %d leaks", which);
            for (int i = 0; i < RESULTS; i++)
                CHECK_AT(r[i].storage == NULL, "call %d leaves a result", which);
            CHECK(nn_softmax(&after, &f.p, -1, &err) == NN_OK);
            CHECK_AT(same_tensor(&before, &after), "call %d changed its input", which);
            nn_tensor_release(&after);
        }
        CHECK_AT(status == NN_OK && failures > 1, "call %d: %d failures", which, failures);
        release_results(r);
        CHECK_AT(nn_alloc_in_use() == in_use, "call %d leaks", which);
    }
    nn_tensor_release(&before);
    fixture_release(&f);
}

/* ---- Errors ---- */

static void expect(nn_status got, const nn_error *err, nn_status code, int arg, const char *message)
{
    CHECK_AT(got == code && err->code == code && err->arg == arg &&
                 strcmp(err->message, message) == 0,
             "status %d (expected %d), argument %d (expected %d): \"%s\" (expected \"%s\")",
             (int)got, (int)code, err->arg, arg, err->message, message);
}

static void test_errors(void)
{
    fixture f = {0};
    nn_tensor r[RESULTS] = {{0}}, wide = NN_TENSOR_EMPTY, ints = NN_TENSOR_EMPTY;
    nn_cross_entropy_options o = {NULL, 0, NN_IGNORE_NONE, NN_LOSS_MEAN};
    nn_error err;
    fixture_make(&f, 5);
    make(&wide, NN_FLOAT64, 2, (int64_t[]){10, 25}, 0);
    make(&ints, NN_INT64, 2, (int64_t[]){5, 13}, 3);
    expect(nn_linear(r, &f.x, &wide, NULL, &err), &err, NN_ESHAPE, 2,
           "W is [10,25] but x is [5,13]: 13 features, expected 25");
    expect(nn_linear(r, &ints, &f.W, NULL, &err), &err, NN_EDTYPE, 1,
           "x is int64, expected float32 or float64");
    expect(nn_linear(r, &f.x, &f.x, &f.b, &err), &err, NN_ESHAPE, 3,
           "b is [10] but W is [5,13]: expected [5]");
    expect(nn_linear_backward(r, NULL, NULL, &f.x, &f.x, &f.W, &err), &err, NN_ESHAPE, 1,
           "dz is [5,13] but x is [5,13] and W is [10,13]: expected [5,10]");
    expect(nn_mse_loss(r, r + 1, &wide, &f.x, NN_LOSS_MEAN, &err), &err, NN_ESHAPE, 2,
           "y is [5,13] but x is [10,25]");
    expect(nn_activate(r, NN_K_SOFTPLUS, &f.x, 0, 20, &err), &err, NN_EVALUE, 2,
           "beta is 0, expected a positive number");
    nn_tensor_set_int(&f.label, 2, 11);
    expect(nn_softmax_cross_entropy(r, r + 1, &f.dz, &f.label, &o, &err), &err, NN_EVALUE, 2,
           "label 11 in row 3 is outside 1..10");
    nn_tensor_set_int(&f.label, 2, 0);
    expect(nn_summed_binary_cross_entropy(r, r + 1, &f.probability, &f.label, NN_LOSS_SUM, &err),
           &err, NN_EVALUE, 2, "label 0 in row 3 is outside 1..10");
    o.label_smoothing = 1.5;
    expect(nn_softmax_cross_entropy(r, r + 1, &f.dz, &f.dz, &o, &err), &err, NN_EVALUE, 3,
           "label_smoothing is 1.5, expected 0..1");
    o = (nn_cross_entropy_options){&f.dz, 0, NN_IGNORE_NONE, NN_LOSS_MEAN};
    expect(nn_softmax_cross_entropy(r, r + 1, &f.dz, &f.dz, &o, &err), &err, NN_ESHAPE, 3,
           "weight is [5,10], expected [10]");
    nn_tensor_set(&f.probability, 13, 1.5);
    expect(nn_binary_cross_entropy(r, r + 1, &f.probability, &f.y, NN_LOSS_SUM, &err), &err,
           NN_EVALUE, 1, "p[2,4] is 1.5, outside 0..1");
    nn_rng own = rng;
    expect(nn_dropout(r, r + 1, &f.x, -0.5, &own, &err), &err, NN_EVALUE, 2,
           "p is -0.5, expected 0..1");
    for (int i = 0; i < RESULTS; i++) CHECK(r[i].storage == NULL);
    nn_tensor_release(&wide);
    nn_tensor_release(&ints);
    fixture_release(&f);
}

/* ---- What the fixtures recorded from PyTorch do not reach ---- */

/* A NaN among the logits makes its row NaN and leaves the others; -inf is a class of mass 0. */
static void test_softmax_special(void)
{
    static const double logits[] = {0, NAN, 1, 0, 0, -INFINITY, -1000, 1000, 999};
    static const double expected[] = {
        NAN, NAN, NAN, 0.5, 0.5, 0, 0, 0.73105857863000490, 0.26894142136999512};
    nn_tensor x = NN_TENSOR_EMPTY, y = NN_TENSOR_EMPTY;
    nn_error err;
    CHECK(nn_tensor_new(&x, NN_FLOAT64, 2, (int64_t[]){3, 3}, &err) == NN_OK);
    for (int i = 0; i < 9; i++) nn_tensor_set(&x, i, logits[i]);
    CHECK(nn_softmax(&y, &x, 1, &err) == NN_OK);
    for (int i = 0; i < 9; i++) CHECK_NEAR(nn_tensor_get(&y, i), expected[i], 1e-15);
    nn_tensor_release(&x);
    nn_tensor_release(&y);
}

/* The sum of many float32 losses is rounded once: 0.1f^2, LONG times. */
static void test_long_sum(void)
{
    int64_t n = LONG;
    float tenth = 0.1F;
    nn_tensor x = NN_TENSOR_EMPTY, y = NN_TENSOR_EMPTY, r[2] = {{0}, {0}};
    nn_error err;
    CHECK(nn_tensor_full(&x, NN_FLOAT32, 1, &n, (double)tenth, &err) == NN_OK);
    CHECK(nn_tensor_zeros(&y, NN_FLOAT32, 1, &n, &err) == NN_OK);
    CHECK(nn_mse_loss(&r[0], &r[1], &x, &y, NN_LOSS_SUM, &err) == NN_OK);
    CHECK_NEAR(nn_tensor_get(&r[0], 0), (double)n * (double)tenth * (double)tenth, 6e-8);
    nn_tensor_release(&x);
    nn_tensor_release(&y);
    nn_tensor_release(&r[0]);
    nn_tensor_release(&r[1]);
}

int main(void)
{
    nn_rng_seed(&rng, 42);
    test_kernels();
    test_rows_alone();
    test_threads();
    test_out_of_memory();
    test_errors();
    test_softmax_special();
    test_long_sum();
    return CHECK_REPORT();
}
