/*
** recurrent.c - blocks of rows through all steps; W packed once for the sequence
**
** saved is (T+1,N,parts*H): a slot per step, in the order of time, and one for
** the state after the last step, at its end or, reversed, at its beginning:
**
**   forward    slot  0   1   ...  T-1  T        step t reads and fills slot t, writes the state
**              step  0   1   ...  T-1           into slot t+1
**   reverse    slot  0   1   2   ...   T        step t reads and fills slot t+1, writes the state
**              step      0   1   ...  T-1       into slot t
*/
#include "nn/recurrent.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/matmul.h"
#include "nn/operand.h"
#include "nn/panel.h"
#include "nn/reduce.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* Rows of a block: two register blocks of a product; a usual batch makes enough of them. */
#define ROWS 8

/* So few rows of products in all that packing W would take longer. Forward only: backward reads W
** in the other direction. */
#define THIN 4

/* Everything but the direction of the pass. */
typedef struct sequence {
    nn_k_cell cell;
    nn_k_type type;
    int64_t steps, rows, units, gates, parts, size; /* size: bytes of an element */
    bool reverse;
} sequence;

static int64_t slot_of(const sequence *s, int64_t t)
{
    return s->reverse ? t + 1 : t;
}

static int64_t slot_after(const sequence *s, int64_t t)
{
    return s->reverse ? t : t + 1;
}

/* Row `row` of step or slot t of a contiguous tensor whose rows have so many parts. */
static char *at(const sequence *s, const nn_tensor *x, int64_t t, int64_t row, int64_t parts)
{
    return (char *)nn_tensor_data(x) + (t * s->rows + row) * parts * s->units * s->size;
}

/* Part `part` of a row. */
static char *part_of(const sequence *s, char *row, int64_t part)
{
    return row + part * s->units * s->size;
}

static sequence describe(nn_recurrent_options o, nn_dtype dtype, const int64_t *saved_or_input,
                         int64_t steps, int64_t units)
{
    return (sequence){.cell = o.cell,
                      .type = (nn_k_type)dtype,
                      .steps = steps,
                      .rows = saved_or_input[1],
                      .units = units,
                      .gates = nn_k_cell_gates(o.cell),
                      .parts = nn_k_cell_parts(o.cell),
                      .size = (int64_t)nn_dtype_size(dtype),
                      .reverse = o.reverse};
}

/* ---- Forward ---- */

typedef struct forward_job {
    sequence s;
    const nn_tensor *input, *W, *b; /* b: NULL or (G*H) */
    const nn_tensor *out, *saved;
    const void *panel; /* W^T, packed; NULL: W is read as it lies */
    int64_t panel_row;
} forward_job;

/* Copies the state, part by part, from or to (N,H) tensors; an LSTM's c has the tensor c. */
static void move_state(const sequence *s, const nn_tensor *saved, int64_t slot, const nn_tensor *h,
                       const nn_tensor *c, bool into_saved)
{
    const nn_tensor *states[] = {h, c};
    for (int64_t k = 0; k < 2; k++)
        for (int64_t row = 0; states[k] && row < s->rows; row++) {
            char *in_saved = part_of(s, at(s, saved, slot, row, s->parts), s->parts - 1 - k);
            char *in_state = at(s, states[k], 0, row, 1);
            memcpy(into_saved ? in_saved : in_state, into_saved ? in_state : in_saved,
                   (size_t)(s->units * s->size));
        }
}

static void forward_rows(void *context, int64_t first, int64_t rows)
{
    const forward_job *j = context;
    const sequence *s = &j->s;
    for (int64_t step = 0; step < s->steps && !nn_cancelled(); step++) {
        int64_t t = s->reverse ? s->steps - 1 - step : step;
        char *saved = at(s, j->saved, slot_of(s, t), first, s->parts);
        nn_k_product product = {.c = saved,
                                .c_row = s->parts * s->units,
                                .start = j->b ? nn_tensor_data(j->b) : NULL,
                                .a = part_of(s, saved, s->parts - 1),
                                .a_row = s->parts * s->units,
                                .a_col = 1,
                                .b = j->panel,
                                .b_row = j->panel_row,
                                .M = rows,
                                .N = s->gates * s->units,
                                .K = s->units};
        if (j->panel)
            nn_k()->panel->product[s->type](&product);
        else
            nn_k()->panel->dots[s->type](&product, nn_tensor_data(j->W), s->units);
        nn_k()->recurrent->forward[s->cell][s->type](&(nn_k_cell_step){
            .rows = rows,
            .units = s->units,
            .input = at(s, j->input, t, first, s->gates),
            .saved = saved,
            .next = at(s, j->saved, slot_after(s, t), first, s->parts),
            .h = at(s, j->out, t, first, 1),
        });
    }
}

