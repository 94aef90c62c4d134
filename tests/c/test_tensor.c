/*
** test_tensor.c - shapes, views, copies, allocation failures
**
** Views are checked against a plain model: element (i,j,...) of a view of
** 0,1,2,... must be the number that index arithmetic by hand gives.
*/
#include "check.h"

#include "tensor/alloc.h"
#include "tensor/copy.h"
#include "tensor/create.h"
#include "tensor/format.h"
#include "tensor/rng.h"
#include "tensor/view.h"
#include "tensor/walk.h"

static nn_error err;

static nn_tensor counting(int ndim, const int64_t *shape)
{
    nn_tensor flat = NN_TENSOR_EMPTY, t = NN_TENSOR_EMPTY;
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) n *= shape[d];
    CHECK(nn_tensor_arange(&flat, NN_INT64, 0, (double)n, 1, &err) == NN_OK);
    CHECK(nn_tensor_view(&t, &flat, ndim, shape, &err) == NN_OK);
    nn_tensor_release(&flat);
    return t;
}

/* The row-major elements of t as one number in base 101: enough to tell small tensors apart. */
static int64_t digest(const nn_tensor *t)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    int64_t sum = 0;
    if (nn_tensor_clone(&plain, t, &err) != NN_OK) return -1;
    for (int64_t i = 0; i < nn_tensor_numel(&plain); i++)
        sum = (sum * 101 + nn_tensor_get_int(&plain, i)) % 1000000007;
    nn_tensor_release(&plain);
    return sum;
}

static int64_t digest_of(int n, const int64_t *values)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++) sum = (sum * 101 + values[i]) % 1000000007;
    return sum;
}

static void test_shapes(void)
{
    int64_t n, out[NN_MAX_RANK];
    int ndim;
    CHECK(nn_shape_numel(0, NULL, &n, &err) == NN_OK && n == 1);
    CHECK(nn_shape_numel(3, (int64_t[]){4, 0, 9}, &n, &err) == NN_OK && n == 0);
    CHECK(nn_shape_numel(3, (int64_t[]){4, 0, INT64_MAX}, &n, &err) == NN_ESHAPE);
    CHECK(nn_shape_numel(2, (int64_t[]){INT64_MAX, 2}, &n, &err) == NN_ESHAPE);
    CHECK(nn_shape_numel(2, (int64_t[]){3, -1}, &n, &err) == NN_ESHAPE);
    CHECK(nn_shape_broadcast(3, (int64_t[]){2, 1, 4}, 2, (int64_t[]){3, 1}, &ndim, out, &err) ==
          NN_OK);
    CHECK(ndim == 3 && out[0] == 2 && out[1] == 3 && out[2] == 4);
    CHECK(nn_shape_broadcast(1, (int64_t[]){0}, 1, (int64_t[]){1}, &ndim, out, &err) == NN_OK &&
          out[0] == 0);
    CHECK(nn_shape_broadcast(2, (int64_t[]){2, 3}, 1, (int64_t[]){2}, &ndim, out, &err) ==
          NN_ESHAPE);
    CHECK_STR(err.message, "shapes [2,3] and [2] do not broadcast");
}

