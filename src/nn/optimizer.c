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
#include "tensor/alloc.h"
#include "tensor/copy.h"

#define MOST 4
#define GRADIENT 1 /* its place among the operands; the others are written to */

/* One parameter of a step. */
typedef struct part {
    int operands;
    nn_operand operand[MOST]; /* p, g, buffers */
    nn_tensor plain[MOST];    /* contiguous: the operand itself or a copy */
    int64_t blocks;           /* of this part and those before it */
    nn_k_sgd sgd;             /* one of the two */
    nn_k_adam adam;
} part;

typedef struct step {
    int64_t count;
    part *part;
    bool is_adam;
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
    nn_dtype dtype = p->plain[0].dtype;
    for (int k = 0; k < p->operands; k++) data[k] = nn_element(&p->plain[k], first);
    if (s->is_adam)
        nn_k()->neural->adam_step[dtype](data[0], data[1], data[2], data[3], n, &p->adam);
    else
        nn_k()->neural->sgd_step[dtype](data[0], data[1], data[2], n, &p->sgd);
}

static nn_status check(const part *p, nn_error *err)
{
    const nn_operand *o = p->operand;
    NN_TRY(nn_check_float(o[0], err));
    for (int k = 1; k < p->operands; k++) NN_TRY(nn_check_like(o[k], o[0], err));
    for (int k = 2; k < p->operands; k++)
        for (int other = 0; other < k; other++)
            if (other != GRADIENT && nn_tensor_may_overlap(o[k].tensor, o[other].tensor))
                return nn_fail(err, NN_EVALUE, o[k].arg, "%s shares its elements with %s",
                               o[k].name, o[other].name);
    return NN_OK;
}

/* A gradient that lies across the elements being written is copied first. */
static bool gradient_in_the_way(const part *p)
{
    for (int k = 0; k < p->operands; k++)
        if (k != GRADIENT &&
            nn_tensor_may_overlap(p->operand[GRADIENT].tensor, p->operand[k].tensor))
            return true;
    return false;
}

static nn_status prepare(part *p, nn_error *err)
{
    NN_TRY(check(p, err));
    for (int k = 0; k < p->operands; k++) {
        const nn_tensor *t = p->operand[k].tensor;
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
    return p->plain[k].storage != p->operand[k].tensor->storage;
}

/* Brings the stand-ins up to date, and back what was stepped in them. Both sides are there and
** apart: neither can fail. */
static void read_again(part *p)
{
    nn_error ignored;
    for (int k = 0; k < p->operands; k++)
        if (has_copy(p, k)) nn_tensor_copy(&p->plain[k], p->operand[k].tensor, &ignored);
}

static void write_back(const part *p)
{
    nn_error ignored;
    for (int k = 0; k < p->operands; k++)
        if (k != GRADIENT && has_copy(p, k)) {
            nn_tensor target = *p->operand[k].tensor;
            nn_tensor_copy(&target, &p->plain[k], &ignored);
        }
}

/* Whether what one part writes may be what another reads or writes. Views of one storage are taken
** for that without looking closer. */
static bool are_entangled(const step *s)
{
    for (int64_t i = 0; i < s->count; i++)
        for (int64_t j = 0; j < s->count; j++) {
            const nn_storage *written = s->part[i].operand[0].tensor->storage;
            const nn_operand *other = s->part[j].operand;
            if (i != j &&
                (written == other[0].tensor->storage || written == other[GRADIENT].tensor->storage))
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
    nn_k_parallel(blocks, run_block, s);
    for (int64_t i = 0; i < s->count; i++) write_back(&s->part[i]);
}

/* Entangled parts one after the other, in their order. */
static void step_in_turn(const step *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        step one = {1, &s->part[i], s->is_adam};
        read_again(one.part);
        step_together(&one);
    }
}

static nn_status run(step *s, nn_error *err)
{
    nn_status status = NN_OK;
    for (int64_t i = 0; i < s->count && status == NN_OK; i++) status = prepare(&s->part[i], err);
    if (status == NN_OK) {
        if (are_entangled(s))
            step_in_turn(s);
        else
            step_together(s);
    }
    for (int64_t i = 0; i < s->count; i++)
        for (int k = 0; k < MOST; k++) nn_tensor_release(&s->part[i].plain[k]);
    return status;
}

static part *parts_new(const nn_optimizer_item *items, int64_t count, nn_error *err)
{
    part *parts = nn_alloc((size_t)count * sizeof *parts, err);
    for (int64_t i = 0; parts && i < count; i++)
        parts[i] = (part){.operands = 2, .operand = {{items[i].p, 1, "p"}, {items[i].g, 2, "g"}}};
    return parts;
}

nn_status nn_sgd_step(const nn_optimizer_item *items, int64_t count, const nn_k_sgd *options,
                      nn_error *err)
{
    nn_status status = NN_OK;
    step s = {count, parts_new(items, count, err), false};
    if (!s.part) return err->code;
    for (int64_t i = 0; i < count && status == NN_OK; i++) {
        part *p = &s.part[i];
        p->sgd = *options;
        p->sgd.first = items[i].first;
        if (options->momentum == 0) continue;
        p->operands = 3;
        p->operand[2] = (nn_operand){items[i].buffer, 3, "buffer"};
        if (!items[i].buffer)
            status = nn_fail(err, NN_EVALUE, 3, "momentum is %g but there is no buffer",
                             options->momentum);
    }
    if (status == NN_OK) status = run(&s, err);
    nn_free(s.part);
    return status;
}

nn_status nn_adam_step(const nn_optimizer_item *items, int64_t count, const nn_adam_options *o,
                       nn_error *err)
{
    nn_status status = NN_OK;
    step s = {count, parts_new(items, count, err), true};
    if (!s.part) return err->code;
    for (int64_t i = 0; i < count && status == NN_OK; i++) {
        double steps = (double)items[i].step;
        part *p = &s.part[i];
        p->operands = 4;
        p->operand[2] = (nn_operand){items[i].m, 3, "m"};
        p->operand[3] = (nn_operand){items[i].v, 4, "v"};
        p->adam = (nn_k_adam){
            .beta1 = o->beta1,
            .beta2 = o->beta2,
            .eps = o->eps,
            .gradient_decay = o->decoupled ? 0 : o->weight_decay,
            .parameter_factor = o->decoupled ? 1 - o->lr * o->weight_decay : 1,
            .step_size = o->lr / (1 - pow(o->beta1, steps)),
            .v_correction = sqrt(1 - pow(o->beta2, steps)),
        };
        if (items[i].step < 1)
            status = nn_fail(err, NN_EVALUE, 5, "step is %g, expected at least 1", steps);
    }
    if (status == NN_OK) status = run(&s, err);
    nn_free(s.part);
    return status;
}
