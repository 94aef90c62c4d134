/*
** warp.h - images bent out of shape: every pixel of the result is read somewhere in the image
**
** Images are (N,H,W) or (N,C,H,W), uint8 or float; the result is alike. A
** place (y,x) counts pixels, (0,0) being the centre of the first. It is read
** by bilinear interpolation between its four neighbours,
**   (v00*(1-fx) + v01*fx)*(1-fy) + (v10*(1-fx) + v11*fx)*fy,
** fy and fx the fractions of y and x; a neighbour outside the image is `fill`.
** Worked out in double; bytes are rounded to the nearest, a half up. That is
** torch.nn.functional.grid_sample, or scipy.ndimage's order 1, mode
** "grid-constant". A place that is not a number reads `fill`.
** out: an empty handle. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE, NN_EMEM.
*/
#ifndef NN_NN_WARP_H
#define NN_NN_WARP_H

#include "tensor/tensor.h"

/* Pixel (r,c) of image n is read at y = m[0][0]*r + m[0][1]*c + m[0][2] and x, with m[1], likewise;
** m = matrix[n]. matrix: (N,2,3), float. */
nn_status nn_warp_affine(nn_tensor *out, const nn_tensor *images, const nn_tensor *matrix,
                         double fill, nn_error *err);

/* Pixel (r,c) of image n is read at (r + field[n][0][r][c], c + field[n][1][r][c]).
** field: (N,2,H,W), float. */
nn_status nn_warp_field(nn_tensor *out, const nn_tensor *images, const nn_tensor *field,
                        double fill, nn_error *err);

/* The last two axes of x (...,H,W), float64, convolved with w[i]*w[j], w[k] ~ exp(-k^2/(2 sigma^2))
** for |k| <= floor(4 sigma + 1/2), normalised to sum 1; outside x is 0. That is
** scipy.ndimage.gaussian_filter with mode "constant". 0 < sigma <= 1000. */
nn_status nn_gaussian_blur(nn_tensor *out, const nn_tensor *x, double sigma, nn_error *err);

#endif
