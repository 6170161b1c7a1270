/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the compilers of the kernel disagree about: how a function is marked, and the few operations
 * for which a GPU has an instruction that C does not name.  Three dialects: NVIDIA (nvcc, and clang
 * without a toolkit), AMD (clang), and C11 for the host.
 */
#ifndef VRES_BACKENDS_KERNELS_DIALECT_H
#define VRES_BACKENDS_KERNELS_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__CUDACC__) || defined(__CUDA__)
#define LEAF_HASH_NVIDIA 1
#endif

/* The device compilers' attribute, spelled so that clang needs no vendor header for it. */
#if defined(LEAF_HASH_NVIDIA) || defined(__HIP__)
#define LEAF_HASH_FN static inline __attribute__((device, always_inline))
#else
#define LEAF_HASH_FN static inline __attribute__((always_inline))
#endif

/* Sixteen bytes that a GPU loads in one go. */
typedef struct leaf_hash_quad {
	uint32_t word[4];
} __attribute__((aligned(16), may_alias)) leaf_hash_quad;

typedef uint32_t __attribute__((may_alias)) leaf_hash_word;

/*
 * What data pointers point to.  AMD's compiler takes an address from memory for one of any kind and
 * looks at each load what kind it is; said to be global, it has a load of its own.
 */
#if defined(__HIP__)
#define LEAF_HASH_GLOBAL __attribute__((address_space(1)))
#else
#define LEAF_HASH_GLOBAL
#endif

/* A word of a digest: launches align digests, callers on the host need not. */
#if defined(LEAF_HASH_NVIDIA) || defined(__HIP__)
typedef leaf_hash_word leaf_hash_out;
#else
typedef uint32_t __attribute__((may_alias, aligned(1))) leaf_hash_out;
#endif

#if defined(LEAF_HASH_NVIDIA) && defined(LEAF_HASH_SHIFTS_MULTIPLY)

/*
 * A shift as the upper half of a product, on the pipe for multiplication.  A variant of
 * kernel_bench, until one was measured.  The assembler would make a shift of a literal.
 */
LEAF_HASH_FN uint32_t leaf_hash_shift(uint32_t x, unsigned n, uint32_t one)
{
	uint32_t shifted;

	__asm__("mul.hi.u32 %0, %1, %2;" : "=r"(shifted) : "r"(x), "r"(one << (32 - n)));
	return shifted;
}

#else

LEAF_HASH_FN uint32_t leaf_hash_shift(uint32_t x, unsigned n, uint32_t one)
{
	(void)one;
	return x >> n;
}

#endif

#if defined(LEAF_HASH_NVIDIA)

/*
 * An addition as a multiply-add.  SHA-256 is rotations and logic, which share one pipe with
 * additions; the pipe for multiplication idles beside it.  @one is 1, but only at run time: the
 * assembler would make an ordinary addition of a literal.
 */
LEAF_HASH_FN uint32_t leaf_hash_add(uint32_t a, uint32_t b, uint32_t one)
{
	uint32_t sum;

	__asm__("mad.lo.u32 %0, %1, %2, %3;" : "=r"(sum) : "r"(a), "r"(one), "r"(b));
	return sum;
}

LEAF_HASH_FN uint32_t leaf_hash_swap(uint32_t x)
{
	uint32_t swapped;

	__asm__("prmt.b32 %0, %1, 0, 0x0123;" : "=r"(swapped) : "r"(x));
	return swapped;
}

/*
 * Nothing that a launch reads is written by it.  Since a thread reads its block from end to end,
 * what follows in memory is asked for, too.
 */
LEAF_HASH_FN void leaf_hash_load_quad(uint32_t w[4], const leaf_hash_quad *p)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
	__asm__("ld.global.nc.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
#else
	__asm__("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
#endif
	        : "=r"(w[0]), "=r"(w[1]), "=r"(w[2]), "=r"(w[3])
	        : "l"(p));
}

#else

LEAF_HASH_FN uint32_t leaf_hash_add(uint32_t a, uint32_t b, uint32_t one)
{
	(void)one;
	return a + b;
}

LEAF_HASH_FN uint32_t leaf_hash_swap(uint32_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap32(x);
#else
	return x;
#endif
}

#if defined(__HIP__)

/* A vector, so that the compiler does not take it for four loads again. */
typedef uint32_t __attribute__((ext_vector_type(4), may_alias)) leaf_hash_four;

LEAF_HASH_FN void leaf_hash_load_quad(uint32_t w[4], const leaf_hash_quad *p)
{
	const leaf_hash_four four = *(const LEAF_HASH_GLOBAL leaf_hash_four *)(const void *)p;

	w[0] = four[0];
	w[1] = four[1];
	w[2] = four[2];
	w[3] = four[3];
}

#else

LEAF_HASH_FN void leaf_hash_load_quad(uint32_t w[4], const leaf_hash_quad *p)
{
	const leaf_hash_quad quad = *p;

	w[0] = quad.word[0];
	w[1] = quad.word[1];
	w[2] = quad.word[2];
	w[3] = quad.word[3];
}

#endif

#endif

#endif
