/*
** png_guard.c - libpng's errors as nn_status
*/
#include "io/png_guard.h"

#include "tensor/alloc.h"

static void on_error(png_structp png, png_const_charp message)
{
    nn_png_guard *guard = png_get_error_ptr(png);
    if (guard->status == NN_OK)
        guard->status = nn_fail(guard->err, NN_EFORMAT, 0, "%s: the PNG data is damaged (%s)",
                                guard->name.text, nn_quote(message).text);
    longjmp(guard->jump, 1);
}

/* Warnings are of things that do not touch the pixels. */
static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* libpng asks again, or goes on without, where it can do without the memory. */
static png_voidp allocate(png_structp png, png_alloc_size_t size)
{
    nn_png_guard *guard = png_get_mem_ptr(png);
    void *block = nn_alloc(size, guard->err);
    if (block == NULL) guard->status = NN_EMEM;
    return block;
}

static void release(png_structp png, png_voidp block)
{
    (void)png;
    nn_free(block);
}

png_structp nn_png_new_reader(nn_png_guard *guard)
{
    return png_create_read_struct_2(PNG_LIBPNG_VER_STRING, guard, on_error, on_warning, guard,
                                    allocate, release);
}

png_structp nn_png_new_writer(nn_png_guard *guard)
{
    return png_create_write_struct_2(PNG_LIBPNG_VER_STRING, guard, on_error, on_warning, guard,
                                     allocate, release);
}

nn_status nn_png_guarded(nn_png_guard *guard, void (*step)(void *context), void *context)
{
    if (setjmp(guard->jump) != 0) return guard->status;
    step(context);
    return guard->status;
}

void nn_png_leave(png_structp png, nn_status status)
{
    nn_png_guard *guard = png_get_error_ptr(png);
    guard->status = status;
    longjmp(guard->jump, 1);
}
