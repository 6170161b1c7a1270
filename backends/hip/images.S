/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's code objects, one for each architecture that this build's compiler knew: images.inc, written by CMake, names them. */
	.macro image name, file
	.balign 4096
	.globl \name
	.hidden \name
\name:
	.incbin "\file"
	.endm
#define IMAGE(arch, file) image vres_hip_##arch, file
	.section .rodata
#include "images.inc"
#include "gpu/elf_notes.inc"
