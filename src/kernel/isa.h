/*
** isa.h - what a file of tuned kernels needs to know about itself
**
** The files in tuned/ are compiled once per instruction set, with NN_ISA set
** to its name. Each exports tables of kernels, NN_K_TABLE(nn_k_arith) being
** nn_k_arith_avx512, nn_k_arith_avx2 or nn_k_arith_portable. The ref_*.c
** export the naive twins the same way, with the name "ref".
*/
#ifndef NN_KERNEL_ISA_H
#define NN_KERNEL_ISA_H

#define NN_K_JOIN_EXPANDED(a, b) a##_##b
#define NN_K_JOIN(a, b) NN_K_JOIN_EXPANDED(a, b)
#define NN_K_TABLE(name) NN_K_JOIN(name, NN_ISA)

/* Element types, in the order of nn_dtype; tables are indexed by them. */
typedef enum nn_k_type { NN_K_BOOL, NN_K_U8, NN_K_I64, NN_K_F32, NN_K_F64, NN_K_TYPES } nn_k_type;

#endif
