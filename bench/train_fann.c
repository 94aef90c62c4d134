/*
** train_fann.c - jobs b, c, d with FANN: an epoch of shuffled mini-batches
**
** usage: train_fann DATA HIDDEN BATCH SAMPLES        (as train.lua)
**
** A batch is a part of the shuffled data, not a copy of it. Loss and accuracy are those of the
** first 1,000 test images, enough to see that it learns.
*/
#include "fann_mnist.h"

static struct fann_train_data *train;
static struct fann *net;

static void run_epoch(unsigned count, unsigned batch)
{
    fann_shuffle_train_data(train);
    for (unsigned first = 0; first < count; first += batch) {
        struct fann_train_data rows = *train;
        rows.input += first;
        rows.output += first;
        rows.num_data = count - first < batch ? count - first : batch;
        fann_train_epoch(net, &rows);
    }
}

int main(int argc, char **argv)
{
    unsigned sizes[16] = {PIXELS}, layers = 1;
    if (argc != 5) return 2;
    for (char *size = strtok(argv[2], ","); size && layers < 15; size = strtok(NULL, ","))
        sizes[layers++] = (unsigned)atoi(size);
    sizes[layers++] = CLASSES;
    unsigned batch = (unsigned)atoi(argv[3]), samples = (unsigned)atoi(argv[4]);
    train = load(argv[1], "train", 60000);
    struct fann_train_data *test = load(argv[1], "t10k", 1000);
    net = create(layers, sizes, batch > 1 ? FANN_TRAIN_BATCH : FANN_TRAIN_INCREMENTAL, 0.5f);

    run_epoch(batch, batch);
    double start = now();
    run_epoch(samples, batch);
    printf("seconds %.9g\n", now() - start);
    double error;
    printf("accuracy %.4f\n", accuracy(net, test, &error));
    printf("loss %.9g\n", error);
    return 0;
}
