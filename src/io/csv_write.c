/*
** csv_write.c - tables as text: writing
*/
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/csv.h"
#include "io/decimal.h"
#include "io/sink.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"

#define BUFFER_SIZE ((size_t)16384)

typedef struct writer {
    nn_sink *sink;
    char delimiter;
    nn_decimal decimal;
    size_t used; /* of buffer */
    char buffer[BUFFER_SIZE];
    nn_error *err;
} writer;

static nn_status flush(writer *w)
{
    size_t used = w->used;
    w->used = 0;
    return nn_sink_write(w->sink, w->buffer, used, w->err);
}

static nn_status add(writer *w, const char *text, size_t size)
{
    while (size > 0) {
        size_t part = BUFFER_SIZE - w->used;
        if (part > size) part = size;
        memcpy(w->buffer + w->used, text, part);
        w->used += part;
        text += part;
        size -= part;
        if (w->used == BUFFER_SIZE) NN_TRY(flush(w));
    }
    return NN_OK;
}

/* Blanks at the ends are kept by quotes for readers that would trim them. */
static bool needs_quotes(const writer *w, const char *text, size_t size, bool alone)
{
    if (size == 0) return alone;
    if (text[0] == ' ' || text[size - 1] == ' ') return true;
    for (size_t i = 0; i < size; i++)
        if (text[i] == w->delimiter || text[i] == '"' || text[i] == '\n' || text[i] == '\r')
            return true;
    return false;
}

static nn_status add_text(writer *w, const char *text, size_t size, bool alone)
{
    if (!needs_quotes(w, text, size, alone)) return add(w, text, size);
    NN_TRY(add(w, "\"", 1));
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') NN_TRY(add(w, "\"", 1));
        NN_TRY(add(w, text + i, 1));
    }
    return add(w, "\"", 1);
}

static nn_status add_number(writer *w, const nn_tensor *t, int64_t row)
{
    char text[NN_DECIMAL_ROOM];
    int64_t at = row * t->stride[0];
    size_t length =
        nn_dtype_is_float(t->dtype)
            ? nn_decimal_format(&w->decimal, text, nn_tensor_get(t, at), t->dtype == NN_FLOAT32)
            : (size_t)snprintf(text, sizeof text, "%" PRId64, nn_tensor_get_int(t, at));
    return add(w, text, length);
}

static nn_status add_row(writer *w, size_t count, const nn_csv_cells *columns, int64_t row)
{
    for (size_t i = 0; i < count; i++) {
        const nn_csv_cells *c = &columns[i];
        if (i > 0) NN_TRY(add(w, &w->delimiter, 1));
        if (c->numbers != NULL)
            NN_TRY(add_number(w, c->numbers, row));
        else
            NN_TRY(add_text(w, c->texts[row], c->sizes[row], count == 1));
    }
    return add(w, "\n", 1);
}

static nn_status add_all(writer *w, size_t count, const nn_csv_cells *columns, int64_t rows)
{
    NN_TRY(nn_decimal_open(&w->decimal, w->err));
    if (count > 0 && columns[0].name != NULL) {
        for (size_t i = 0; i < count; i++) {
            if (i > 0) NN_TRY(add(w, &w->delimiter, 1));
            NN_TRY(add_text(w, columns[i].name, strlen(columns[i].name), count == 1));
        }
        NN_TRY(add(w, "\n", 1));
    }
    for (int64_t row = 0; row < rows; row++) {
        if (nn_cancelled()) return nn_interrupted(w->err);
        NN_TRY(add_row(w, count, columns, row));
    }
    return flush(w);
}

static nn_status write_table(writer *w, const char *path, size_t count, const nn_csv_cells *columns,
                             int64_t rows)
{
    NN_TRY(nn_sink_open(&w->sink, path, w->err));
    nn_status status = add_all(w, count, columns, rows);
    nn_decimal_close(&w->decimal);
    return nn_sink_close(w->sink, status, w->err);
}

nn_status nn_csv_write(const char *path, size_t count, const nn_csv_cells *columns, int64_t rows,
                       char delimiter, nn_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const nn_tensor *t = columns[i].numbers;
        if (t != NULL && (t->ndim != 1 || t->shape[0] != rows))
            return nn_fail(err, NN_ESHAPE, 2, "column %zu is %s, expected [%" PRId64 "]", i + 1,
                           nn_tensor_shape_name(t).text, rows);
    }
    writer *w = nn_alloc(sizeof *w, err);
    if (w == NULL) return NN_EMEM;
    w->delimiter = delimiter;
    w->decimal = (nn_decimal){NULL};
    w->used = 0;
    w->err = err;
    nn_status status = write_table(w, path, count, columns, rows);
    nn_free(w);
    return status;
}
