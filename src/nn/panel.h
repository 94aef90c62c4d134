/*
** panel.h - packing a matrix as the panel that kernel/panel.h multiplies with
*/
#ifndef NN_NN_PANEL_H
#define NN_NN_PANEL_H

#include "kernel/panel.h"

/* panel: rows of nn_k_panel_row(type, cols) elements, zeros beyond cols. w (rows,cols): one of its
** strides is 1. */
void nn_panel_pack(void *panel, nn_k_type type, const void *w, int64_t w_row, int64_t w_col,
                   int64_t rows, int64_t cols);

#endif
