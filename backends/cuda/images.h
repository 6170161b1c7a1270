/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel as it was built, embedded by images.S.  An image that this build has not got begins
 * where it ends.
 */
#ifndef VRES_BACKENDS_CUDA_IMAGES_H
#define VRES_BACKENDS_CUDA_IMAGES_H

extern const unsigned char vres_cuda_fatbin[];
extern const unsigned char vres_cuda_fatbin_end[];
extern const unsigned char vres_cuda_ptx[];
extern const unsigned char vres_cuda_ptx_end[];

#endif
