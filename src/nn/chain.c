/*
** chain.c - tiles through all layers and back
**
** The memory of a step: for every block its gradients (`partial`) and the sums
** of its biases' gradients in double; for every block in flight a workspace,
** in which layer l of a tile of T rows has
**
**   z[l] (T,out)   a[l] (T,out)   and, once, two deltas (T,widest)
**
** The last layer's z and delta are rows of the whole batch's scores and dz.
*/
#include "nn/chain.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/dispatch.h"
#include "kernel/gemm.h"
#include "kernel/partition.h"
#include "nn/blocks.h"
#include "nn/linear.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

/* A block has at least BLOCK_ROWS rows and a batch at most BLOCKS blocks; fewer where the
** gradients of all blocks would take more than PARTIAL_BYTES. */
#define BLOCKS 16
#define BLOCK_ROWS 32
#define PARTIAL_BYTES ((int64_t)64 << 20)

/* What a tile reads and writes: it stays in L2. A multiple of TILE_ROWS suits the kernels.
** Prefetching the next tile during the weight gradient gained 3% and was left out. */
#define TILE_BYTES ((int64_t)224 << 10)
#define TILE_ROWS 5

typedef struct step {
    const nn_chain *chain;
    nn_k_type type;
    int64_t size; /* bytes of an element */
    int64_t N, in, C;
    int64_t widest;     /* of all layers' outputs and hidden inputs */
    int64_t parameters; /* weights of all layers */
    int64_t biases;
    int64_t block, blocks, tile; /* rows, number, rows */
    int64_t workspace;           /* elements of a block's workspace */
    const char *x;
    char *scores, *dz; /* (N,C); dz: NULL when there is no way back */
    char *work;        /* (blocks, workspace) */
    char *partial;     /* (blocks, parameters) */
    double *bias_sum;  /* (blocks, biases) */
    double *columns;   /* (blocks, widest): column sums of one delta */
    double *loss_sum;  /* (blocks) */
    nn_k_class_problem problem;
} step;

static int64_t out_of(const step *s, int l)
{
    return s->chain->layer[l].W.shape[0];
}

static int64_t in_of(const step *s, int l)
{
    return s->chain->layer[l].W.shape[1];
}

/* Divides the batch, from the sizes alone. */
static void divide(step *s, bool backward)
{
    int64_t outputs = 0;
    for (int l = 0; l < s->chain->layers; l++) {
        outputs += out_of(s, l);
        s->parameters += out_of(s, l) * in_of(s, l);
        if (out_of(s, l) > s->widest) s->widest = out_of(s, l);
    }
    s->biases = outputs;

    int64_t most = PARTIAL_BYTES / (s->parameters * s->size + 1);
    if (most > BLOCKS || !backward) most = BLOCKS;
    if (most < 1) most = 1;
    s->block = (s->N + most - 1) / most;
    if (s->block < BLOCK_ROWS) s->block = BLOCK_ROWS;
    s->blocks = s->N > 0 ? (s->N + s->block - 1) / s->block : 1; /* an empty one: gradients of 0 */

    s->tile = TILE_BYTES / ((s->in + 2 * outputs) * s->size) / TILE_ROWS * TILE_ROWS;
    if (s->tile < TILE_ROWS) s->tile = TILE_ROWS;
    if (s->tile > s->block) s->tile = s->block;
    s->workspace = s->tile * (2 * outputs + 2 * s->widest);
}

/* z = x W^T + b for a tile. */
static void linear(const step *s, int l, char *z, const char *x, int64_t rows)
{
    const nn_chain_layer *layer = &s->chain->layer[l];
    const void *W = nn_tensor_data(&layer->W);
    const void *b = layer->b.storage ? nn_tensor_data(&layer->b) : NULL;
    int64_t in = in_of(s, l), out = out_of(s, l);
    if (nn_linear_is_narrow(&layer->W)) {
        nn_k()->rows->linear[s->type](z, x, W, b, rows, in, out);
        return;
    }
    nn_k_gemm(s->type, z, out, (nn_k_matrix){x, in, 1}, (nn_k_matrix){W, 1, in}, rows, out, in);
    if (b) nn_k()->neural->add_row[s->type](z, b, rows, out);
}

