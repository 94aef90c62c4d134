/*
** driver.c - runs a fuzz target without libFuzzer: files, or mutations of its seeds
**
**     fuzz_idx                 20000 mutations
**     fuzz_idx FIRST COUNT     mutations FIRST to FIRST + COUNT - 1
**     fuzz_idx FILE...         the files, such as a corpus or an input that crashed
**
** Mutation n is the same on every run and machine, so that a crash can be found
** again by halving the range.
*/
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#define ROOM ((size_t)4096)

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

static size_t below(size_t n)
{
    return (size_t)(next() % n);
}

/* Moves the bytes from at on so that count bytes more (or fewer) come before them. */
static size_t shift(uint8_t *data, size_t size, size_t at, size_t gap, size_t drop)
{
    if (drop > size - at) drop = size - at;
    if (size - drop + gap > ROOM) return size;
    memmove(data + at + gap, data + at + drop, size - at - drop);
    for (size_t i = 0; i < gap; i++) data[at + i] = (uint8_t)next();
    return size - drop + gap;
}

static size_t mutate_once(uint8_t *data, size_t size)
{
    static const uint8_t telling[] = {0,   1,   2,   8,   9,   0x7F, 0x80, 0xFF, '"',
                                      '{', '}', '[', ',', '0', '9',  '-',  '\\'};
    size_t at = below(size + 1);
    if (size == 0) return shift(data, size, 0, 1 + below(8), 0);
    if (at == size) at = size - 1;
    switch (below(8)) {
    case 0: data[at] ^= (uint8_t)(1U << below(8)); return size;
    case 1: data[at] = (uint8_t)next(); return size;
    case 2: data[at] = telling[below(sizeof telling)]; return size;
    case 3: data[at] = (uint8_t)(data[at] + (below(2) == 0 ? 1 : -1)); return size;
    case 4: return shift(data, size, at, 1 + below(4), 0);
    case 5: return shift(data, size, at, 0, 1 + below(4));
    case 6: return at; /* truncated */
    default: {         /* one part over another */
        size_t from = below(size);
        size_t count = 1 + below(16);
        if (count > size - at) count = size - at;
        if (count > size - from) count = size - from;
        memmove(data + at, data + from, count);
        return size;
    }
    }
}

static void run_mutation(uint64_t n, size_t seeds)
{
    static uint8_t data[ROOM];
    state = n;
    size_t size = fuzz_seed(below(seeds), data, ROOM);
    for (size_t i = below(5); i > 0; i--) size = mutate_once(data, size);
    /* A block of its own size, so that a read past the end is seen by the sanitizer. */
    uint8_t *input = malloc(size + 1);
    FUZZ_DEMAND(input != NULL);
    memcpy(input + 1, data, size); /* at an odd address, which a parser may not mind */
    LLVMFuzzerTestOneInput(input + 1, size);
    free(input);
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 20;
    uint8_t *data = malloc(room);
    if (file == NULL || data == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(data, 1, room, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int main(int count, char **arguments)
{
    static uint8_t data[ROOM];
    uint64_t first = 0;
    uint64_t inputs = 20000;
    size_t seeds = 0;
    if (count > 1 && !is_number(arguments[1])) {
        for (int i = 1; i < count; i++) run_file(arguments[i]);
        printf("%d files, %llu accepted\n", count - 1, (unsigned long long)fuzz_accepted);
        return 0;
    }
    if (count > 1) first = strtoull(arguments[1], NULL, 10);
    if (count > 2) inputs = strtoull(arguments[2], NULL, 10);
    for (size_t size; (size = fuzz_seed(seeds, data, ROOM)) > 0; seeds++) {
        LLVMFuzzerTestOneInput(data, size);
        FUZZ_DEMAND(fuzz_accepted == seeds + 1); /* every seed is valid */
    }
    for (uint64_t n = first; n < first + inputs; n++) run_mutation(n, seeds);
    printf("%llu mutations of %zu seeds, %llu accepted\n1 passed, 0 failed\n",
           (unsigned long long)inputs, seeds, (unsigned long long)fuzz_accepted - seeds);
    return 0;
}
