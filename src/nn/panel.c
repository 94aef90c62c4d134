/*
** panel.c - copied row by row, or transposed
*/
#include "nn/panel.h"

#include <string.h>

#include "tensor/transpose.h"

void nn_panel_pack(void *panel, nn_k_type type, const void *w, int64_t w_row, int64_t w_col,
                   int64_t rows, int64_t cols)
{
    int64_t size = type == NN_K_F32 ? 4 : 8, row = nn_k_panel_row(type, cols);
    char *to = panel;
    if (w_col != 1) nn_transpose(to, row, w, w_col, cols, rows, (size_t)size);
    for (int64_t r = 0; r < rows; r++, to += row * size) {
        if (w_col == 1) memcpy(to, (const char *)w + r * w_row * size, (size_t)(cols * size));
        memset(to + cols * size, 0, (size_t)((row - cols) * size));
    }
}
