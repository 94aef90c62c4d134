/*
** optimizer.c - checks, contiguous stand-ins, and blocks around the step kernels
**
** A tensor that is not contiguous is stepped in a copy and written back; all
** that can fail happens before the first element changes.
*/
#include "nn/optimizer.h"

#include <math.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"

#define MOST 4

/* The operands of one step: parameter, gradient, buffers. */
typedef struct step {
    int operands;
    nn_operand operand[MOST]; /* the gradient is number 1; the others are written to */
    nn_tensor plain[MOST];    /* contiguous: the operand itself or a copy */
    const nn_k_sgd *sgd;      /* one of the two */
    const nn_k_adam *adam;
} step;

static void run_block(void *context, int64_t first, int64_t n)
{
    const step *s = context;
    void *data[MOST] = {NULL};
    nn_dtype dtype = s->plain[0].dtype;
    for (int k = 0; k < s->operands; k++) data[k] = nn_element(&s->plain[k], first);
    if (s->sgd)
        nn_k()->neural->sgd_step[dtype](data[0], data[1], data[2], n, s->sgd);
    else
        nn_k()->neural->adam_step[dtype](data[0], data[1], data[2], data[3], n, s->adam);
}

static nn_status check(const step *s, nn_error *err)
{
    const nn_operand *o = s->operand;
    NN_TRY(nn_check_float(o[0], err));
    for (int k = 1; k < s->operands; k++) NN_TRY(nn_check_like(o[k], o[0], err));
    for (int k = 2; k < s->operands; k++)
        for (int other = 0; other < k; other++)
            if (other != 1 && nn_tensor_may_overlap(o[k].tensor, o[other].tensor))
                return nn_fail(err, NN_EVALUE, o[k].arg, "%s shares its elements with %s",
                               o[k].name, o[other].name);
    return NN_OK;
}

/* A gradient that lies across the elements being written is copied first. */
static bool gradient_in_the_way(const step *s)
{
    for (int k = 0; k < s->operands; k++)
        if (k != 1 && nn_tensor_may_overlap(s->operand[1].tensor, s->operand[k].tensor))
            return true;
    return false;
}

static nn_status run(step *s, nn_error *err)
{
    NN_TRY(check(s, err));
    nn_status status = NN_OK;
    for (int k = 0; k < s->operands && status == NN_OK; k++) {
        const nn_tensor *t = s->operand[k].tensor;
        if (k == 1 && gradient_in_the_way(s))
            status = nn_tensor_clone(&s->plain[k], t, err);
        else
            status = nn_tensor_contiguous(&s->plain[k], t, t->dtype, err);
    }
    if (status == NN_OK) {
        nn_blocks_each(nn_tensor_numel(&s->plain[0]), NN_K_BLOCK, run_block, s);
        for (int k = 0; k < s->operands && status == NN_OK; k++)
            if (k != 1 && s->plain[k].storage != s->operand[k].tensor->storage) {
                nn_tensor target = *s->operand[k].tensor;
                status = nn_tensor_copy(&target, &s->plain[k], err);
            }
    }
    for (int k = 0; k < s->operands; k++) nn_tensor_release(&s->plain[k]);
    return status;
}

nn_status nn_sgd_step(nn_tensor *p, const nn_tensor *g, nn_tensor *buffer, const nn_k_sgd *options,
                      nn_error *err)
{
    step s = {.operands = 2, .operand = {{p, 1, "p"}, {g, 2, "g"}}, .sgd = options};
    if (options->momentum != 0) {
        if (!buffer)
            return nn_fail(err, NN_EVALUE, 3, "momentum is %g but there is no buffer",
                           options->momentum);
        s.operands = 3;
        s.operand[2] = (nn_operand){buffer, 3, "buffer"};
    }
    return run(&s, err);
}

nn_status nn_adam_step(nn_tensor *p, const nn_tensor *g, nn_tensor *m, nn_tensor *v,
                       const nn_adam_options *o, nn_error *err)
{
    double steps = (double)o->step;
    nn_k_adam adam = {
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .eps = o->eps,
        .gradient_decay = o->decoupled ? 0 : o->weight_decay,
        .parameter_factor = o->decoupled ? 1 - o->lr * o->weight_decay : 1,
        .step_size = o->lr / (1 - pow(o->beta1, steps)),
        .v_correction = sqrt(1 - pow(o->beta2, steps)),
    };
    step s = {.operands = 4,
              .operand = {{p, 1, "p"}, {g, 2, "g"}, {m, 3, "m"}, {v, 4, "v"}},
              .adam = &adam};
    if (o->step < 1) return nn_fail(err, NN_EVALUE, 5, "step is %g, expected at least 1", steps);
    return run(&s, err);
}
