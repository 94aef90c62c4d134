/*
** runtime.h - what the engine runs on: threads, instruction set, BLAS
*/
#ifndef NN_NN_RUNTIME_H
#define NN_NN_RUNTIME_H

#include <stdbool.h>

void nn_set_threads(int threads); /* at least 1 */
int nn_threads(void);
const char *nn_isa(void);
bool nn_set_isa(const char *name); /* false: this machine cannot run it */
const char *nn_blas_name(void);

#endif
