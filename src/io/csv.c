/*
** csv.c - tables as text: reading
**
** The text is gone over two or three times, so that every column is allocated
** once and at its size: a survey counts rows, cells and the bytes of texts; a
** second pass reads numbers, and finds out which columns are texts; a third,
** if there are any, copies those.
*/
#include "io/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/csv_scan.h"
#include "io/decimal.h"
#include "io/source.h"
#include "io/text.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"

/* What the passes know of a column besides its content. */
typedef struct column_state {
    nn_csv_kind kind;
    size_t bytes;         /* of its cells: its texts need no more */
    int64_t missing_line; /* of its first empty cell, or 0 */
} column_state;

typedef struct parser {
    nn_csv_scan start; /* of the text, behind the mark */
    nn_csv_scan body;  /* behind the header */
    const nn_csv_options *options;
    nn_decimal decimal;
    column_state *state; /* one a column */
    nn_csv *out;
    nn_error *err;
} parser;

bool nn_csv_is_delimiter(char c)
{
    return c != '\0' && strchr("\"\r\n+-.0123456789", c) == NULL &&
           !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

void nn_csv_release(nn_csv *table)
{
    for (size_t i = 0; i < table->count; i++) {
        nn_csv_column *column = &table->columns[i];
        nn_free(column->name);
        nn_tensor_release(&column->numbers);
        nn_free(column->ends);
        nn_free(column->texts);
    }
    nn_free(table->columns);
    *table = NN_CSV_EMPTY;
}

static nn_status fail_cell(const parser *p, int64_t line, size_t column, const char *what,
                           const char *text)
{
    nn_quoted name = nn_quote(p->out->columns[column].name);
    nn_quoted file = nn_quote(p->start.name);
    return nn_fail(p->err, NN_EFORMAT, 0, "%s: line %" PRId64 ", column %zu ('%s'): %s%s%s%s",
                   file.text, line, column + 1, name.text, text == NULL ? "" : "'",
                   text == NULL ? "" : text, text == NULL ? "" : "' ", what);
}

/* ---- the header ---- */

/* Counts the cells of the first row and whether one of them is a number. */
static nn_status look_at_first(parser *p, size_t *count, bool *has_number)
{
    nn_csv_scan scan = p->start;
    nn_csv_cell cell;
    double value;
    bool last = false;
    *count = 0;
    *has_number = false;
    if (!nn_csv_scan_row(&scan))
        return nn_fail(p->err, NN_EFORMAT, 0, "%s: the CSV text is empty",
                       nn_quote(p->start.name).text);
    for (; !last; ++*count) {
        NN_TRY(nn_csv_scan_cell(&scan, &cell, &last, p->err));
        *has_number |= nn_decimal_parse(&p->decimal, cell.text, cell.size, &value);
    }
    return NN_OK;
}

/* A column without a name in the file has its number for a name. */
static nn_status name_column(parser *p, const nn_csv_cell *cell)
{
    nn_csv_column *column = &p->out->columns[p->out->count];
    char number[24];
    *column = (nn_csv_column){.numbers = NN_TENSOR_EMPTY};
    if (cell == NULL || cell->size == 0) {
        int length = snprintf(number, sizeof number, "%zu", p->out->count + 1);
        column->name = nn_text_copy(number, (size_t)length, p->err);
    } else if (memchr(cell->text, '\0', cell->size) != NULL) {
        return nn_fail(p->err, NN_EFORMAT, 0, "%s: the name of column %zu has a zero byte",
                       nn_quote(p->start.name).text, p->out->count + 1);
    } else {
        column->name = nn_alloc(cell->size + 1, p->err);
        if (column->name != NULL) *nn_csv_cell_copy(cell, column->name) = '\0';
    }
    if (column->name == NULL) return NN_EMEM;
    p->out->count++;
    return NN_OK;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static nn_status check_names(const parser *p)
{
    size_t count = p->out->count;
    nn_status status = NN_OK;
    const char **names = nn_alloc(count * sizeof *names, p->err);
    if (names == NULL) return NN_EMEM;
    for (size_t i = 0; i < count; i++) names[i] = p->out->columns[i].name;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && status == NN_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = nn_fail(p->err, NN_EFORMAT, 0, "%s: two columns have the name '%s'",
                             nn_quote(p->start.name).text, nn_quote(names[i]).text);
    nn_free(names);
    return status;
}

static nn_status name_columns(parser *p, size_t count, bool header)
{
    nn_csv_cell cell;
    bool last;
    p->out->columns = nn_alloc(count * sizeof *p->out->columns, p->err);
    if (p->out->columns == NULL) return NN_EMEM;
    p->body = p->start;
    nn_csv_scan_row(&p->body);
    for (size_t i = 0; i < count; i++) {
        if (header) NN_TRY(nn_csv_scan_cell(&p->body, &cell, &last, p->err));
        NN_TRY(name_column(p, header ? &cell : NULL));
    }
    return check_names(p);
}

static nn_status set_kinds(parser *p)
{
    for (size_t i = 0; i < p->out->count; i++) p->state[i] = (column_state){.kind = NN_CSV_AUTO};
    for (size_t i = 0; i < p->options->type_count; i++) {
        const nn_csv_type *type = &p->options->types[i];
        size_t at = 0;
        while (at < p->out->count && strcmp(p->out->columns[at].name, type->name) != 0) at++;
        if (at == p->out->count)
            return nn_fail(p->err, NN_EVALUE, 0,
                           "%s: there is no column '%s', for which 'types' "
                           "has an entry",
                           nn_quote(p->start.name).text, nn_quote(type->name).text);
        p->state[at].kind = type->kind;
    }
    return NN_OK;
}

static nn_status read_header(parser *p)
{
    size_t count;
    bool has_number;
    NN_TRY(look_at_first(p, &count, &has_number));
    nn_csv_header header = p->options->header;
    if (header == NN_CSV_HEADER_AUTO) header = has_number ? NN_CSV_HEADER_NO : NN_CSV_HEADER_YES;
    NN_TRY(name_columns(p, count, header == NN_CSV_HEADER_YES));
    p->state = nn_alloc(count * sizeof *p->state, p->err);
    if (p->state == NULL) return NN_EMEM;
    return set_kinds(p);
}

/* ---- the passes over the body ---- */

static nn_status fail_ragged(const parser *p, int64_t line, size_t cells)
{
    return nn_fail(p->err, NN_EFORMAT, 0,
                   "%s: line %" PRId64 " has %zu cell%s, expected %zu as in the first line",
                   nn_quote(p->start.name).text, line, cells, cells == 1 ? "" : "s", p->out->count);
}

static nn_status survey(parser *p)
{
    nn_csv_scan scan = p->body;
    nn_csv_cell cell;
    for (; nn_csv_scan_row(&scan); p->out->rows++) {
        int64_t line = scan.line;
        size_t cells = 0;
        if (nn_cancelled()) return nn_interrupted(p->err);
        for (bool last = false; !last; cells++) {
            NN_TRY(nn_csv_scan_cell(&scan, &cell, &last, p->err));
            if (cells < p->out->count) p->state[cells].bytes += cell.size;
        }
        if (cells != p->out->count) return fail_ragged(p, line, cells);
    }
    return NN_OK;
}

static bool is_empty(const nn_csv_cell *cell)
{
    for (size_t i = 0; i < cell->size; i++)
        if (cell->text[i] != ' ' && cell->text[i] != '\t') return false;
    return true;
}

static void turn_to_text(nn_csv_column *column, const nn_csv_cell *cell, int64_t line)
{
    size_t size = cell->size < sizeof column->bad ? cell->size : sizeof column->bad - 1;
    memcpy(column->bad, nn_quote_bytes(cell->text, size).text, size);
    column->bad[size] = '\0';
    column->bad_line = line;
    column->is_text = true;
    nn_tensor_release(&column->numbers);
}

static nn_status read_number(parser *p, size_t at, int64_t row, int64_t line,
                             const nn_csv_cell *cell)
{
    nn_csv_column *column = &p->out->columns[at];
    column_state *state = &p->state[at];
    double *value = NN_DATA(double, &column->numbers) + row;
    if (nn_decimal_parse(&p->decimal, cell->text, cell->size, value)) return NN_OK;
    if (is_empty(cell)) {
        *value = NAN;
        if (state->missing_line == 0) state->missing_line = line;
        return NN_OK;
    }
    if (state->kind == NN_CSV_NUMBER)
        return fail_cell(p, line, at, "is not a number",
                         nn_quote_bytes(cell->text, cell->size).text);
    turn_to_text(column, cell, line);
    return NN_OK;
}

static nn_status check_missing(const parser *p)
{
    for (size_t i = 0; i < p->out->count; i++) {
        int64_t line = p->state[i].missing_line;
        if (line > 0 && !p->out->columns[i].is_text && !p->options->missing_nan)
            return fail_cell(p, line, i, "the cell is empty (missing = \"nan\" reads NaN)", NULL);
    }
    return NN_OK;
}

static nn_status read_numbers(parser *p)
{
    nn_csv_scan scan = p->body;
    nn_csv_cell cell;
    bool last;
    for (size_t i = 0; i < p->out->count; i++) {
        nn_csv_column *column = &p->out->columns[i];
        column->is_text = p->state[i].kind == NN_CSV_TEXT;
        if (!column->is_text)
            NN_TRY(nn_tensor_new(&column->numbers, NN_FLOAT64, 1, &p->out->rows, p->err));
    }
    for (int64_t row = 0; nn_csv_scan_row(&scan); row++) {
        if (nn_cancelled()) return nn_interrupted(p->err);
        for (size_t i = 0; i < p->out->count; i++) {
            int64_t line = scan.line;
            NN_TRY(nn_csv_scan_cell(&scan, &cell, &last, p->err));
            if (!p->out->columns[i].is_text) NN_TRY(read_number(p, i, row, line, &cell));
        }
    }
    return check_missing(p);
}

static nn_status read_texts(parser *p)
{
    nn_csv_scan scan = p->body;
    nn_csv_cell cell;
    bool last;
    bool any = false;
    for (size_t i = 0; i < p->out->count; i++) {
        nn_csv_column *column = &p->out->columns[i];
        if (!column->is_text) continue;
        any = true;
        column->texts = nn_alloc(p->state[i].bytes, p->err);
        if (column->texts == NULL) return NN_EMEM;
        column->ends = nn_alloc((size_t)p->out->rows * sizeof *column->ends, p->err);
        if (column->ends == NULL) return NN_EMEM;
    }
    for (int64_t row = 0; any && nn_csv_scan_row(&scan); row++) {
        if (nn_cancelled()) return nn_interrupted(p->err);
        for (size_t i = 0; i < p->out->count; i++) {
            nn_csv_column *column = &p->out->columns[i];
            NN_TRY(nn_csv_scan_cell(&scan, &cell, &last, p->err));
            if (!column->is_text) continue;
            char *start = column->texts + (row > 0 ? column->ends[row - 1] : 0);
            column->ends[row] = (size_t)(nn_csv_cell_copy(&cell, start) - column->texts);
        }
    }
    return NN_OK;
}

static nn_status parse(parser *p)
{
    NN_TRY(nn_decimal_open(&p->decimal, p->err));
    NN_TRY(read_header(p));
    NN_TRY(survey(p));
    NN_TRY(read_numbers(p));
    return read_texts(p);
}

nn_status nn_csv_parse(nn_csv *out, const char *name, const char *text, size_t size,
                       const nn_csv_options *options, nn_error *err)
{
    parser p = {.options = options, .out = out, .err = err};
    NN_TRY(nn_csv_scan_start(&p.start, name, text, size, options->delimiter, err));
    nn_status status = parse(&p);
    nn_decimal_close(&p.decimal);
    nn_free(p.state);
    if (status != NN_OK) nn_csv_release(out);
    return status;
}

nn_status nn_csv_read(nn_csv *out, const char *path, const nn_csv_options *options, nn_error *err)
{
    nn_source *source;
    char *text;
    size_t size;
    NN_TRY(nn_source_open(&source, path, err));
    nn_status status = nn_source_read_all(source, &text, &size, err);
    nn_source_close(source);
    if (status != NN_OK) return status;
    status = nn_csv_parse(out, path, text, size, options, err);
    nn_free(text);
    return status;
}