static void test_views(void)
{
    nn_tensor t = counting(3, (int64_t[]){2, 3, 4}), v = NN_TENSOR_EMPTY, w = NN_TENSOR_EMPTY;

    CHECK(nn_tensor_transpose(&v, &t, 0, -1, &err) == NN_OK);
    CHECK(!nn_tensor_is_contiguous(&v));
    CHECK(v.shape[0] == 4 && v.shape[2] == 2);
    CHECK_INT(digest(&v), digest_of(24, (int64_t[]){0, 12, 4, 16, 8,  20, 1, 13, 5, 17, 9,  21,
                                                    2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23}));
    /* The transposed tensor has no flat view, but its first two dimensions still merge in part. */
    CHECK(nn_tensor_view(&w, &v, 1, (int64_t[]){24}, &err) == NN_ESHAPE && !w.storage);
    CHECK(nn_tensor_reshape(&w, &v, 1, (int64_t[]){-1}, &err) == NN_OK);
    CHECK(w.storage != t.storage && digest(&w) == digest(&v));
    nn_tensor_release(&w);
    nn_tensor_release(&v);

    CHECK(nn_tensor_slice(&v, &t, 2, 3, 2, -2, &err) == NN_OK);
    CHECK_INT(digest(&v), digest_of(12, (int64_t[]){3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21}));
    /* Rows of a slice keep a constant distance, so the outer two dimensions merge. */
    CHECK(nn_tensor_view(&w, &v, 2, (int64_t[]){6, 2}, &err) == NN_OK && digest(&w) == digest(&v));
    nn_tensor_release(&w);
    nn_tensor_release(&v);

    CHECK(nn_tensor_select(&v, &t, 1, 2, &err) == NN_OK);
    CHECK_INT(digest(&v), digest_of(8, (int64_t[]){8, 9, 10, 11, 20, 21, 22, 23}));
    nn_tensor_release(&t); /* the view keeps the elements alive */
    CHECK_INT(digest(&v), digest_of(8, (int64_t[]){8, 9, 10, 11, 20, 21, 22, 23}));
    CHECK(nn_tensor_unsqueeze(&w, &v, 1, &err) == NN_OK && w.ndim == 3 && w.shape[1] == 1);
    nn_tensor_release(&v);
    CHECK(nn_tensor_expand(&v, &w, 3, (int64_t[]){-1, 5, -1}, &err) == NN_OK);
    CHECK(nn_tensor_numel(&v) == 40 && v.stride[1] == 0);
    nn_tensor_release(&v);
    CHECK(nn_tensor_select(&v, &w, 0, 2, &err) == NN_EVALUE && !v.storage);
    CHECK_STR(err.message, "index 3 is outside 1..2 of dimension 1 in shape [2,1,4]");
    CHECK(nn_tensor_slice(&v, &w, 2, 2, 3, 1, &err) == NN_EVALUE);
    CHECK_STR(err.message, "3 indices from 3 in steps of 1 are not all in 1..4, dimension 3 of "
                           "shape [2,1,4]");
    CHECK(nn_tensor_slice(&v, &w, 2, 3, 4, -1, &err) == NN_OK);
    nn_tensor_release(&v);
    CHECK(nn_tensor_slice(&v, &w, 2, 3, 5, -1, &err) == NN_EVALUE);
    CHECK(nn_tensor_slice(&v, &w, 2, 3, 2, INT64_MIN, &err) == NN_EVALUE);
    CHECK(nn_tensor_slice(&v, &w, 2, INT64_MIN, INT64_MAX, INT64_MAX, &err) == NN_EVALUE);
    CHECK(nn_tensor_slice(&v, &w, 2, 3, 1, INT64_MIN, &err) == NN_OK && v.stride[2] == 1);
    nn_tensor_release(&v);
    CHECK(nn_tensor_transpose(&v, &w, 0, 3, &err) == NN_EVALUE && err.arg == 3);
    CHECK(nn_tensor_permute(&v, &w, 3, (int64_t[]){0, 1, 1}, &err) == NN_EVALUE);
    CHECK(nn_tensor_reshape(&v, &w, 2, (int64_t[]){3, -1}, &err) == NN_ESHAPE);
    CHECK_STR(err.message, "8 elements of shape [2,1,4] do not make [3,-1]");
    nn_tensor_release(&w);
}

/* The address of an empty tensor's row may lie beyond all memory; it is never formed. */
static void test_empty_views(void)
{
    nn_tensor t = NN_TENSOR_EMPTY, v = NN_TENSOR_EMPTY;
    int64_t most = INT64_MAX;
    CHECK(nn_tensor_new(&t, NN_FLOAT64, 2, (int64_t[]){most, 0}, &err) == NN_OK);
    CHECK(nn_tensor_select(&v, &t, 0, most - 1, &err) == NN_OK);
    CHECK(nn_tensor_data(&v) == nn_tensor_data(&t));
    nn_tensor_release(&v);
    CHECK(nn_tensor_slice(&v, &t, 0, most - 1, most, -1, &err) == NN_OK);
    CHECK(nn_tensor_data(&v) == nn_tensor_data(&t));
    nn_tensor_release(&v);
    nn_tensor_release(&t);
}

static void test_sequences(void)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    int64_t big = (INT64_C(1) << 53) + 1, most = INT64_MAX, least = INT64_MIN;
    CHECK(nn_tensor_arange_int(&t, NN_INT64, big, big + 5, 2, &err) == NN_OK && t.shape[0] == 3);
    CHECK(nn_tensor_get_int(&t, 2) == big + 4);
    nn_tensor_release(&t);
    CHECK(nn_tensor_arange_int(&t, NN_INT64, most, least, -most, &err) == NN_OK);
    CHECK_INT(digest(&t), digest_of(3, (int64_t[]){most, 0, -most}));
    nn_tensor_release(&t);
    CHECK(nn_tensor_arange_int(&t, NN_INT64, 3, 0, 1, &err) == NN_OK && t.shape[0] == 0);
    nn_tensor_release(&t);
    CHECK(nn_tensor_arange_int(&t, NN_INT64, 0, 3, 0, &err) == NN_EVALUE && !t.storage);
    CHECK(nn_tensor_arange_int(&t, NN_INT64, least, most, 1, &err) == NN_EMEM && !t.storage);
}

