/*
** dispatch.h - the tables of kernels that this machine runs
**
** At first use the best instruction set of the processor is chosen;
** NNLUA_ISA=vnni|avx512|avx2|portable|ref asks for a lesser one (ref: the naive
** twins). A name that is unknown or not runnable here is ignored at start-up
** and refused by nn_k_select. amx and vnni are avx512 with faster digits.
*/
#ifndef NN_KERNEL_DISPATCH_H
#define NN_KERNEL_DISPATCH_H

#include <stdbool.h>

#include "kernel/arith.h"
#include "kernel/digits.h"
#include "kernel/neural.h"
#include "kernel/normalization.h"
#include "kernel/panel.h"
#include "kernel/recurrent.h"
#include "kernel/reduce.h"
#include "kernel/sliding.h"
#include "kernel/sparse.h"
#include "kernel/step.h"

typedef struct nn_k_set {
    const char *isa;             /* "amx", "vnni", "avx512", "avx2", "portable" or "ref" */
    const nn_k_arith *arith;     /* elementwise arithmetic, comparison, functions */
    const nn_k_reduce *reduce;   /* sums, extremes, along one axis */
    const nn_k_panel *panel;     /* products with a packed matrix */
    const nn_k_sparse *sparse;   /* products with rows that are mostly 0 */
    const nn_k_neural *neural;   /* activations, softmax, losses */
    const nn_k_sliding *sliding; /* patches of images, pooling */
    const nn_k_normalization *normalization; /* batch and layer norm */
    const nn_k_recurrent *recurrent;         /* steps of recurrent cells */
    const nn_k_steps *steps;                 /* optimizer steps */
    const nn_k_digits *digits;               /* products of reals with bytes */
} nn_k_set;

const nn_k_set *nn_k(void);        /* the chosen set */
bool nn_k_select(const char *isa); /* chooses another; false if this machine cannot run it */

/* The i-th set that this machine runs, best first; NULL past the last. */
const nn_k_set *nn_k_runnable(int i);

#endif
