/*
** blocks.c - blocks over nn_k_parallel
*/
#include "nn/blocks.h"

#include "tensor/alloc.h"

typedef struct job {
    int64_t n, size; /* items in all, and in one block */
    void (*work)(void *context, int64_t first, int64_t count);
    double (*sum)(void *context, int64_t first, int64_t count); /* instead of work */
    double *part;                                               /* one per block, for sum */
    void *context;
} job;

static void run_block(void *context, int64_t i)
{
    const job *j = context;
    int64_t first = i * j->size, left = j->n - first;
    int64_t count = left < j->size ? left : j->size;
    if (j->sum)
        j->part[i] = j->sum(j->context, first, count);
    else
        j->work(j->context, first, count);
}

nn_status nn_blocks_run(int64_t blocks, void (*work)(void *context, int64_t i), void *context,
                        nn_error *err)
{
    return nn_k_parallel(blocks, work, context) ? NN_OK : nn_interrupted(err);
}

int64_t nn_blocks_rows(int64_t elements, int64_t n)
{
    return n > 0 && n < elements ? elements / n : n > 0 ? 1 : elements;
}

nn_status nn_blocks_each(int64_t n, int64_t size,
                         void (*work)(void *context, int64_t first, int64_t count), void *context,
                         nn_error *err)
{
    job j = {.n = n, .size = size, .work = work, .context = context};
    return nn_blocks_run((n + size - 1) / size, run_block, &j, err);
}

nn_status nn_blocks_sum(double *sum, int64_t n, int64_t size,
                        double (*work)(void *context, int64_t first, int64_t count), void *context,
                        nn_error *err)
{
    int64_t blocks = (n + size - 1) / size;
    job j = {.n = n, .size = size, .sum = work, .context = context};
    j.part = nn_alloc((size_t)blocks * sizeof *j.part, err);
    if (!j.part) return err->code;
    nn_status status = nn_blocks_run(blocks, run_block, &j, err);
    *sum = 0;
    for (int64_t i = 0; status == NN_OK && i < blocks; i++) *sum += j.part[i];
    nn_free(j.part);
    return status;
}

void *nn_element(const nn_tensor *t, int64_t i)
{
    return (char *)nn_tensor_data(t) + i * (int64_t)nn_dtype_size(t->dtype);
}