/* The rows of a transposed matrix lie in one another; none may be lost on the way. */
static void test_shuffle(void)
{
    nn_tensor t = counting(2, (int64_t[]){30, 7}), v = NN_TENSOR_EMPTY, plain = NN_TENSOR_EMPTY;
    nn_rng rng, same;
    nn_rng_seed(&rng, 3);
    same = rng;
    nn_tensor_transpose(&v, &t, 0, 1, &err);
    nn_tensor_clone(&plain, &v, &err);
    nn_alloc_fail_after(1);
    CHECK(nn_tensor_shuffle(&v, &rng, &err) == NN_OK);
    nn_alloc_fail_after(0);
    CHECK(nn_tensor_shuffle(&plain, &same, &err) == NN_OK);
    CHECK(digest(&v) == digest(&plain));
    nn_tensor_release(&plain);
    nn_tensor_expand(&plain, &t, 3, (int64_t[]){2, 30, 7}, &err);
    CHECK(nn_tensor_shuffle(&plain, &rng, &err) == NN_EVALUE);
    nn_tensor_release(&plain);
    nn_tensor_release(&v);
    nn_tensor_release(&t);

    CHECK(nn_rng_valid(&rng));
    memset(rng.key, 0, sizeof rng.key);
    CHECK(!nn_rng_valid(&rng));
    rng.key[0] = 1; /* a bit that the recurrence never reads */
    CHECK(!nn_rng_valid(&rng));
}

