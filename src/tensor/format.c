/*
** format.c - choosing a number format, then writing rows
*/
#include "tensor/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tensor/alloc.h"

#define SUMMARY_ABOVE 1000 /* elements */
#define EDGE 3             /* entries shown at each end of a summarised dimension */
#define LINE 80            /* columns; a longer row goes on, indented, on the next line */

typedef struct text {
    char *data;
    size_t used, room;
    nn_status status;
    nn_error *err;
} text;

/* How every number of one tensor is printed. */
typedef struct style {
    bool integer;    /* integers and bools, or floats that are all whole */
    bool scientific; /* magnitudes too far apart for fixed point */
    int width;
} style;

static void put(text *out, const char *format, ...) NN_PRINTF(2, 3);

static void put(text *out, const char *format, ...)
{
    va_list args;
    if (out->status != NN_OK) return;
    va_start(args, format);
    size_t need = (size_t)vsnprintf(NULL, 0, format, args) + 1;
    va_end(args);
    if (out->used + need > out->room) {
        size_t room = 2 * out->room + need;
        char *data = nn_realloc(out->data, room, out->err);
        if (!data) {
            out->status = out->err->code;
            return;
        }
        out->data = data;
        out->room = room;
    }
    va_start(args, format);
    vsnprintf(out->data + out->used, need, format, args);
    va_end(args);
    out->used += need - 1;
}

static bool is_edge(int64_t i, int64_t size, bool summarised)
{
    return !summarised || size <= 2 * EDGE || i < EDGE || i >= size - EDGE;
}

/* From index i, the next one that is shown. */
static int64_t next_shown(int64_t i, int64_t size, bool summarised)
{
    return is_edge(i + 1, size, summarised) ? i + 1 : size - EDGE;
}

static int number(char *buffer, size_t room, const nn_tensor *t, int64_t at, const style *s)
{
    double value = nn_tensor_get(t, at);
    if (t->dtype == NN_BOOL) return snprintf(buffer, room, "%s", value != 0 ? "true" : "false");
    if (t->dtype == NN_INT64 || t->dtype == NN_UINT8)
        return snprintf(buffer, room, "%" PRId64, nn_tensor_get_int(t, at));
    if (isnan(value)) return snprintf(buffer, room, "nan");
    if (isinf(value)) return snprintf(buffer, room, value > 0 ? "inf" : "-inf");
    return snprintf(buffer, room, s->scientific ? "%.4e" : s->integer ? "%.0f." : "%.4f", value);
}

typedef struct range {
    double smallest, largest; /* magnitudes of the finite, non-zero values */
    bool whole;               /* all finite values are integers */
} range;

/* Calls visit for every shown element, depth first. */
static void each_shown(const nn_tensor *t, int dim, int64_t at, bool summarised,
                       void (*visit)(const nn_tensor *t, int64_t at, void *context), void *context)
{
    if (dim == t->ndim) {
        visit(t, at, context);
        return;
    }
    for (int64_t i = 0; i < t->shape[dim]; i = next_shown(i, t->shape[dim], summarised))
        each_shown(t, dim + 1, at + i * t->stride[dim], summarised, visit, context);
}

static void measure_range(const nn_tensor *t, int64_t at, void *context)
{
    range *r = context;
    double x = fabs(nn_tensor_get(t, at));
    if (!isfinite(x)) return;
    if (x != floor(x)) r->whole = false;
    if (x > 0 && (r->smallest == 0 || x < r->smallest)) r->smallest = x;
    if (x > r->largest) r->largest = x;
}

static void measure_width(const nn_tensor *t, int64_t at, void *context)
{
    style *s = context;
    char buffer[64];
    int width = number(buffer, sizeof buffer, t, at, s);
    if (width > s->width) s->width = width;
}

