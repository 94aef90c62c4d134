/*
** optimizer.c - checks, contiguous stand-ins, and blocks around the step kernels
**
** A tensor that is not contiguous is stepped in a copy and written back; all
** that can fail happens before the first element changes.
*/
#include "nn/optimizer.h"

#include <stddef.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

#define MOST (2 + NN_K_STEP_BUFFERS)
#define GRADIENT 1 /* its place among the operands; the others are written to */

/* The most coefficients are adam's, and no struct has fields that the names do not count. */
#define COUNT(type) (sizeof(type) / sizeof(double))
_Static_assert(COUNT(nn_k_adam) == NN_OPTIMIZER_COEFFICIENTS, "a coefficient without a place");

const nn_optimizer_kind nn_optimizer_kinds[NN_K_STEP_OPS] = {
    [NN_K_SGD] = {"sgd",
                  {"momentum_buffer"},
                  0,
                  {"sign", "decay", "lr", "momentum", "dampening", "nesterov", "first"}},
    [NN_K_ADAM] = {"adam",
                   {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
                   2,
                   {"sign", "decay", "kept", "beta1", "beta2", "eps", "m_size", "g_size",
                    "v_correction"}},
    [NN_K_RMSPROP] = {"rmsprop",
                      {"square_avg", "grad_avg", "momentum_buffer"},
                      1,
                      {"sign", "decay", "lr", "alpha", "eps", "momentum"}},
    [NN_K_ADAGRAD] = {"adagrad", {"sum"}, 1, {"sign", "decay", "lr", "eps"}},
    [NN_K_ADADELTA] = {"adadelta",
                       {"square_avg", "acc_delta"},
                       2,
                       {"sign", "decay", "lr", "rho", "eps"}},
    [NN_K_RPROP] = {"rprop",
                    {"prev", "step_size"},
                    2,
                    {"sign", "decay", "minus", "plus", "least", "most"}},
    [NN_K_LION] = {"lion", {"exp_avg"}, 1, {"sign", "decay", "kept", "lr", "beta1", "beta2"}},
};

/* One parameter of a step. An operand that is not there has no tensor. */
typedef struct part {
    const nn_optimizer_item *item;
    const nn_tensor *operand[MOST]; /* p, g, buffers */
    nn_tensor plain[MOST];          /* contiguous: the operand itself or a copy */
    int64_t blocks;                 /* of this part and those before it */
} part;

typedef struct step {
    nn_k_step_op op;
    int64_t count;
    part *part;
} step;

static void run_block(void *context, int64_t block)
{
    const step *s = context;
    const part *p = s->part;
    while (block >= p->blocks) p++;
    if (p > s->part) block -= p[-1].blocks;
    int64_t first = block * NN_K_BLOCK, left = nn_tensor_numel(&p->plain[0]) - first;
    int64_t n = left < NN_K_BLOCK ? left : NN_K_BLOCK;
    void *data[MOST] = {NULL};
    for (int k = 0; k < MOST; k++)
        if (p->operand[k]) data[k] = nn_element(&p->plain[k], first);
    nn_k()->steps->step[s->op][p->plain[0].dtype](data, n, p->item->coefficient);
}

static const char *name_of(const step *s, int k)
{
    return k == 0 ? "values" : k == GRADIENT ? "gradient" : nn_optimizer_kinds[s->op].buffer[k - 2];
}

static nn_status check(const step *s, const part *p, nn_error *err)
{
    const nn_tensor *const *o = p->operand;
    int number = (int)p->item->number;
    if (o[0]->dtype != NN_FLOAT32 && o[0]->dtype != NN_FLOAT64)
        return nn_fail(err, NN_EDTYPE, 0, "parameter %d is %s, expected float32 or float64", number,
                       nn_dtype_name(o[0]->dtype));
    for (int k = 1; k < MOST; k++) {
        if (!o[k]) {
            if (k - 2 < nn_optimizer_kinds[s->op].needed)
                return nn_fail(err, NN_EVALUE, 0, "parameter %d has no %s", number, name_of(s, k));
            continue;
        }
        if (o[k]->dtype != o[0]->dtype)
            return nn_fail(err, NN_EDTYPE, 0, "parameter %d is %s but its %s is %s%s", number,
                           nn_dtype_name(o[0]->dtype), name_of(s, k), nn_dtype_name(o[k]->dtype),
                           k == GRADIENT ? ""
                                         : "; opt:load_state_dict(opt:state_dict()) converts "
                                           "the state");
        if (!nn_tensor_same_shape(o[k], o[0]))
            return nn_fail(err, NN_ESHAPE, 0, "parameter %d is %s but its %s is %s", number,
                           nn_tensor_shape_name(o[0]).text, name_of(s, k),
                           nn_tensor_shape_name(o[k]).text);
        for (int other = 0; k != GRADIENT && other < k; other++)
            if (other != GRADIENT && o[other] && nn_tensor_may_overlap(o[k], o[other]))
                return nn_fail(err, NN_EVALUE, 0,
                               "the %s of parameter %d shares elements with its "
                               "%s",
                               name_of(s, k), number, name_of(s, other));
    }
    return NN_OK;
}

/* A gradient that lies across the elements being written is copied first. */
static bool gradient_in_the_way(const part *p)
{
    for (int k = 0; k < MOST; k++)
        if (k != GRADIENT && p->operand[k] &&
            nn_tensor_may_overlap(p->operand[GRADIENT], p->operand[k]))
            return true;
    return false;
}

static nn_status prepare(const step *s, part *p, nn_error *err)
{
    NN_TRY(check(s, p, err));
    for (int k = 0; k < MOST; k++) {
        const nn_tensor *t = p->operand[k];
        if (!t) continue;
        if (k == GRADIENT && gradient_in_the_way(p))
            NN_TRY(nn_tensor_clone(&p->plain[k], t, err));
        else
            NN_TRY(nn_tensor_contiguous(&p->plain[k], t, t->dtype, err));
    }
    return NN_OK;
}

/* Whether operand k is stepped in a stand-in. */
static bool has_copy(const part *p, int k)
{
    return p->operand[k] && p->plain[k].storage != p->operand[k]->storage;
}

/* Brings the stand-ins up to date, and back what was stepped in them. Both sides are there and
** apart: neither can fail. */
static void read_again(part *p)
{
    nn_error ignored;
    for (int k = 0; k < MOST; k++)
        if (has_copy(p, k)) nn_tensor_copy(&p->plain[k], p->operand[k], &ignored);
}

static void write_back(const part *p)
{
    nn_error ignored;
    for (int k = 0; k < MOST; k++)
        if (k != GRADIENT && has_copy(p, k)) {
            nn_tensor target = *p->operand[k];
            nn_tensor_copy(&target, &p->plain[k], &ignored);
        }
}

/* Whether what one part writes may be what another reads or writes. Views of one storage are taken
** for that without looking closer. */
static bool are_entangled(const step *s)
{
    for (int64_t i = 0; i < s->count; i++)
        for (int64_t j = 0; j < s->count; j++) {
            const nn_storage *written = s->part[i].operand[0]->storage;
            const nn_tensor *const *other = s->part[j].operand;
            if (i != j && (written == other[0]->storage || written == other[GRADIENT]->storage))
                return true;
        }
    return false;
}

static int64_t blocks_of(const part *p)
{
    return (nn_tensor_numel(&p->plain[0]) + NN_K_BLOCK - 1) / NN_K_BLOCK;
}

static void step_together(step *s)
{
    int64_t blocks = 0;
    for (int64_t i = 0; i < s->count; i++) {
        blocks += blocks_of(&s->part[i]);
        s->part[i].blocks = blocks;
    }
    nn_error ignored;
    nn_blocks_run(blocks, run_block, s, &ignored); /* held, so that all of it is run */
    for (int64_t i = 0; i < s->count; i++) write_back(&s->part[i]);
}

/* Entangled parts one after the other, in their order. */
static void step_in_turn(const step *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        step one = {s->op, 1, &s->part[i]};
        read_again(one.part);
        step_together(&one);
    }
}

static nn_status run(step *s, nn_error *err)
{
    nn_status status = NN_OK;
    for (int64_t i = 0; i < s->count && status == NN_OK; i++) status = prepare(s, &s->part[i], err);
    if (status == NN_OK) {
        nn_cancel_hold(); /* a step is a whole one */
        if (are_entangled(s))
            step_in_turn(s);
        else
            step_together(s);
        nn_cancel_release();
    }
    for (int64_t i = 0; i < s->count; i++)
        for (int k = 0; k < MOST; k++) nn_tensor_release(&s->part[i].plain[k]);
    return status;
}

nn_status nn_optimizer_step(nn_k_step_op op, const nn_optimizer_item *items, int64_t count,
                            nn_error *err)
{
    step s = {op, count, nn_alloc((size_t)count * sizeof *s.part, err)};
    if (!s.part) return err->code;
    for (int64_t i = 0; i < count; i++) {
        s.part[i] = (part){.item = &items[i], .operand = {items[i].p, items[i].g}};
        for (int k = 0; k < NN_K_STEP_BUFFERS; k++) s.part[i].operand[2 + k] = items[i].buffer[k];
    }
    nn_status status = run(&s, err);
    nn_free(s.part);
    return status;
}
