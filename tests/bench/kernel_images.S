/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernels that kernel_bench compares, and apart from them one that needs sm_90 and one that is compiled in another way: nvcc's fatbin where there was a
 * toolkit, clang's PTX where there was clang.  An image that there is not begins where it ends.
 */
	.section .rodata
	.balign 64
	.globl bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
	.hidden bench_fatbin, bench_fatbin_end, bench_ptx, bench_ptx_end
	.globl bulk_fatbin, bulk_fatbin_end, bulk_ptx, bulk_ptx_end
	.hidden bulk_fatbin, bulk_fatbin_end, bulk_ptx, bulk_ptx_end
	.globl shifts_fatbin, shifts_fatbin_end, shifts_ptx, shifts_ptx_end
	.hidden shifts_fatbin, shifts_fatbin_end, shifts_ptx, shifts_ptx_end
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
shifts_fatbin:
#ifdef SHIFTS_FATBIN
	.incbin SHIFTS_FATBIN
#endif
shifts_fatbin_end:
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
	.balign 64
shifts_ptx:
#ifdef SHIFTS_PTX
	.incbin SHIFTS_PTX
#endif
shifts_ptx_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