static void activate(const step *s, int l, char *a, const char *z, int64_t n)
{
    const nn_chain_layer *layer = &s->chain->layer[l];
    if (layer->activation == NN_CHAIN_LINEAR)
        memcpy(a, z, (size_t)(n * s->size));
    else if (layer->activation == NN_K_SIGMOID_Y)
        nn_k()->arith->unary[NN_K_SIGMOID][s->type](a, 1, z, 1, n);
    else if (layer->activation == NN_K_TANH_Y)
        nn_k()->arith->unary[NN_K_TANH][s->type](a, 1, z, 1, n);
    else
        nn_k()->neural->activate[layer->activation][s->type](a, z, n, layer->p, layer->q);
}

/* delta = delta * f'(layer l), in place. */
static void activate_back(const step *s, int l, char *delta, const char *z, const char *a,
                          int64_t n)
{
    const nn_chain_layer *layer = &s->chain->layer[l];
    if (layer->activation == NN_CHAIN_LINEAR) return;
    nn_k()->neural->activate_back[layer->activation][s->type](
        delta, delta, layer->activation < NN_K_FROM_OUTPUT ? z : a, n, layer->p, layer->q);
}

/* Where a tile's arrays lie in its block's workspace. */
typedef struct tile {
    const char *x; /* its rows of the input */
    char *z[NN_CHAIN_MOST], *a[NN_CHAIN_MOST];
    char *delta[2];
    int64_t first, rows; /* of the batch */
} tile;

static void lay_out(const step *s, int64_t block, tile *t)
{
    char *free = s->work + block * s->workspace * s->size;
    for (int l = 0; l < s->chain->layers; l++) {
        t->z[l] = free;
        free += s->tile * out_of(s, l) * s->size;
        t->a[l] = free;
        free += s->tile * out_of(s, l) * s->size;
    }
    t->delta[0] = free;
    t->delta[1] = free + s->tile * s->widest * s->size;
}

static void tile_forward(const step *s, tile *t)
{
    int last = s->chain->layers - 1;
    const char *input = t->x;
    t->z[last] = s->scores + t->first * s->C * s->size;
    for (int l = 0; l <= last; l++) {
        linear(s, l, t->z[l], input, t->rows);
        if (l == last) break;
        activate(s, l, t->a[l], t->z[l], t->rows * out_of(s, l));
        input = t->a[l];
    }
}

static void tile_backward(const step *s, int64_t block, const tile *t)
{
    int64_t weights_after = s->parameters, biases_after = s->biases;
    const char *delta = s->dz + t->first * s->C * s->size;
    for (int l = s->chain->layers - 1; l >= 0; l--) {
        int64_t in = in_of(s, l), out = out_of(s, l);
        const char *input = l > 0 ? t->a[l - 1] : t->x;
        weights_after -= in * out;
        biases_after -= out;
        nn_k()->rows->gradient[s->type](s->partial +
                                            (block * s->parameters + weights_after) * s->size,
                                        in, delta, input, in, t->rows, in, out);
        double *columns = s->columns + block * s->widest;
        nn_k()->reduce->sum[NN_K_SUM][s->type](columns, delta, 1, t->rows, out);
        for (int64_t j = 0; j < out; j++)
            s->bias_sum[block * s->biases + biases_after + j] += columns[j];
        if (l == 0) break;
        char *next = t->delta[l % 2];
        nn_k_gemm(s->type, next, in, (nn_k_matrix){delta, out, 1},
                  (nn_k_matrix){nn_tensor_data(&s->chain->layer[l].W), in, 1}, t->rows, in, out);
        activate_back(s, l - 1, next, t->z[l - 1], t->a[l - 1], t->rows * in);
        delta = next;
    }
}

