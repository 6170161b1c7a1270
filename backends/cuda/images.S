/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel images: nvcc's fatbin where there was a toolkit, that for older drivers where there was a ptxas of CUDA 12, too, clang's PTX where there
 * was clang.  PTX is text and ends with a NUL.
 */
	.section .rodata
	.balign 64
	.globl vres_cuda_fatbin
	.hidden vres_cuda_fatbin
vres_cuda_fatbin:
#ifdef FATBIN
	.incbin FATBIN
#endif
	.globl vres_cuda_fatbin_end
	.hidden vres_cuda_fatbin_end
vres_cuda_fatbin_end:
	.balign 64
	.globl vres_cuda_older
	.hidden vres_cuda_older
vres_cuda_older:
#ifdef OLDER
	.incbin OLDER
#endif
	.globl vres_cuda_older_end
	.hidden vres_cuda_older_end
vres_cuda_older_end:
	.balign 64
	.globl vres_cuda_ptx
	.hidden vres_cuda_ptx
vres_cuda_ptx:
#ifdef PTX
	.incbin PTX
#endif
	.globl vres_cuda_ptx_end
	.hidden vres_cuda_ptx_end
vres_cuda_ptx_end:
	.byte 0
#include "gpu/elf_notes.inc"
