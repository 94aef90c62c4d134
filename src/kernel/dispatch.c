/*
** dispatch.c - the only place that chooses between instruction sets
*/
#include "kernel/dispatch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE_SET(isa)                                                                           \
    extern const nn_k_arith nn_k_arith_##isa;                                                      \
    extern const nn_k_reduce nn_k_reduce_##isa;                                                    \
    extern const nn_k_panel nn_k_panel_##isa;                                                      \
    extern const nn_k_sparse nn_k_sparse_##isa;                                                    \
    extern const nn_k_neural nn_k_neural_##isa;

#define SET(isa)                                                                                   \
    {                                                                                              \
#isa, &nn_k_arith_##isa, &nn_k_reduce_##isa, &nn_k_panel_##isa, &nn_k_sparse_##isa,        \
        &nn_k_neural_##isa                                                                         \
    }

#ifdef NN_HAVE_AVX512
DECLARE_SET(avx512)
#endif
#ifdef NN_HAVE_AVX2
DECLARE_SET(avx2)
#endif
DECLARE_SET(portable)
DECLARE_SET(ref)

/* Best first. */
static const nn_k_set sets[] = {
#ifdef NN_HAVE_AVX512
    SET(avx512),
#endif
#ifdef NN_HAVE_AVX2
    SET(avx2),
#endif
    SET(portable),
    SET(ref),
};

#define SETS ((int)(sizeof sets / sizeof sets[0]))

static const nn_k_set *_Atomic chosen;

static bool runs_here(const nn_k_set *set)
{
#ifdef NN_HAVE_AVX512
    if (strcmp(set->isa, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
#ifdef NN_HAVE_AVX2
    if (strcmp(set->isa, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#endif
    (void)set;
    return true;
}

const nn_k_set *nn_k_runnable(int i)
{
    for (int s = 0; s < SETS; s++)
        if (runs_here(&sets[s]) && i-- == 0) return &sets[s];
    return NULL;
}

bool nn_k_select(const char *isa)
{
    for (int s = 0; s < SETS; s++)
        if (strcmp(sets[s].isa, isa) == 0 && runs_here(&sets[s])) {
            chosen = &sets[s];
            return true;
        }
    return false;
}

const nn_k_set *nn_k(void)
{
    const nn_k_set *set = chosen;
    if (set) return set;
    const char *asked = getenv("NNLUA_ISA");
    if (!asked || !nn_k_select(asked)) chosen = nn_k_runnable(0);
    return chosen;
}
