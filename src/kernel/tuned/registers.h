/*
** registers.h - how many vector registers the instruction set of this compilation has, and how the
** product kernels fill them
**
** PANEL_ROWS x PANEL_VECTORS sums, PANEL_VECTORS vectors of the panel and one
** broadcast are alive at a time; in sparse.inc SPARSE_VECTORS sums and one
** broadcast.
*/
#ifndef NN_KERNEL_TUNED_REGISTERS_H
#define NN_KERNEL_TUNED_REGISTERS_H

#define INLINE __attribute__((always_inline))

#ifdef __AVX512F__ /* 32 registers of 64 bytes */
#define VECTOR_BYTES 64
#define PANEL_ROWS 6
#define PANEL_VECTORS 4
#define SPARSE_VECTORS 8
#elif defined __AVX__ /* 16 registers of 32 bytes */
#define VECTOR_BYTES 32
#define PANEL_ROWS 6
#define PANEL_VECTORS 2
#define SPARSE_VECTORS 8
#else /* at least 16 registers of 16 bytes: SSE2, NEON */
#define VECTOR_BYTES 16
#define PANEL_ROWS 5
#define PANEL_VECTORS 2
#define SPARSE_VECTORS 8
#endif

/* CASE(1) CASE(2) ... CASE(limit): what makes a number a constant inside a switch. */
#define UP_TO(limit, CASE) UP_TO_EXPANDED(limit, CASE)
#define UP_TO_EXPANDED(limit, CASE) UP_TO_##limit(CASE)
#define UP_TO_1(CASE) CASE(1)
#define UP_TO_2(CASE) UP_TO_1(CASE) CASE(2)
#define UP_TO_3(CASE) UP_TO_2(CASE) CASE(3)
#define UP_TO_4(CASE) UP_TO_3(CASE) CASE(4)
#define UP_TO_5(CASE) UP_TO_4(CASE) CASE(5)
#define UP_TO_6(CASE) UP_TO_5(CASE) CASE(6)
#define UP_TO_7(CASE) UP_TO_6(CASE) CASE(7)
#define UP_TO_8(CASE) UP_TO_7(CASE) CASE(8)

#endif
