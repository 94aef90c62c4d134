/*
** fuzz.h - what a fuzz target gives to libFuzzer (clang -fsanitize=fuzzer) or to driver.c
**
** A target feeds one input to a parser and checks what must hold whatever the
** input is: a failure leaves nothing allocated, an empty output and a message
** of one line; a success fits together. It aborts if one of these does not hold.
*/
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Parses data. Always 0, which to libFuzzer means that the input may join the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fills out with the i-th valid input to start from; its size, or 0 if there is none. */
size_t fuzz_seed(size_t i, uint8_t *out, size_t room);

extern uint64_t fuzz_accepted; /* inputs that the parser took */

#define FUZZ_DEMAND(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
