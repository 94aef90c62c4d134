/*
** test_layers.c - the kernels of normalization.h and recurrent.h against their naive twins, and the
** operations around them: threads, failures, memory
**
** A kernel and its twin run from equal buffers, whose padding is compared, too.
** Tolerances are a few roundings of the element type, relative to 1 + |value|;
** the twins compute in double. The tuned sets must agree in every bit.
*/
#include "check.h"

#include <stdlib.h>

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/embedding.h"
#include "nn/normalization.h"
#include "nn/recurrent.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"
#include "tensor/rng.h"

static nn_rng rng;

/* ---- Kernels ---- */

enum { IN = 3, OUT = 4, DOUBLES = 4, CAPACITY = 40000, PADDING = 16 };

/* in: drawn, of the element type; out: start as copies of further draws; d: double, likewise. */
typedef struct buffers {
    nn_k_type type;
    double in[IN][CAPACITY], start[OUT][CAPACITY], out[OUT][CAPACITY];
    double d_in[DOUBLES][CAPACITY], d_start[DOUBLES][CAPACITY], d_out[DOUBLES][CAPACITY];
} buffers;

static buffers b, expected;

static double value_at(const void *data, nn_k_type type, int64_t i)
{
    return type == NN_K_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static void fill(double *data, nn_k_type type)
{
    for (int64_t i = 0; i < CAPACITY; i++) {
        float x = (float)nn_rng_gauss(&rng); /* in float precision for both types */
        if (type == NN_K_F32)
            ((float *)data)[i] = x;
        else
            data[i] = (double)x;
    }
}

static void draw(nn_k_type type)
{
    b.type = type;
    for (int k = 0; k < IN; k++) fill(b.in[k], type);
    for (int k = 0; k < OUT; k++) fill(b.start[k], type);
    for (int k = 0; k < DOUBLES; k++) {
        fill(b.d_in[k], NN_K_F64);
        fill(b.d_start[k], NN_K_F64);
        for (int64_t i = 0; i < CAPACITY; i++) b.d_in[k][i] = fabs(b.d_in[k][i]) + 0.25;
    }
}

typedef void run_case(const nn_k_set *set, int64_t n, int64_t m, int variant);

/* Channels (3,n,m), all or the middle ones. */
static nn_k_channels channels(int64_t n, int64_t m, int variant)
{
    nn_k_channels k = {.outer = 3, .channels = n, .inner = m, .first = 0, .count = n};
    if (variant % 2 && n > 2) k.first = 1, k.count = n - 2;
    return k;
}

static void run_sum(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    nn_k_channels k = channels(n, m, variant);
    set->normalization->channel_sum[b.type](b.d_out[0], b.in[0], &k);
}

static void run_product(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    nn_k_channels k = channels(n, m, variant);
    set->normalization->channel_product[b.type](b.d_out[0], b.in[0], variant < 2 ? NULL : b.d_in[0],
                                                b.in[1], b.d_in[1], &k);
}

static void run_apply(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    nn_k_channels k = channels(n, m, variant);
    nn_k_channel_line line = {b.d_in[0], b.d_in[1], b.d_in[2], b.d_in[3]};
    set->normalization->channel_apply[b.type](b.out[0], variant < 2 ? NULL : b.in[0], b.in[1],
                                              &line, &k);
}

/* m rows of n; bits of variant: 0 weight, 1 bias. */
static void run_layer_norm(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    if (n == 0) return; /* no mean */
    set->normalization->layer_norm[b.type](b.out[0], b.d_out[0], b.d_out[1], b.in[0],
                                           variant & 1 ? b.in[1] : NULL,
                                           variant & 2 ? b.in[2] : NULL, m, n, 1e-3);
}

static void run_layer_norm_back(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    bool affine = variant & 2;
    if (n == 0) return;
    set->normalization->layer_norm_back[b.type](
        b.out[0], affine ? b.d_out[0] : NULL, affine ? b.d_out[1] : NULL, b.in[0], b.in[1],
        variant & 1 ? b.in[2] : NULL, b.d_in[0], b.d_in[1], m, n);
}

/* m rows of n units. */
static void run_cell(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    nn_k_cell_step step = {.rows = m,
                           .units = n,
                           .input = b.in[0],
                           .saved = b.out[0],
                           .next = b.out[1],
                           .h = b.out[2]};
    set->recurrent->forward[variant][b.type](&step);
}

static void run_cell_back(const nn_k_set *set, int64_t n, int64_t m, int variant)
{
    nn_k_cell_back back = {.rows = m,
                           .units = n,
                           .saved = b.in[0],
                           .dy = b.in[1],
                           .dh = b.out[0],
                           .dc = variant == NN_K_LSTM ? b.out[1] : NULL,
                           .dinput = b.out[2],
                           .dhidden = variant == NN_K_GRU ? b.out[3] : b.out[2]};
    set->recurrent->backward[variant][b.type](&back);
}

static const struct {
    const char *name;
    run_case *run;
    int variants;
} cases[] = {
    {"channel_sum", run_sum, 2},
    {"channel_product", run_product, 4},
    {"channel_apply", run_apply, 4},
    {"layer_norm", run_layer_norm, 4},
    {"layer_norm_back", run_layer_norm_back, 4},
    {"cell", run_cell, NN_K_CELLS},
    {"cell_back", run_cell_back, NN_K_CELLS},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

static const nn_k_set *set_named(const char *isa)
{
    const nn_k_set *set;
    for (int i = 0; (set = nn_k_runnable(i)) != NULL; i++)
        if (strcmp(set->isa, isa) == 0) return set;
    return NULL;
}

/* How much of every buffer a case of this size may touch, and what it must leave alone. */
static int64_t used_by(int64_t n, int64_t m)
{
    return 7 * n * m + 3 * n + PADDING;
}

static void run(const nn_k_set *set, int c, int variant, int64_t n, int64_t m)
{
    size_t bytes = (size_t)used_by(n, m) * sizeof(double);
    for (int k = 0; k < OUT; k++) memcpy(b.out[k], b.start[k], bytes);
    for (int k = 0; k < DOUBLES; k++) memcpy(b.d_out[k], b.d_start[k], bytes);
    cases[c].run(set, n, m, variant);
}

/* Against `expected`; tolerance 0: every bit. `terms`: how many a sum has. */
static void compare(int64_t used, double tolerance, int64_t terms, const char *isa, int c,
                    int variant, int64_t n, int64_t m)
{
    bool ok = true;
    double sum_tolerance = tolerance > 0 ? 1e-14 + 4 * (double)terms * 0x1p-53 : 0;
    for (int k = 0; ok && k < OUT; k++)
        for (int64_t i = 0; ok && i < used; i++) {
            double x = value_at(b.out[k], b.type, i), y = value_at(expected.out[k], b.type, i);
            ok = fabs(x - y) <= (tolerance > 0 ? tolerance + sum_tolerance : 0) * (1 + fabs(y));
            if (!ok) printf("output %d, element %" PRId64 ": %.17g, expected %.17g\n", k, i, x, y);
        }
    for (int k = 0; ok && k < DOUBLES; k++)
        for (int64_t i = 0; ok && i < used; i++) {
            double x = b.d_out[k][i], y = expected.d_out[k][i];
            ok = fabs(x - y) <= sum_tolerance * (1 + fabs(y) + sqrt((double)terms));
            if (!ok) printf("sum %d, element %" PRId64 ": %.17g, expected %.17g\n", k, i, x, y);
        }
    CHECK_AT(ok, "%s %s(%d) of %dx%d, type %d", isa, cases[c].name, variant, (int)n, (int)m,
             (int)b.type);
}

static void keep_expected(int64_t used)
{
    size_t bytes = (size_t)used * sizeof(double);
    for (int k = 0; k < OUT; k++) memcpy(expected.out[k], b.out[k], bytes);
    for (int k = 0; k < DOUBLES; k++) memcpy(expected.d_out[k], b.d_out[k], bytes);
}

static void test_kernels(void)
{
    static const int64_t sizes[][2] = {{0, 3}, {3, 0}, {1, 1},  {1, 7},   {2, 8},   {7, 1},
                                       {9, 1}, {5, 9}, {16, 5}, {67, 31}, {257, 1}, {300, 3}};
    const nn_k_set *set;
    for (int type = NN_K_F32; type <= NN_K_F64; type++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            int64_t n = sizes[s][0], m = sizes[s][1], used = used_by(n, m);
            draw((nn_k_type)type);
            for (int c = 0; c < CASES; c++)
                for (int variant = 0; variant < cases[c].variants; variant++) {
                    run(set_named("ref"), c, variant, n, m);
                    keep_expected(used);
                    for (int i = 0; (set = nn_k_runnable(i)) && strcmp(set->isa, "ref") != 0; i++) {
                        run(set, c, variant, n, m);
                        compare(used, type == NN_K_F32 ? 2e-6 : 1e-14, 3 * n * m, set->isa, c,
                                variant, n, m);
                    }
                    run(nn_k_runnable(0), c, variant, n, m);
                    keep_expected(used);
                    for (int i = 1; (set = nn_k_runnable(i)) && strcmp(set->isa, "ref") != 0; i++) {
                        run(set, c, variant, n, m);
                        compare(used, 0, 0, set->isa, c, variant, n, m);
                    }
                }
        }
}

/* ---- Operations ---- */

enum { RESULTS = 5, CALLS = 12 };

typedef struct fixture {
    nn_tensor x, w, running_mean, running_var, index, table, input, W, bias, h0, dout;
    nn_tensor saved[4]; /* of batch norm, layer norm, GRU, LSTM */
    nn_tensor lstm_dout;
} fixture;

static void make(nn_tensor *t, int ndim, const int64_t *shape)
{
    nn_error err;
    CHECK(nn_tensor_new(t, NN_FLOAT32, ndim, shape, &err) == NN_OK);
    for (int64_t i = 0; i < nn_tensor_numel(t); i++) nn_tensor_set(t, i, nn_rng_double(&rng) + 0.1);
}

/* Calls the which-th operation; results that it does not make stay empty. */
static nn_status call(int which, nn_tensor *r, fixture *f, nn_error *err)
{
    nn_batch_norm_options o = {&f->running_mean, &f->running_var, which == 0, 0.1, 1e-5};
    nn_recurrent_options gru = {NN_K_GRU, false}, lstm = {NN_K_LSTM, true};
    nn_tensor W4 = f->W; /* as for four gates */
    W4.shape[1] = W4.stride[0] = W4.shape[0] / 4;
    switch (which) {
    case 0:
    case 1: return nn_batch_norm(r, r + 1, &f->x, &f->w, &f->w, &o, err);
    case 2:
        return nn_batch_norm_backward(r, r + 1, r + 2, &f->x, &f->x, &f->w, &f->saved[0], true,
                                      err);
    case 3: return nn_layer_norm(r, r + 1, &f->x, 1, &f->bias, NULL, 1e-5, err);
    case 4:
        return nn_layer_norm_backward(r, r + 1, r + 2, &f->x, &f->x, 1, &f->bias, &f->saved[1],
                                      err);
    case 5: return nn_embedding(r, &f->index, &f->table, err);
    case 6: return nn_embedding_backward(r, &f->x, &f->index, 7, 2, err);
    case 7: return nn_recurrent(r, r + 1, &f->input, &f->W, &f->bias, &f->h0, NULL, gru, err);
    case 8:
        return nn_recurrent_backward(r, r + 1, r + 2, r + 3, r + 4, &f->dout, &f->saved[2], &f->W,
                                     gru, err);
    case 9: return nn_recurrent(r, r + 1, &f->input, &W4, NULL, NULL, NULL, lstm, err);
    case 10:
        return nn_recurrent_backward(r, r + 1, NULL, r + 3, r + 4, &f->lstm_dout, &f->saved[3], &W4,
                                     lstm, err);
    case 11: return nn_layer_norm(r, r + 1, &f->x, 2, NULL, NULL, 1e-5, err);
    default: return NN_EVALUE;
    }
}

static void release(nn_tensor *r)
{
    for (int i = 0; i < RESULTS; i++) nn_tensor_release(&r[i]);
}

/* G*H = 36 for three and for four gates. */
static void fixture_make(fixture *f, int64_t rows, int64_t columns)
{
    nn_error err;
    nn_tensor r[RESULTS] = {{0}};
    make(&f->x, 3, (int64_t[]){rows, columns, 36});
    make(&f->w, 1, &columns);
    make(&f->running_mean, 1, &columns);
    make(&f->running_var, 1, &columns);
    make(&f->table, 2, (int64_t[]){7, 36});
    make(&f->input, 3, (int64_t[]){3, rows, 36});
    make(&f->W, 2, (int64_t[]){36, 12});
    make(&f->bias, 1, (int64_t[]){36});
    make(&f->h0, 2, (int64_t[]){rows, 12});
    make(&f->dout, 3, (int64_t[]){3, rows, 12});
    make(&f->lstm_dout, 3, (int64_t[]){4, rows, 9});
    CHECK(nn_tensor_new(&f->index, NN_INT64, 2, (int64_t[]){rows, columns}, &err) == NN_OK);
    for (int64_t i = 0; i < rows * columns; i++) nn_tensor_set_int(&f->index, i, 1 + i % 7);
    static const int forward[] = {1, 3, 7, 9};
    for (int k = 0; k < 4; k++) {
        CHECK(call(forward[k], r, f, &err) == NN_OK);
        f->saved[k] = r[1];
        r[1] = NN_TENSOR_EMPTY;
        release(r);
    }
}

static void fixture_release(fixture *f)
{
    nn_tensor *all[] = {&f->x,     &f->w,        &f->running_mean, &f->running_var,
                        &f->index, &f->table,    &f->input,        &f->W,
                        &f->bias,  &f->h0,       &f->dout,         &f->lstm_dout,
                        f->saved,  f->saved + 1, f->saved + 2,     f->saved + 3};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) nn_tensor_release(all[i]);
}

static bool same_tensor(const nn_tensor *a, const nn_tensor *c)
{
    if (!a->storage || !c->storage) return a->storage == c->storage;
    return nn_tensor_same_shape(a, c) &&
           memcmp(nn_tensor_data(a), nn_tensor_data(c),
                  (size_t)nn_tensor_numel(a) * nn_dtype_size(a->dtype)) == 0;
}

static void test_threads(void)
{
    fixture f = {0};
    nn_error err;
    int threads = nn_k_threads();
    fixture_make(&f, 83, 67);
    for (int which = 0; which < CALLS; which++) {
        nn_tensor one[RESULTS] = {{0}}, many[RESULTS] = {{0}};
        nn_k_set_threads(1);
        CHECK_AT(call(which, one, &f, &err) == NN_OK, "call %d", which);
        for (int team = 2; team <= 4; team++) {
            nn_k_set_threads(team);
            CHECK_AT(call(which, many, &f, &err) == NN_OK, "call %d", which);
            /* What a recurrent layer saves has a slot that is filled in part. */
            bool recurrent = which == 7 || which == 9;
            for (int i = 0; i < RESULTS; i++)
                CHECK_AT((recurrent && i == 1) || same_tensor(&one[i], &many[i]),
                         "call %d, %d threads", which, team);
            release(many);
        }
        release(one);
    }
    nn_k_set_threads(threads);
    fixture_release(&f);
}

/* Lets every allocation of every call fail in turn: no leak, no result, running statistics as they
** were. */
static void test_out_of_memory(void)
{
    fixture f = {0};
    nn_tensor before = NN_TENSOR_EMPTY;
    nn_error err;
    fixture_make(&f, 5, 3);
    CHECK(nn_tensor_clone(&before, &f.running_mean, &err) == NN_OK);
    size_t in_use = nn_alloc_in_use();
    for (int which = CALLS - 1; which >= 0; which--) { /* call 0 changes the statistics */
        nn_tensor r[RESULTS] = {{0}};
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
            CHECK_AT(same_tensor(&before, &f.running_mean), "call %d changed a statistic", which);
        }
        CHECK_AT(status == NN_OK && failures > 1, "call %d: %d failures", which, failures);
        release(r);
        CHECK_AT(nn_alloc_in_use() == in_use, "call %d leaks", which);
    }
    CHECK(!same_tensor(&before, &f.running_mean));
    nn_tensor_release(&before);
    fixture_release(&f);
}

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
    nn_tensor r[RESULTS] = {{0}};
    nn_error err;
    fixture_make(&f, 5, 3);
    nn_batch_norm_options o = {&f.running_mean, NULL, true, 0.1, 1e-5};
    nn_recurrent_options gru = {NN_K_GRU, false};
    expect(nn_batch_norm(r, r + 1, &f.x, &f.bias, NULL, &o, &err), &err, NN_ESHAPE, 2,
           "weight is [36] but x is [5,3,36]: expected [3]");
    expect(nn_batch_norm(r, r + 1, &f.x, NULL, NULL, &o, &err), &err, NN_EVALUE, 4,
           "running_mean and running_var come together");
    o.running_var = &f.running_mean;
    expect(nn_batch_norm(r, r + 1, &f.x, NULL, NULL, &o, &err), &err, NN_EVALUE, 4,
           "running_mean and running_var share elements");
    o = (nn_batch_norm_options){NULL, NULL, false, 0.1, 1e-5};
    expect(nn_batch_norm(r, r + 1, &f.x, NULL, NULL, &o, &err), &err, NN_EVALUE, 4,
           "without training, running_mean is needed");
    expect(nn_batch_norm(r, r + 1, &f.bias, NULL, NULL, &o, &err), &err, NN_ESHAPE, 1,
           "x is [36], expected [N,C,...]");
    expect(nn_layer_norm(r, r + 1, &f.x, 1, &f.w, NULL, 1e-5, &err), &err, NN_ESHAPE, 3,
           "weight is [3] but x is [5,3,36]");
    expect(nn_layer_norm_backward(r, r + 1, r + 2, &f.x, &f.x, 1, NULL, &f.saved[0], &err), &err,
           NN_EVALUE, 5, "saved is not what the forward function returned");
    nn_tensor_set_int(&f.index, 4, 8);
    expect(nn_embedding(r, &f.index, &f.table, &err), &err, NN_EVALUE, 1,
           "index 8 at position [2,2] is outside 1..7");
    expect(nn_embedding(r, &f.x, &f.table, &err), &err, NN_EDTYPE, 1,
           "indices are float32, expected int64");
    expect(nn_embedding_backward(r, &f.table, &f.index, 7, 0, &err), &err, NN_ESHAPE, 1,
           "dy is [7,36] but the indices have shape [5,3]");
    expect(nn_recurrent(r, r + 1, &f.input, &f.table, NULL, NULL, NULL, gru, &err), &err, NN_ESHAPE,
           2, "W is [7,36], expected [3*H,H]");
    expect(nn_recurrent(r, r + 1, &f.dout, &f.W, NULL, NULL, NULL, gru, &err), &err, NN_ESHAPE, 1,
           "input is [3,5,12], expected [T,N,36]");
    expect(nn_recurrent(r, r + 1, &f.input, &f.W, NULL, &f.table, NULL, gru, &err), &err, NN_ESHAPE,
           4, "h0 is [7,36], expected [5,12]");
    expect(nn_recurrent(r, r + 1, &f.input, &f.W, NULL, NULL, &f.h0, gru, &err), &err, NN_EVALUE, 5,
           "only an LSTM has a c0");
    expect(nn_recurrent_backward(r, r + 1, r + 2, r + 3, r + 4, &f.input, &f.saved[2], &f.W, gru,
                                 &err),
           &err, NN_ESHAPE, 1, "dout is [3,5,36], expected [3,5,12]");
    for (int i = 0; i < RESULTS; i++) CHECK(r[i].storage == NULL);
    fixture_release(&f);
}

int main(void)
{
    nn_rng_seed(&rng, 42);
    test_kernels();
    test_threads();
    test_out_of_memory();
    test_errors();
    return CHECK_REPORT();
}
