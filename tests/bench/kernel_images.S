/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels that kernel_bench compares: nvcc's fatbin where there was a toolkit, clang's PTX where there was clang.  An image that there is not begins where it ends. */
	.section .rodata
	.balign 64
	.globl bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
	.hidden bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
bench_fatbin:
#ifdef FATBIN
	.incbin FATBIN
#endif
bench_fatbin_end:
	.balign 64
bench_ptx:
#ifdef PTX
	.incbin PTX
#endif
bench_ptx_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
