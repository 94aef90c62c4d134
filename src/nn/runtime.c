/*
** runtime.c - the kernels' settings for those who may not include kernel/
*/
#include "nn/runtime.h"

#include "kernel/dispatch.h"
#include "kernel/gemm.h"
#include "kernel/partition.h"

void nn_set_threads(int threads)
{
    nn_k_set_threads(threads);
}

int nn_threads(void)
{
    return nn_k_threads();
}

const char *nn_isa(void)
{
    return nn_k()->isa;
}

bool nn_set_isa(const char *name)
{
    return nn_k_select(name);
}

const char *nn_blas_name(void)
{
    return nn_k_blas_name();
}
