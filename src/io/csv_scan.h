/*
** csv_scan.h - the cells of a CSV text, one after the other
*/
#ifndef NN_IO_CSV_SCAN_H
#define NN_IO_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/status.h"

typedef struct nn_csv_cell {
    const char *text; /* inside the quotes, if any */
    size_t size;
    bool quoted;
    bool doubled; /* holds doubled quotes */
} nn_csv_cell;

/* A place in a text behind which stands a zero byte. */
typedef struct nn_csv_scan {
    const char *at;
    const char *end;
    const char *name; /* for messages */
    char delimiter;
    int64_t line;  /* of the cell that comes next, from 1 */
    size_t column; /* of the cell that comes next, from 0; 0 at the start of a row */
} nn_csv_scan;

/* Goes to the start of the text, behind a byte order mark. NN_EFORMAT: it is UTF-16. */
nn_status nn_csv_scan_start(nn_csv_scan *scan, const char *name, const char *text, size_t size,
                            char delimiter, nn_error *err);

/* At the start of a row: skips empty lines; false at the end of the text. */
bool nn_csv_scan_row(nn_csv_scan *scan);

/* Takes the next cell of the row; *last tells whether the row ends with it. NN_EFORMAT. */
nn_status nn_csv_scan_cell(nn_csv_scan *scan, nn_csv_cell *cell, bool *last, nn_error *err);

/* Copies the cell's text, doubled quotes made single, to out, which has room for cell->size bytes;
** gives the end. */
char *nn_csv_cell_copy(const nn_csv_cell *cell, char *out);

#endif