/* W^T or W as a panel; NULL (err filled) without memory. */
static void *pack(const sequence *s, const nn_tensor *W, bool transposed, int64_t *panel_row,
                  nn_error *err)
{
    int64_t wide = s->gates * s->units, narrow = s->units, panel_size, bytes;
    int64_t rows = transposed ? narrow : wide, cols = transposed ? wide : narrow;
    *panel_row = nn_k_panel_row(s->type, cols);
    if (nn_shape_numel(2, (int64_t[]){rows, *panel_row}, &panel_size, err) != NN_OK ||
        nn_shape_numel(2, (int64_t[]){panel_size, s->size}, &bytes, err) != NN_OK)
        return NULL;
    void *panel = nn_alloc((size_t)bytes, err);
    if (panel)
        nn_panel_pack(panel, s->type, nn_tensor_data(W), transposed ? 1 : narrow,
                      transposed ? narrow : 1, rows, cols);
    return panel;
}

static nn_status check_state(const nn_tensor *state, int arg, const char *name,
                             const nn_tensor *input, int64_t units, nn_error *err)
{
    if (!state) return NN_OK;
    int64_t expected[] = {input->shape[1], units};
    if (!nn_shape_equal(state->ndim, state->shape, 2, expected))
        return nn_fail(err, NN_ESHAPE, arg, "%s is %s, expected %s", name,
                       nn_tensor_shape_name(state).text, nn_shape_name(2, expected).text);
    return nn_check_dtype((nn_operand){state, arg, name}, (nn_operand){input, 1, "input"}, err);
}

static nn_status check(const nn_tensor *input, const nn_tensor *W, const nn_tensor *b,
                       const nn_tensor *h0, const nn_tensor *c0, nn_k_cell cell, nn_error *err)
{
    nn_operand input_operand = {input, 1, "input"};
    int64_t gates = nn_k_cell_gates(cell);
    NN_TRY(nn_check_float(input_operand, err));
    if (W->ndim != 2 || W->shape[0] != gates * W->shape[1])
        return nn_fail(err, NN_ESHAPE, 2, "W is %s, expected [%" PRId64 "*H,H]",
                       nn_tensor_shape_name(W).text, gates);
    NN_TRY(nn_check_dtype((nn_operand){W, 2, "W"}, input_operand, err));
    if (input->ndim != 3 || input->shape[2] != W->shape[0])
        return nn_fail(err, NN_ESHAPE, 1, "input is %s, expected [T,N,%" PRId64 "]",
                       nn_tensor_shape_name(input).text, W->shape[0]);
    if (b && (b->ndim != 1 || b->shape[0] != W->shape[0]))
        return nn_fail(err, NN_ESHAPE, 3, "b is %s, expected [%" PRId64 "]",
                       nn_tensor_shape_name(b).text, W->shape[0]);
    if (b) NN_TRY(nn_check_dtype((nn_operand){b, 3, "b"}, input_operand, err));
    NN_TRY(check_state(h0, 4, "h0", input, W->shape[1], err));
    if (c0 && cell != NN_K_LSTM) return nn_fail(err, NN_EVALUE, 5, "only an LSTM has a c0");
    return check_state(c0, 5, "c0", input, W->shape[1], err);
}

/* out and saved are there, operands contiguous. */
static nn_status run_forward(forward_job *j, const nn_tensor *h0, const nn_tensor *c0,
                             nn_error *err)
{
    const sequence *s = &j->s;
    void *panel = NULL;
    if (s->rows * s->steps > THIN) {
        panel = pack(s, j->W, true, &j->panel_row, err);
        if (!panel) return err->code;
    }
    j->panel = panel;
    move_state(s, j->saved, slot_of(s, s->reverse ? s->steps - 1 : 0), h0, c0, true);
    nn_status status = nn_blocks_each(s->rows, ROWS, forward_rows, j, err);
    nn_free(panel);
    if (status == NN_OK && s->cell == NN_K_LSTM) {
        nn_tensor last = *j->out;
        last.offset += s->steps * s->rows * s->units;
        move_state(s, j->saved, s->reverse ? 0 : s->steps, NULL, &last, false);
    }
    return status;
}

/* The operand contiguous, or zeros (N,H) where there is none. */
static nn_status take_state(nn_tensor *out, const nn_tensor *state, const nn_tensor *input,
                            int64_t units, nn_error *err)
{
    if (state) return nn_tensor_contiguous(out, state, state->dtype, err);
    return nn_tensor_zeros(out, input->dtype, 2, (int64_t[]){input->shape[1], units}, err);
}

