/*
** fuzz_csv.c - fuzz target: the CSV reader, and what it writes read again
*/
#include "fuzz.h"

#include <string.h>

#include "io/csv.h"
#include "tensor/alloc.h"

#define MEMORY ((size_t)16 << 20) /* what a parser of small inputs may want at most */

uint64_t fuzz_accepted;

static void check(const nn_csv *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const nn_csv_column *column = &table->columns[i];
        FUZZ_DEMAND(column->name != NULL);
        if (column->is_text) {
            for (int64_t row = 1; row < table->rows; row++)
                FUZZ_DEMAND(column->ends[row] >= column->ends[row - 1]);
        } else {
            FUZZ_DEMAND(column->numbers.ndim == 1 && column->numbers.shape[0] == table->rows);
        }
    }
}

static void run(const char *text, size_t size, const nn_csv_options *options, bool counts)
{
    nn_csv table = NN_CSV_EMPTY;
    nn_error err = {0};
    nn_status status = nn_csv_parse(&table, "input", text, size, options, &err);
    if (status == NN_OK) {
        fuzz_accepted += counts;
        check(&table);
    } else {
        FUZZ_DEMAND(status == err.code);
        FUZZ_DEMAND(status == NN_EFORMAT || status == NN_EMEM || status == NN_EVALUE);
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(table.count == 0 && table.columns == NULL);
    }
    nn_csv_release(&table);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const nn_csv_type types[] = {{"a", NN_CSV_TEXT}, {"b", NN_CSV_NUMBER}};
    nn_alloc_set_cap(MEMORY);
    char *text = malloc(size + 1); /* a zero byte stands behind it */
    FUZZ_DEMAND(text != NULL);
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    run(text, size, &(nn_csv_options){.delimiter = ',', .missing_nan = true}, true);
    run(text, size, &(nn_csv_options){.delimiter = ';', .header = NN_CSV_HEADER_NO}, false);
    run(text, size,
        &(nn_csv_options){
            .delimiter = ',', .header = NN_CSV_HEADER_YES, .type_count = 2, .types = types},
        false);
    free(text);
    return 0;
}

size_t fuzz_seed(size_t i, uint8_t *out, size_t room)
{
    static const char *const seeds[] = {"a,b\n1,2\n3,4\n",
                                        ("\xEF\xBB\xBF"
                                         "a,b,\"c \"\"d\"\"\"\r\n1.5e3,,x\r-0.1,inf,\"y\nz\"\n"),
                                        "1;2;3\n4;5;6",
                                        "x\n123456789012345678901234567890\n1e-320\nnan\n",
                                        "a,b\n\"1\",\"2\"\n\n,\n"};
    if (i >= sizeof seeds / sizeof *seeds) return 0;
    size_t size = strlen(seeds[i]);
    FUZZ_DEMAND(size <= room);
    memcpy(out, seeds[i], size);
    return size;
}