static void run_block(void *context, int64_t block)
{
    const step *s = context;
    int64_t end = (block + 1) * s->block < s->N ? (block + 1) * s->block : s->N;
    tile t;
    lay_out(s, block, &t);
    for (t.first = block * s->block; t.first < end; t.first += s->tile) {
        t.rows = end - t.first < s->tile ? end - t.first : s->tile;
        t.x = s->x + t.first * s->in * s->size;
        tile_forward(s, &t);
        if (!s->dz) continue;
        s->loss_sum[block] += nn_k()->neural->cross_entropy[s->type](&s->problem, t.first, t.rows);
        tile_backward(s, block, &t);
    }
}

/* Sums over the blocks, in block order. */
typedef struct gather {
    const step *s;
    const char *from; /* block 0's part */
    char *to;
} gather;

static void gather_range(void *context, int64_t first, int64_t n)
{
    const gather *g = context;
    char *to = g->to + first * g->s->size;
    const char *from = g->from + first * g->s->size;
    memcpy(to, from, (size_t)(n * g->s->size));
    for (int64_t block = 1; block < g->s->blocks; block++)
        nn_k()->arith->binary[NN_K_ADD][g->s->type](
            to, 1, to, 1, from + block * g->s->parameters * g->s->size, 1, n);
}

static nn_status gather_gradients(const step *s, nn_chain *chain, nn_error *err)
{
    int64_t weights = 0, biases = 0;
    for (int l = 0; l < chain->layers; l++) {
        nn_chain_layer *layer = &chain->layer[l];
        NN_TRY(nn_tensor_like(&layer->dW, &layer->W, layer->W.dtype, err));
        gather g = {s, s->partial + weights * s->size, nn_tensor_data(&layer->dW)};
        nn_blocks_each(nn_tensor_numel(&layer->W), NN_K_BLOCK, gather_range, &g);
        weights += nn_tensor_numel(&layer->W);
        if (layer->b.storage) {
            NN_TRY(nn_tensor_like(&layer->db, &layer->b, layer->b.dtype, err));
            for (int64_t j = 0; j < out_of(s, l); j++) {
                double sum = 0;
                for (int64_t block = 0; block < s->blocks; block++)
                    sum += s->bias_sum[block * s->biases + biases + j];
                nn_tensor_set(&layer->db, j, sum);
            }
        }
        biases += out_of(s, l);
    }
    return NN_OK;
}

/* Checks x against the layers and the layers against one another. */
static nn_status check_chain(const nn_chain *chain, const nn_tensor *x, nn_error *err)
{
    nn_operand operand = {x, 3, "x"};
    int64_t features;
    NN_TRY(nn_check_float(operand, err));
    if (x->ndim != 2)
        return nn_fail(err, NN_ESHAPE, 3, "x is %s, expected [N,features]",
                       nn_tensor_shape_name(x).text);
    features = x->shape[1];
    for (int l = 0; l < chain->layers; l++) {
        const nn_tensor *W = &chain->layer[l].W;
        if (W->shape[1] != features)
            return nn_fail(err, NN_ESHAPE, 3,
                           "linear layer %d takes %" PRId64 " features and is given %" PRId64,
                           l + 1, W->shape[1], features);
        NN_TRY(nn_check_dtype(operand, (nn_operand){W, 1, "the model"}, err));
        features = W->shape[0];
    }
    return NN_OK;
}

/* One block of memory for a step's arrays; doubles first, so that all are aligned. */
static void *take_memory(step *s, bool backward, nn_error *err)
{
    int64_t doubles = backward ? s->blocks * (s->biases + s->widest + 1) : 0;
    int64_t elements = s->blocks * (s->workspace + (backward ? s->parameters : 0));
    size_t zeroed = (size_t)doubles * sizeof(double) +
                    (size_t)(backward ? s->blocks * s->parameters * s->size : 0);
    char *memory = nn_alloc((size_t)doubles * sizeof(double) + (size_t)(elements * s->size), err);
    if (!memory) return NULL;
    memset(memory, 0, zeroed);
    s->bias_sum = (double *)(void *)memory;
    s->columns = s->bias_sum + s->blocks * s->biases;
    s->loss_sum = s->columns + s->blocks * s->widest;
    s->partial = memory + (size_t)doubles * sizeof(double);
    s->work = memory + (size_t)doubles * sizeof(double) +
              (size_t)(backward ? s->blocks * s->parameters * s->size : 0);
    return memory;
}

