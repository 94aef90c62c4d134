/*
** csv_scan.c - the cells of a CSV text, one after the other
*/
#include "io/csv_scan.h"

#include <inttypes.h>
#include <string.h>

#include "io/text.h"

nn_status nn_csv_scan_start(nn_csv_scan *scan, const char *name, const char *text, size_t size,
                            char delimiter, nn_error *err)
{
    if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return nn_fail(err, NN_EFORMAT, 0, "%s: the text is UTF-16, expected UTF-8",
                       nn_quote(name).text);
    size_t mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *scan = (nn_csv_scan){
        .at = text + mark, .end = text + size, .name = name, .delimiter = delimiter, .line = 1};
    return NN_OK;
}

/* Takes a line end: LF, CRLF or CR. */
static bool take_line_end(nn_csv_scan *scan)
{
    if (scan->at == scan->end || (*scan->at != '\n' && *scan->at != '\r')) return false;
    if (*scan->at == '\r' && scan->at + 1 < scan->end && scan->at[1] == '\n') scan->at++;
    scan->at++;
    scan->line++;
    return true;
}

bool nn_csv_scan_row(nn_csv_scan *scan)
{
    while (take_line_end(scan)) {
    }
    return scan->at < scan->end;
}

static nn_status fail_cell(const nn_csv_scan *scan, int64_t line, const char *what, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0, "%s: line %" PRId64 ", column %zu: %s",
                   nn_quote(scan->name).text, line, scan->column + 1, what);
}

/* Goes over the line end at `at` inside quotes. */
static const char *count_line(nn_csv_scan *scan, const char *at)
{
    scan->line += *at == '\n' || at + 1 == scan->end || at[1] != '\n';
    return at + 1;
}

static nn_status take_quoted(nn_csv_scan *scan, nn_csv_cell *cell, nn_error *err)
{
    int64_t line = scan->line;
    const char *at = scan->at + 1;
    cell->text = at;
    cell->quoted = true;
    for (;;) {
        if (at >= scan->end) return fail_cell(scan, line, "the quote has no end", err);
        if (*at == '\n' || *at == '\r') {
            at = count_line(scan, at);
        } else if (*at != '"') {
            at++;
        } else if (at + 1 < scan->end && at[1] == '"') {
            cell->doubled = true;
            at += 2;
        } else {
            break;
        }
    }
    cell->size = (size_t)(at - cell->text);
    scan->at = at + 1;
    return NN_OK;
}

static bool ends_cell(const nn_csv_scan *scan, const char *at)
{
    return at == scan->end || *at == scan->delimiter || *at == '\n' || *at == '\r';
}

nn_status nn_csv_scan_cell(nn_csv_scan *scan, nn_csv_cell *cell, bool *last, nn_error *err)
{
    *cell = (nn_csv_cell){.text = scan->at};
    if (scan->at < scan->end && *scan->at == '"') {
        NN_TRY(take_quoted(scan, cell, err));
        if (!ends_cell(scan, scan->at))
            return fail_cell(scan, scan->line, "text behind the closing quote", err);
    } else {
        while (!ends_cell(scan, scan->at)) {
            if (*scan->at == '"')
                return fail_cell(scan, scan->line,
                                 "a quote inside a cell that does not begin "
                                 "with one",
                                 err);
            scan->at++;
        }
        cell->size = (size_t)(scan->at - cell->text);
    }
    *last = scan->at == scan->end || *scan->at != scan->delimiter;
    if (*last) {
        take_line_end(scan);
        scan->column = 0;
    } else {
        scan->at++;
        scan->column++;
    }
    return NN_OK;
}

char *nn_csv_cell_copy(const nn_csv_cell *cell, char *out)
{
    for (size_t i = 0; i < cell->size; i++) {
        *out++ = cell->text[i];
        if (cell->doubled && cell->text[i] == '"') i++;
    }
    return out;
}
