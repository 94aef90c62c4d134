/*
** reference_fann.c - job a with FANN: full-batch epochs of 784-25-25-10 with metrics in each
**
** usage: reference_fann DATA DTYPE EPOCHS        (DTYPE is fixed when compiled, see fann_mnist.h)
**
** FANN tells the training error only: the training accuracy takes a pass of its own.
*/
#include "fann_mnist.h"

static struct fann_train_data *train, *test;
static struct fann *net;

/* What a run prints of an epoch. */
typedef struct {
    double error, test_error, accuracy, test_accuracy;
} metrics;

static metrics run_epoch(void)
{
    metrics m;
    m.accuracy = accuracy(net, train, &m.error);
    m.error = fann_train_epoch(net, train);
    m.test_accuracy = accuracy(net, test, &m.test_error);
    return m;
}

static void print_epoch(int epoch, metrics m)
{
    printf("epoch %d %.15g %.15g %.15g %.15g\n", epoch, m.error, m.test_error, m.accuracy,
           m.test_accuracy);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {PIXELS, 25, 25, CLASSES};
    if (argc != 4) return 2;
    int epochs = atoi(argv[3]);
    train = load(argv[1], "train", 6000);
    test = load(argv[1], "t10k", 1000);
    net = create(4, sizes, FANN_TRAIN_BATCH, 0.01f);

    metrics m = run_epoch();
    print_epoch(0, m);
    double start = now();
    for (int i = 1; i < epochs; i++) m = run_epoch();
    printf("seconds %.9g\n", (now() - start) / (epochs - 1));
    print_epoch(epochs - 1, m);

    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        long kib;
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) printf("memory %ld\n", kib * 1024);
    }
    return 0;
}