static step begin(const nn_chain *chain, const nn_tensor *x, bool backward)
{
    step s = {.chain = chain,
              .type = (nn_k_type)x->dtype,
              .size = (int64_t)nn_dtype_size(x->dtype),
              .N = x->shape[0],
              .in = x->shape[1],
              .C = chain->layer[chain->layers - 1].W.shape[0]};
    divide(&s, backward);
    return s;
}

nn_status nn_chain_forward(nn_tensor *scores, const nn_chain *chain, const nn_tensor *x,
                           nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(check_chain(chain, x, err));
    step s = begin(chain, x, false);
    NN_TRY(nn_tensor_contiguous(&plain, x, x->dtype, err));
    void *memory = take_memory(&s, false, err);
    nn_status status = memory ? NN_OK : NN_EMEM;
    if (status == NN_OK) status = nn_tensor_new(scores, x->dtype, 2, (int64_t[]){s.N, s.C}, err);
    if (status == NN_OK) {
        s.x = nn_tensor_data(&plain);
        s.scores = nn_tensor_data(scores);
        nn_k_parallel(s.blocks, run_block, &s);
    }
    nn_free(memory);
    nn_tensor_release(&plain);
    return status;
}

/* Errors about y and the options come back as about the arguments of backprop: (model, criterion,
** x, y). */
static nn_status begin_loss(nn_cross_entropy_problem *p, const nn_tensor *scores,
                            const nn_tensor *y, const nn_cross_entropy_options *options,
                            nn_error *err)
{
    static const int argument[] = {0, 1, 4, 2};
    nn_status status = nn_cross_entropy_begin(p, scores, y, options, err);
    if (status != NN_OK) err->arg = argument[err->arg];
    return status;
}

nn_status nn_chain_backprop(nn_tensor *loss, nn_tensor *scores, nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_cross_entropy_options *options,
                            nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, dz = NN_TENSOR_EMPTY;
    nn_cross_entropy_problem target = {0};
    void *memory = NULL;
    NN_TRY(check_chain(chain, x, err));
    step s = begin(chain, x, true);
    NN_TRY(nn_tensor_new(scores, x->dtype, 2, (int64_t[]){s.N, s.C}, err));
    nn_status status = nn_tensor_like(&dz, scores, x->dtype, err);
    if (status == NN_OK) status = begin_loss(&target, scores, y, options, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain, x, x->dtype, err);
    if (status == NN_OK && !(memory = take_memory(&s, true, err))) status = NN_EMEM;
    if (status == NN_OK) {
        double sum = 0;
        s.x = nn_tensor_data(&plain);
        s.scores = nn_tensor_data(scores);
        s.dz = nn_tensor_data(&dz);
        s.problem = target.kernel;
        s.problem.x = s.scores;
        s.problem.dx = s.dz;
        nn_class_target_point(&s.problem, &target.target, s.C);
        nn_k_parallel(s.blocks, run_block, &s);
        for (int64_t block = 0; block < s.blocks; block++) sum += s.loss_sum[block];
        status = gather_gradients(&s, chain, err);
        if (status == NN_OK)
            status = nn_tensor_full(loss, x->dtype, 0, NULL, sum * target.kernel.scale, err);
    }
    nn_free(memory);
    nn_cross_entropy_end(&target);
    nn_tensor_release(&plain);
    nn_tensor_release(&dz);
    if (status != NN_OK) {
        nn_tensor_release(scores);
        for (int l = 0; l < chain->layers; l++) {
            nn_tensor_release(&chain->layer[l].dW);
            nn_tensor_release(&chain->layer[l].db);
        }
    }
    return status;
}
