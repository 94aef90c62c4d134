/*
** panel.c - products with a panel in the vector registers of each instruction set
**
** GCC's vector extension: the same source for all sets, with the width and
** the block that fills their registers. Compiled with contraction on: fused
** multiply-adds are the point here.
*/
#include "kernel/panel.h"

#include "kernel/tuned/registers.h"

/* Bytes: half of a usual L1. */
#define PANEL_IN_L1 (16 << 10)

/* Dot products at a time: enough to hide the latency of their sums. */
#define DOTS 8

#define REAL float
#define NAME(f) f##_f32
#include "kernel/tuned/panel.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(f) f##_f64
#include "kernel/tuned/panel.inc"

const nn_k_panel NN_K_TABLE(nn_k_panel) = {
    .product = {[NN_K_F32] = product_f32, [NN_K_F64] = product_f64},
    .dots = {[NN_K_F32] = dots_f32, [NN_K_F64] = dots_f64},
    .finite = {[NN_K_F32] = finite_f32, [NN_K_F64] = finite_f64},
};
