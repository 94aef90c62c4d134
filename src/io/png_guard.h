/*
** png_guard.h - libpng's errors as nn_status
**
** libpng leaves by longjmp. It may do so only inside nn_png_guarded, whose
** steps own nothing and keep all that they make in their context: a jump
** passes over no memory and no local variable that anybody reads.
*/
#ifndef NN_IO_PNG_GUARD_H
#define NN_IO_PNG_GUARD_H

#include <png.h>
#include <setjmp.h>

#include "io/text.h"

typedef struct nn_png_guard {
    jmp_buf jump;
    nn_quoted name;   /* of the file, for messages */
    nn_status status; /* of a callback that failed; err is then filled */
    nn_error *err;
} nn_png_guard;

/* Runs step(context); a libpng error inside it comes back as NN_EFORMAT, or as what the allocator
** or another callback has noted in the guard. */
nn_status nn_png_guarded(nn_png_guard *guard, void (*step)(void *context), void *context);

/* Structs whose errors go to the guard and whose memory comes from nn_alloc. NULL: no memory. */
png_structp nn_png_new_reader(nn_png_guard *guard);
png_structp nn_png_new_writer(nn_png_guard *guard);

/* For callbacks: notes a failure and leaves the step. */
void nn_png_leave(png_structp png, nn_status status);

#endif