nn_status nn_recurrent(nn_tensor *out, nn_tensor *saved, const nn_tensor *input, const nn_tensor *W,
                       const nn_tensor *b, const nn_tensor *h0, const nn_tensor *c0,
                       nn_recurrent_options options, nn_error *err)
{
    NN_TRY(check(input, W, b, h0, c0, options.cell, err));
    enum { INPUT, WEIGHT, BIAS, H, C, PLAIN };
    nn_tensor plain[PLAIN] = {{0}}, result = NN_TENSOR_EMPTY, kept = NN_TENSOR_EMPTY;
    bool is_lstm = options.cell == NN_K_LSTM;
    sequence s = describe(options, input->dtype, input->shape, input->shape[0], W->shape[1]);
    int64_t out_shape[] = {s.steps + is_lstm, s.rows, s.units};
    int64_t saved_shape[] = {s.steps + 1, s.rows, s.parts * s.units};

    nn_status status = nn_tensor_contiguous(&plain[INPUT], input, input->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain[WEIGHT], W, W->dtype, err);
    if (status == NN_OK && b) status = nn_tensor_contiguous(&plain[BIAS], b, b->dtype, err);
    if (status == NN_OK) status = take_state(&plain[H], h0, input, s.units, err);
    if (status == NN_OK && is_lstm) status = take_state(&plain[C], c0, input, s.units, err);
    if (status == NN_OK) status = nn_tensor_new(&result, input->dtype, 3, out_shape, err);
    if (status == NN_OK) status = nn_tensor_new(&kept, input->dtype, 3, saved_shape, err);
    if (status == NN_OK) {
        forward_job j = {.s = s,
                         .input = &plain[INPUT],
                         .W = &plain[WEIGHT],
                         .b = b ? &plain[BIAS] : NULL,
                         .out = &result,
                         .saved = &kept};
        status = run_forward(&j, &plain[H], is_lstm ? &plain[C] : NULL, err);
    }
    for (int k = 0; k < PLAIN; k++) nn_tensor_release(&plain[k]);
    if (status == NN_OK) {
        *out = result;
        *saved = kept;
    } else {
        nn_tensor_release(&result);
        nn_tensor_release(&kept);
    }
    return status;
}

/* ---- Backward ---- */

typedef struct backward_job {
    sequence s;
    const nn_tensor *dout, *saved;
    const nn_tensor *dinput, *dhidden, *dh, *dc; /* dhidden: dinput but for a GRU */
    const void *panel;                           /* W, packed */
    int64_t panel_row;
} backward_job;

static void backward_rows(void *context, int64_t first, int64_t rows)
{
    const backward_job *j = context;
    const sequence *s = &j->s;
    void *dh = at(s, j->dh, 0, first, 1);
    for (int64_t step = s->steps - 1; step >= 0 && !nn_cancelled(); step--) {
        int64_t t = s->reverse ? s->steps - 1 - step : step;
        char *dhidden = at(s, j->dhidden, t, first, s->gates);
        nn_k()->recurrent->backward[s->cell][s->type](&(nn_k_cell_back){
            .rows = rows,
            .units = s->units,
            .saved = at(s, j->saved, slot_of(s, t), first, s->parts),
            .dy = at(s, j->dout, t, first, 1),
            .dh = dh,
            .dc = j->dc ? at(s, j->dc, 0, first, 1) : NULL,
            .dinput = at(s, j->dinput, t, first, s->gates),
            .dhidden = dhidden,
        });
        nn_k()->panel->product[s->type](&(nn_k_product){.c = dh,
                                                        .c_row = s->units,
                                                        .start = dh,
                                                        .start_row = s->units,
                                                        .a = dhidden,
                                                        .a_row = s->gates * s->units,
                                                        .a_col = 1,
                                                        .b = j->panel,
                                                        .b_row = j->panel_row,
                                                        .M = rows,
                                                        .N = s->units,
                                                        .K = s->gates * s->units});
    }
}

/* dW = sum over steps and rows of dhidden^T h, db = sum of dhidden. */
static nn_status weight_gradients(nn_tensor *dW, nn_tensor *db, const backward_job *j,
                                  nn_error *err)
{
    const sequence *s = &j->s;
    int64_t n = s->steps * s->rows;
    nn_tensor flat = NN_TENSOR_EMPTY, turned = NN_TENSOR_EMPTY, h = *j->saved;
    h.offset += slot_of(s, 0) * s->rows * s->parts * s->units + (s->parts - 1) * s->units;
    h.ndim = 2;
    h.shape[0] = n, h.shape[1] = s->units;
    h.stride[0] = s->parts * s->units, h.stride[1] = 1;
    nn_status status =
        nn_tensor_view(&flat, j->dhidden, 2, (int64_t[]){n, s->gates * s->units}, err);
    if (status == NN_OK) status = nn_tensor_transpose(&turned, &flat, 0, 1, err);
    if (status == NN_OK && dW) status = nn_matmul(dW, &turned, &h, err);
    if (status == NN_OK && db) status = nn_sum(db, &flat, (nn_reduction){0, false}, err);
    nn_tensor_release(&turned);
    nn_tensor_release(&flat);
    return status;
}

