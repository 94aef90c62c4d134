/*
** fann_mnist.h - what the FANN programs share: MNIST as training data, a clock, accuracy
**
** Included by one file each. -DDOUBLE chooses FANN's double-precision library. On any failure the
** program ends with status 1 and a line on standard error.
**
** FANN 2.2 has neither ReLU nor softmax nor Adam: its networks have sigmoids and squared error, and
** learn by plain gradient descent. The products, of the same shapes, are the same work.
*/
#ifdef DOUBLE
#include <doublefann.h>
#else
#include <floatfann.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { PIXELS = 784, CLASSES = 10 };

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* count bytes behind the header of FOLDER/NAME, plain or gzip. */
static unsigned char *read_bytes(const char *folder, const char *name, int header, size_t count)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile file = gzopen(path, "rb");
    if (!file) {
        snprintf(path, sizeof path, "%s/%s.gz", folder, name);
        file = gzopen(path, "rb");
    }
    unsigned char *bytes = malloc(count);
    if (!file || !bytes || gzread(file, bytes, (unsigned)header) != header ||
        gzread(file, bytes, (unsigned)count) != (int)count)
        fail("cannot read the MNIST files");
    gzclose(file);
    return bytes;
}

/* The first count images of a split, "train" or "t10k": pixels in 0..1, labels one-hot. */
static struct fann_train_data *load(const char *folder, const char *split, unsigned count)
{
    char name[64];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", split);
    unsigned char *images = read_bytes(folder, name, 16, (size_t)count * PIXELS);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", split);
    unsigned char *labels = read_bytes(folder, name, 8, count);
    struct fann_train_data *data = fann_create_train(count, PIXELS, CLASSES);
    if (!data) fail("no memory");
    for (unsigned i = 0; i < count; i++) {
        for (int j = 0; j < PIXELS; j++)
            data->input[i][j] = (fann_type)((float)images[(size_t)i * PIXELS + j] / 255);
        for (int j = 0; j < CLASSES; j++) data->output[i][j] = labels[i] == j;
    }
    free(images);
    free(labels);
    return data;
}

static struct fann *create(unsigned layers, const unsigned *sizes, enum fann_train_enum algorithm,
                           float learning_rate)
{
    struct fann *net = fann_create_standard_array(layers, sizes);
    if (!net) fail("no memory");
    fann_set_activation_function_hidden(net, FANN_SIGMOID);
    fann_set_activation_function_output(net, FANN_SIGMOID);
    fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
    fann_set_training_algorithm(net, algorithm);
    fann_set_learning_rate(net, learning_rate);
    return net;
}

/* The share of images whose label has the largest output. *error: their mean squared error. */
static double accuracy(struct fann *net, const struct fann_train_data *data, double *error)
{
    unsigned right = 0;
    double squares = 0;
    for (unsigned i = 0; i < data->num_data; i++) {
        const fann_type *p = fann_run(net, data->input[i]);
        int best = 0;
        for (int j = 0; j < CLASSES; j++) {
            double d = p[j] - data->output[i][j];
            squares += d * d;
            if (p[j] > p[best]) best = j;
        }
        right += data->output[i][best] == 1;
    }
    *error = squares / CLASSES / data->num_data;
    return (double)right / data->num_data;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