/* Every cast of a set of awkward numbers against the C rule stated in copy.h. */
static void test_casts(void)
{
    const double values[] = {0,  -0.5,   1.9,   -1.9,   255, 256,      300.7,
                             -1, 0x1p62, 1e300, -1e300, NAN, INFINITY, 1e-300};
    const int64_t as_int[] = {
        0, 0, 1, -1, 255, 256, 300, -1, INT64_C(1) << 62, INT64_MAX, INT64_MIN, 0, INT64_MAX, 0};
    int64_t n = sizeof values / sizeof values[0];
    nn_tensor t = NN_TENSOR_EMPTY, cast = NN_TENSOR_EMPTY;
    CHECK(nn_tensor_new(&t, NN_FLOAT64, 1, &n, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) nn_tensor_set(&t, i, values[i]);
    CHECK(nn_tensor_to(&cast, &t, NN_INT64, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) CHECK_INT(nn_tensor_get_int(&cast, i), as_int[i]);
    nn_tensor_release(&cast);
    CHECK(nn_tensor_to(&cast, &t, NN_UINT8, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) CHECK_INT(nn_tensor_get_int(&cast, i), as_int[i] & 255);
    nn_tensor_release(&cast);
    CHECK(nn_tensor_to(&cast, &t, NN_BOOL, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++) CHECK_INT(nn_tensor_get_int(&cast, i), values[i] != 0);
    nn_tensor_release(&cast);
    CHECK(nn_tensor_to(&cast, &t, NN_FLOAT32, &err) == NN_OK);
    for (int64_t i = 0; i < n; i++)
        CHECK_NEAR(nn_tensor_get(&cast, i), (double)(float)values[i], 0);
    nn_tensor_release(&cast);
    nn_tensor_release(&t);
}

static void test_overlapping_copy(void)
{
    nn_tensor t = counting(1, (int64_t[]){8}), a = NN_TENSOR_EMPTY, b = NN_TENSOR_EMPTY;
    nn_tensor_slice(&a, &t, 0, 0, 7, 1, &err);
    nn_tensor_slice(&b, &t, 0, 1, 7, 1, &err);
    CHECK(nn_tensor_copy(&b, &a, &err) == NN_OK); /* shift right */
    CHECK_INT(digest(&t), digest_of(8, (int64_t[]){0, 0, 1, 2, 3, 4, 5, 6}));
    nn_tensor_release(&a);
    nn_tensor_slice(&a, &t, 0, 7, 8, -1, &err);
    CHECK(nn_tensor_copy(&t, &a, &err) == NN_OK); /* reverse in place */
    CHECK_INT(digest(&t), digest_of(8, (int64_t[]){6, 5, 4, 3, 2, 1, 0, 0}));
    CHECK(nn_tensor_copy(&b, &t, &err) == NN_ESHAPE);
    nn_tensor_release(&a);
    nn_tensor_release(&b);
    nn_tensor_release(&t);
}

static void test_walk_merges(void)
{
    nn_tensor t = counting(3, (int64_t[]){2, 3, 4}), v = NN_TENSOR_EMPTY;
    nn_walk walk;
    nn_walk_start(&walk, t.ndim, t.shape, 2, (const nn_tensor *[]){&t, &t});
    CHECK(walk.runs == 1 && walk.length == 24);
    nn_tensor_transpose(&v, &t, 0, 1, &err);
    nn_walk_start(&walk, v.ndim, v.shape, 1, (const nn_tensor *[]){&v});
    CHECK(walk.runs == 6 && walk.length == 4);
    nn_walk_start(&walk, 1, (int64_t[]){0}, 1, (const nn_tensor *[]){&v});
    CHECK(walk.runs == 0);
    nn_tensor_release(&v);
    nn_tensor_release(&t);
}

/* Every allocation of an operation fails once; what came before stays, and nothing leaks. */
static void test_allocation_failure(void)
{
    nn_tensor t = counting(2, (int64_t[]){5, 7}), v = NN_TENSOR_EMPTY, out = NN_TENSOR_EMPTY;
    nn_rng rng, before;
    size_t in_use;
    int failures = 0;
    nn_tensor_transpose(&v, &t, 0, 1, &err);
    nn_rng_seed(&rng, 1);
    in_use = nn_alloc_in_use();
    for (uint64_t n = 1;; n++) {
        before = rng;
        nn_alloc_fail_after(n);
        nn_status status = nn_tensor_reshape(&out, &v, 1, (int64_t[]){-1}, &err);
        if (status == NN_OK) {
            nn_tensor_release(&out);
            status = nn_tensor_randperm(&out, 10, &rng, &err);
        }
        nn_alloc_fail_after(0);
        if (status == NN_OK) break;
        failures++;
        CHECK(status == NN_EMEM && !out.storage);
        CHECK(memcmp(&before, &rng, sizeof rng) == 0);
        CHECK(nn_alloc_in_use() == in_use);
    }
    CHECK_INT(failures, 4); /* storage and data of two tensors: copy, permutation */
    nn_tensor_release(&out);
    nn_tensor_release(&v);
    nn_tensor_release(&t);
    CHECK(nn_alloc_in_use() == 0);
}

static void test_cap(void)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_alloc_set_cap(1 << 20);
    CHECK(nn_tensor_zeros(&t, NN_UINT8, 1, (int64_t[]){1 << 19}, &err) == NN_OK);
    nn_tensor u = NN_TENSOR_EMPTY;
    CHECK(nn_tensor_zeros(&u, NN_UINT8, 1, (int64_t[]){1 << 20}, &err) == NN_EMEM && !u.storage);
    CHECK(nn_tensor_zeros(&u, NN_FLOAT64, 2, (int64_t[]){INT64_MAX / 2, 2}, &err) == NN_EMEM);
    nn_alloc_set_cap(0);
    CHECK(((uintptr_t)nn_tensor_data(&t) & (NN_ALIGNMENT - 1)) == 0);
    nn_tensor_release(&t);
    nn_tensor_release(&t); /* a second release is harmless */
}

static void test_format(void)
{
    char *text = NULL;
    nn_tensor t = NN_TENSOR_EMPTY;
    CHECK(nn_tensor_zeros(&t, NN_FLOAT32, 2, (int64_t[]){2, 2}, &err) == NN_OK);
    nn_tensor_set(&t, 1, 2.5);
    nn_tensor_set(&t, 2, -3);
    CHECK(nn_tensor_format(&text, &t, &err) == NN_OK);
    CHECK_STR(text, "   0.0000   2.5000\n  -3.0000   0.0000\n[float32 2x2]");
    nn_free(text);
    nn_tensor_release(&t);
    CHECK(nn_tensor_zeros(&t, NN_UINT8, 2, (int64_t[]){1000, 1000}, &err) == NN_OK);
    CHECK(nn_tensor_format(&text, &t, &err) == NN_OK);
    CHECK(strlen(text) < 300 && strstr(text, "...") && strstr(text, "[uint8 1000x1000]"));
    nn_free(text);
    nn_tensor_release(&t);
}

int main(void)
{
    test_shapes();
    test_views();
    test_empty_views();
    test_sequences();
    test_shuffle();
    test_casts();
    test_overlapping_copy();
    test_walk_merges();
    test_allocation_failure();
    test_cap();
    test_format();
    CHECK(nn_alloc_in_use() == 0);
    return CHECK_REPORT();
}
