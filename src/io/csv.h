/*
** csv.h - tables as text (RFC 4180): columns of numbers and columns of texts
**
** Cells are separated by one character and lines by LF, CRLF or CR; a cell in
** double quotes may hold separators, line ends and doubled quotes. A UTF-8
** byte order mark is skipped, empty lines are left out. Every line must have
** as many cells as the first. Numbers are decimal (or nan, inf, infinity), are
** rounded correctly, and are read the same under every locale.
*/
#ifndef NN_IO_CSV_H
#define NN_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

typedef enum nn_csv_header {
    NN_CSV_HEADER_AUTO, /* the first line names the columns if none of its cells is a number */
    NN_CSV_HEADER_YES,
    NN_CSV_HEADER_NO
} nn_csv_header;

typedef enum nn_csv_kind {
    NN_CSV_AUTO,   /* numbers if every cell is one or is missing */
    NN_CSV_NUMBER, /* a cell that is no number is an error */
    NN_CSV_TEXT
} nn_csv_kind;

/* What the kind of a column is to be. */
typedef struct nn_csv_type {
    const char *name;
    nn_csv_kind kind;
} nn_csv_type;

typedef struct nn_csv_options {
    char delimiter;
    nn_csv_header header;
    bool missing_nan; /* an empty cell among numbers is NaN, not an error */
    size_t type_count;
    const nn_csv_type *types; /* borrowed; of columns that may not be there */
} nn_csv_options;

typedef struct nn_csv_column {
    char *name;
    bool is_text;
    nn_tensor numbers; /* float64 [rows]; empty if is_text */
    size_t *ends;      /* if is_text: where each row's text ends in texts */
    char *texts;       /* they begin where the one before ends */
    int64_t bad_line;  /* why an AUTO column is text: the line of its first such cell, or 0 */
    char bad[32];      /* and its text, cut */
} nn_csv_column;

/* Empty when all zero (NN_CSV_EMPTY). */
typedef struct nn_csv {
    int64_t rows;
    size_t count; /* of columns */
    nn_csv_column *columns;
} nn_csv;

#define NN_CSV_EMPTY ((nn_csv){0})

/* True if c can separate cells: not a quote, line end, letter, digit, sign or point. */
bool nn_csv_is_delimiter(char c);

/* Reads a file (plain or gzip) into out, which is empty, for nn_csv_release. On failure out is
** empty. NN_EIO, NN_EFORMAT (the message has line and column), NN_EVALUE (a type for a column that
** is not there), NN_EMEM. */
nn_status nn_csv_read(nn_csv *out, const char *path, const nn_csv_options *options, nn_error *err);

/* The same from size bytes of text, behind which stands a zero byte; name begins messages. */
nn_status nn_csv_parse(nn_csv *out, const char *name, const char *text, size_t size,
                       const nn_csv_options *options, nn_error *err);

void nn_csv_release(nn_csv *table);

/* One column to write: a tensor [rows], or texts. */
typedef struct nn_csv_cells {
    const char *name;         /* NULL: the file has no header */
    const nn_tensor *numbers; /* NULL: texts */
    const char *const *texts;
    const size_t *sizes; /* of the texts */
} nn_csv_cells;

/*
** Writes columns of equally many rows, gzip if the name ends in ".gz". Floats have the fewest
*digits
** that read back as the same number of their dtype; lines end with LF. Cells are quoted where they
** must be, and a line of one empty cell. NN_ESHAPE, NN_EIO, NN_EMEM; an existing file is then
*intact.
*/
nn_status nn_csv_write(const char *path, size_t count, const nn_csv_cells *columns, int64_t rows,
                       char delimiter, nn_error *err);

#endif