static nn_status check_backward(const nn_tensor *dout, const nn_tensor *saved, const nn_tensor *W,
                                nn_k_cell cell, nn_error *err)
{
    int64_t parts = nn_k_cell_parts(cell);
    nn_operand saved_operand = {saved, 2, "saved"};
    NN_TRY(nn_check_float(saved_operand, err));
    if (W->ndim != 2 || W->shape[0] != nn_k_cell_gates(cell) * W->shape[1] || saved->ndim != 3 ||
        saved->shape[0] < 1 || saved->shape[2] != parts * W->shape[1])
        return nn_fail(err, NN_ESHAPE, 2, "saved is %s but W is %s",
                       nn_tensor_shape_name(saved).text, nn_tensor_shape_name(W).text);
    int64_t expected[] = {saved->shape[0] - (cell != NN_K_LSTM), saved->shape[1], W->shape[1]};
    if (!nn_shape_equal(dout->ndim, dout->shape, 3, expected))
        return nn_fail(err, NN_ESHAPE, 1, "dout is %s, expected %s",
                       nn_tensor_shape_name(dout).text, nn_shape_name(3, expected).text);
    NN_TRY(nn_check_dtype((nn_operand){W, 3, "W"}, saved_operand, err));
    return nn_check_dtype((nn_operand){dout, 1, "dout"}, saved_operand, err);
}

/* Results and scratch are there. */
static nn_status run_backward(nn_tensor *dW, nn_tensor *db, backward_job *j, const nn_tensor *W,
                              nn_error *err)
{
    const sequence *s = &j->s;
    void *panel = pack(s, W, false, &j->panel_row, err);
    if (!panel) return err->code;
    j->panel = panel;
    nn_status status = nn_blocks_each(s->rows, ROWS, backward_rows, j, err);
    nn_free(panel);
    NN_TRY(status);
    return weight_gradients(dW, db, j, err);
}

nn_status nn_recurrent_backward(nn_tensor *dinput, nn_tensor *dW, nn_tensor *db, nn_tensor *dh0,
                                nn_tensor *dc0, const nn_tensor *dout, const nn_tensor *saved,
                                const nn_tensor *W, nn_recurrent_options options, nn_error *err)
{
    NN_TRY(check_backward(dout, saved, W, options.cell, err));
    nn_tensor plain_dout = NN_TENSOR_EMPTY, plain_saved = NN_TENSOR_EMPTY,
              plain_W = NN_TENSOR_EMPTY, own_dhidden = NN_TENSOR_EMPTY;
    bool is_lstm = options.cell == NN_K_LSTM, is_gru = options.cell == NN_K_GRU;
    sequence s = describe(options, W->dtype, saved->shape, saved->shape[0] - 1, W->shape[1]);
    int64_t input_shape[] = {s.steps, s.rows, s.gates * s.units}, state_shape[] = {s.rows, s.units};

    nn_status status = nn_tensor_contiguous(&plain_dout, dout, dout->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain_saved, saved, saved->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain_W, W, W->dtype, err);
    if (status == NN_OK) status = nn_tensor_new(dinput, W->dtype, 3, input_shape, err);
    if (status == NN_OK && is_gru)
        status = nn_tensor_new(&own_dhidden, W->dtype, 3, input_shape, err);
    if (status == NN_OK) status = nn_tensor_zeros(dh0, W->dtype, 2, state_shape, err);
    if (status == NN_OK && is_lstm) {
        nn_tensor last = plain_dout; /* behind the hs: the gradient of the last c */
        last.offset += s.steps * s.rows * s.units;
        last.ndim = 2;
        last.shape[0] = s.rows, last.shape[1] = s.units;
        last.stride[0] = s.units, last.stride[1] = 1;
        status = nn_tensor_clone(dc0, &last, err);
    }
    if (status == NN_OK) {
        backward_job j = {.s = s,
                          .dout = &plain_dout,
                          .saved = &plain_saved,
                          .dinput = dinput,
                          .dhidden = is_gru ? &own_dhidden : dinput,
                          .dh = dh0,
                          .dc = is_lstm ? dc0 : NULL};
        status = run_backward(dW, db, &j, &plain_W, err);
    }
    nn_tensor *scratch[] = {&plain_dout, &plain_saved, &plain_W, &own_dhidden};
    nn_tensor *results[] = {dinput, dW, db, dh0, dc0};
    for (int k = 0; k < 4; k++) nn_tensor_release(scratch[k]);
    for (int k = 0; status != NN_OK && k < 5; k++)
        if (results[k]) nn_tensor_release(results[k]);
    return status;
}