static style choose_style(const nn_tensor *t, bool summarised)
{
    range r = {.whole = true};
    style s = {.width = 1};
    each_shown(t, 0, 0, summarised, measure_range, &r);
    s.integer = r.whole && r.largest < 1e6;
    s.scientific =
        !s.integer &&
        (r.largest >= 1e5 || (r.largest > 0 && r.largest < 1e-3) ||
         (r.smallest > 0 && r.largest / r.smallest > 1e4 && r.smallest < 1e-4 && r.largest >= 1e3));
    each_shown(t, 0, 0, summarised, measure_width, &s);
    return s;
}

static void put_row(text *out, const nn_tensor *t, int dim, int64_t at, const style *s,
                    bool summarised)
{
    char buffer[64];
    int64_t size = t->shape[dim];
    int column = 0, cell = s->width + 2;
    for (int64_t i = 0; i < size; i = next_shown(i, size, summarised)) {
        if (i == size - EDGE && !is_edge(EDGE, size, summarised)) put(out, "  ...");
        number(buffer, sizeof buffer, t, at + i * t->stride[dim], s);
        if (column + cell > LINE) {
            put(out, "\n  ");
            column = 2;
        }
        put(out, "%*s", cell, buffer);
        column += cell;
    }
    put(out, "\n");
}

/* The last two dimensions from `at` on, as lines. */
static void put_matrix(text *out, const nn_tensor *t, int dim, int64_t at, const style *s,
                       bool summarised)
{
    int64_t size = t->shape[dim];
    for (int64_t i = 0; i < size; i = next_shown(i, size, summarised)) {
        if (i == size - EDGE && !is_edge(EDGE, size, summarised)) put(out, "  ...\n");
        put_row(out, t, dim + 1, at + i * t->stride[dim], s, summarised);
    }
}

/* Slices over the leading dimensions, each under its index. */
static void put_slices(text *out, const nn_tensor *t, int dim, int64_t at, int64_t *index,
                       const style *s, bool summarised)
{
    if (dim == t->ndim - 2) {
        put(out, "(");
        for (int d = 0; d < dim; d++) put(out, "%" PRId64 ",", index[d]);
        put(out, ".,.)\n");
        put_matrix(out, t, dim, at, s, summarised);
        put(out, "\n");
        return;
    }
    int64_t size = t->shape[dim];
    for (int64_t i = 0; i < size; i = next_shown(i, size, summarised)) {
        if (i == size - EDGE && !is_edge(EDGE, size, summarised)) put(out, "...\n\n");
        index[dim] = i + 1;
        put_slices(out, t, dim + 1, at + i * t->stride[dim], index, s, summarised);
    }
}

static void put_shape(text *out, const nn_tensor *t)
{
    put(out, "[%s ", nn_dtype_name(t->dtype));
    if (t->ndim == 0) put(out, "scalar");
    for (int d = 0; d < t->ndim; d++) put(out, d ? "x%" PRId64 : "%" PRId64, t->shape[d]);
    put(out, "]");
}

nn_status nn_tensor_format(char **result, const nn_tensor *t, nn_error *err)
{
    text out = {.err = err};
    int64_t numel = nn_tensor_numel(t), index[NN_MAX_RANK];
    bool summarised = numel > SUMMARY_ABOVE;
    style s = numel > 0 ? choose_style(t, summarised) : (style){.width = 1};
    if (numel == 0) {
        put(&out, "%s", "");
    } else if (t->ndim == 0) {
        char buffer[64];
        number(buffer, sizeof buffer, t, 0, &s);
        put(&out, "%s\n", buffer);
    } else if (t->ndim == 1) {
        put_row(&out, t, 0, 0, &s, summarised);
    } else if (t->ndim == 2) {
        put_matrix(&out, t, 0, 0, &s, summarised);
    } else {
        put_slices(&out, t, 0, 0, index, &s, summarised);
    }
    put_shape(&out, t);
    if (out.status != NN_OK) {
        nn_free(out.data);
        return out.status;
    }
    *result = out.data;
    return NN_OK;
}
