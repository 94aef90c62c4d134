/*
** dispatch.c - the only place that chooses between instruction sets
*/
#define _GNU_SOURCE /* syscall */

#include "kernel/dispatch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#define DECLARE_SET(isa)                                                                           \
    extern const nn_k_arith nn_k_arith_##isa;                                                      \
    extern const nn_k_reduce nn_k_reduce_##isa;                                                    \
    extern const nn_k_panel nn_k_panel_##isa;                                                      \
    extern const nn_k_sparse nn_k_sparse_##isa;                                                    \
    extern const nn_k_neural nn_k_neural_##isa;                                                    \
    extern const nn_k_sliding nn_k_sliding_##isa;                                                  \
    extern const nn_k_normalization nn_k_normalization_##isa;                                      \
    extern const nn_k_recurrent nn_k_recurrent_##isa;                                              \
    extern const nn_k_steps nn_k_steps_##isa;

#define TABLES(isa)                                                                                \
    &nn_k_arith_##isa, &nn_k_reduce_##isa, &nn_k_panel_##isa, &nn_k_sparse_##isa,                  \
        &nn_k_neural_##isa, &nn_k_sliding_##isa, &nn_k_normalization_##isa, &nn_k_recurrent_##isa, \
        &nn_k_steps_##isa

extern const nn_k_digits nn_k_digits_ref;
#ifdef NN_HAVE_AVX512
extern const nn_k_digits nn_k_digits_amx, nn_k_digits_vnni;
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
    {"amx", TABLES(avx512), &nn_k_digits_amx},        {"vnni", TABLES(avx512), &nn_k_digits_vnni},
    {"avx512", TABLES(avx512), &nn_k_digits_ref},
#endif
#ifdef NN_HAVE_AVX2
    {"avx2", TABLES(avx2), &nn_k_digits_ref},
#endif
    {"portable", TABLES(portable), &nn_k_digits_ref}, {"ref", TABLES(ref), &nn_k_digits_ref},
};

#define SETS ((int)(sizeof sets / sizeof sets[0]))

static const nn_k_set *_Atomic chosen;

#ifdef NN_HAVE_AVX512
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

/* Linux lets a process use tiles once it has asked to; asking again does no harm. Every processor
** with tiles so far has int8 products, but their bit is looked at: leaf 7, bit 25 of edx. */
static bool has_amx(void)
{
#ifdef SYS_arch_prctl
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM */
    unsigned a = 7, b, c = 0, d;
    if (!has_avx512()) return false;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d >> 25 & 1 && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
}
#endif

static bool runs_here(const nn_k_set *set)
{
#ifdef NN_HAVE_AVX512
    if (strcmp(set->isa, "amx") == 0) return has_amx();
    if (strcmp(set->isa, "vnni") == 0) return has_avx512() && __builtin_cpu_supports("avx512vnni");
    if (strcmp(set->isa, "avx512") == 0) return has_avx512();
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
