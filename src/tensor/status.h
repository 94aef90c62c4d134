/*
** status.h - how a core function says that it failed
**
** Every function that can fail returns an nn_status and fills an nn_error;
** it never prints, exits, or knows who called it. On failure the outputs
** and the inputs are as they were before the call.
*/
#ifndef NN_TENSOR_STATUS_H
#define NN_TENSOR_STATUS_H

typedef enum nn_status {
    NN_OK = 0,
    NN_EMEM,         /* no memory, or the allocator's cap was reached */
    NN_ESHAPE,       /* sizes or ranks do not fit together */
    NN_EDTYPE,       /* the operation is not defined for this dtype */
    NN_EVALUE,       /* an argument is outside its range */
    NN_EIO,          /* the operating system refused a file operation */
    NN_EFORMAT,      /* a file's content is not what its format demands */
    NN_EINTERRUPTED, /* someone asked for the end of the computation (cancel.h) */
} nn_status;

typedef struct nn_error {
    nn_status code;
    int arg;           /* the offending argument, counted from 1; 0: none in particular */
    char message[400]; /* one line, no final period, names the values */
} nn_error;

#if defined(__GNUC__)
#define NN_PRINTF(format_arg, first_arg) __attribute__((format(printf, format_arg, first_arg)))
#else
#define NN_PRINTF(format_arg, first_arg)
#endif

/* Fills err (code, argument number, formatted message) and returns code. */
nn_status nn_fail(nn_error *err, nn_status code, int arg, const char *format, ...) NN_PRINTF(4, 5);

/* NN_EINTERRUPTED, said the one way it is said. */
nn_status nn_interrupted(nn_error *err);

/* Evaluates a call that returns nn_status; on failure returns its status. */
#define NN_TRY(call)                                                                               \
    do {                                                                                           \
        nn_status nn_try_status = (call);                                                          \
        if (nn_try_status != NN_OK) return nn_try_status;                                          \
    } while (0)

#endif
