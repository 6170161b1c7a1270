/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernels that kernel_bench compares, and apart from them the one that needs sm_90: nvcc's fatbin where there was a toolkit, clang's PTX where
 * there was clang.  An image that there is not begins where it ends.
 */
	.section .rodata
	.balign 64
	.globl bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
	.hidden bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
	.globl bulk_fatbin, bulk_fatbin_end, bulk_ptx, bulk_ptx_end
	.hidden bulk_fatbin, bulk_fatbin_end, bulk_ptx, bulk_ptx_end
bench_fatbin:
#ifdef FATBIN
	.incbin FATBIN
#endif
bench_fatbin_end:
	.balign 64
bulk_fatbin:
#ifdef BULK_FATBIN
	.incbin BULK_FATBIN
#endif
bulk_fatbin_end:
	.balign 64
bench_ptx:
#ifdef PTX
	.incbin PTX
#endif
bench_ptx_end:
	.byte 0
	.balign 64
bulk_ptx:
#ifdef BULK_PTX
	.incbin BULK_PTX
#endif
bulk_ptx_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
