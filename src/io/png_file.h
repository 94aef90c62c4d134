/*
** png_file.h - PNG images as tensors of bytes [C,H,W]
**
** C is 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 (with alpha).
** Palettes, transparent colours and grey of 1, 2 or 4 bits are expanded, 16
** bits are scaled to 8 (rounded), interlaced images put in order. Colour
** profiles and gamma are not applied. Through libpng.
*/
#ifndef NN_IO_PNG_FILE_H
#define NN_IO_PNG_FILE_H

#include "io/source.h"
#include "tensor/tensor.h"

#define NN_PNG_SIZE_LIMIT 65535 /* pixels on a side */

/* Reads the image, uint8. What the file claims is checked against its size before memory is asked
** for. NN_EIO, NN_EFORMAT, NN_EMEM; out then stays empty. */
nn_status nn_png_read(nn_tensor *out, const char *path, nn_error *err);
nn_status nn_png_parse(nn_tensor *out, nn_source *source, nn_error *err);

/* Writes t: [H,W] or [C,H,W]; uint8, or floats of 0 to 1, which become the nearest of 0 to 255.
** NN_ESHAPE, NN_EDTYPE, NN_EVALUE (a float outside, NaN), NN_EIO, NN_EMEM; an existing file is then
** intact. */
nn_status nn_png_write(const char *path, const nn_tensor *t, nn_error *err);

#endif
