/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ways to hash blocks, and which of them this processor supports.  Other architectures have
 * OpenSSL alone.
 *
 * Intel SDM volume 2, CPUID and XGETBV; volume 1, 13.2 and 14.  AMD APM volume 3, appendix E.
 */
#include "hash/x86/choose.h"
#include "hash/x86/sha256.h"

static const struct blocks_way openssl = {.name = "OpenSSL, a block at a time", .group = 1};

#ifdef __x86_64__

#include <cpuid.h>

static const struct blocks_way ni_one = {
	.name = "SHA-NI, one stream", .group = 1, .hash = vres_sha256_ni_one};
static const struct blocks_way ni_two = {
	.name = "SHA-NI, two streams", .group = 2, .hash = vres_sha256_ni_two, .rest = &ni_one};
static const struct blocks_way ni_three = {.name = "SHA-NI with AVX512VL, three streams",
                                           .group = 3,
                                           .hash = vres_sha256_ni_three,
                                           .rest = &ni_two};
static const struct blocks_way wide = {
	.name = "AVX-512, 32 streams", .group = 32, .hash = vres_sha256_avx512, .rest = &openssl};
static const struct blocks_way wide_ni = {.name = "AVX-512, 32 streams, the rest with SHA-NI",
                                          .group = 32,
                                          .hash = vres_sha256_avx512,
                                          .rest = &ni_three};

/* What the processor has and the operating system allows. */
struct cpu {
	bool sha, avx512, is_zen4;
};

/* Does the system save the registers of AVX-512 when it switches threads? */
static bool registers_are_saved(void)
{
	const uint32_t needed = 0xe6; /* SSE, AVX, and the three parts of AVX-512 */
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & needed) == needed;
}

static uint32_t family_of(uint32_t signature)
{
	const uint32_t base = signature >> 8 & 0xf;

	return base == 0xf ? base + (signature >> 20 & 0xff) : base;
}

bool blocks_cpu_is_family_19h(uint32_t vendor, uint32_t signature)
{
	return vendor == signature_AMD_ebx && family_of(signature) == 0x19;
}

static struct cpu cpu_look(void)
{
	uint32_t a = 0, b = 0, c = 0, d = 0, vendor, signature, features;
	struct cpu cpu = {false};

	if (!__get_cpuid(0, &a, &vendor, &c, &d) ||
	    !__get_cpuid(1, &signature, &b, &features, &d) ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return cpu;
	cpu.sha = (b & bit_SHA) && (features & bit_SSE4_1) && (features & bit_SSSE3);
	cpu.avx512 = (features & bit_OSXSAVE) && (b & bit_AVX512F) && (b & bit_AVX512BW) &&
	             (b & bit_AVX512VL) && registers_are_saved();
	cpu.is_zen4 = blocks_cpu_is_family_19h(vendor, signature);
	return cpu;
}

/* Zen 4 splits each instruction of 512 bits in two, so SHA-NI is faster there. */
const struct blocks_way *blocks_way_best(void)
{
	const struct cpu cpu = cpu_look();

	if (cpu.avx512 && cpu.sha)
		return cpu.is_zen4 ? &ni_three : &wide_ni;
	if (cpu.avx512)
		return &wide;
	return cpu.sha ? &ni_two : &openssl;
}

const struct blocks_way *blocks_way_at(size_t index, bool *is_there)
{
	const struct cpu cpu = cpu_look();
	const struct {
		const struct blocks_way *way;
		bool is_there;
	} ways[] = {
		{&openssl, true},    {&ni_one, cpu.sha},
		{&ni_two, cpu.sha},  {&ni_three, cpu.sha && cpu.avx512},
		{&wide, cpu.avx512}, {&wide_ni, cpu.sha && cpu.avx512},
	};

	if (index >= COUNT_OF(ways))
		return NULL;
	*is_there = ways[index].is_there;
	return ways[index].way;
}

#else

const struct blocks_way *blocks_way_best(void)
{
	return &openssl;
}

const struct blocks_way *blocks_way_at(size_t index, bool *is_there)
{
	*is_there = true;
	return index == 0 ? &openssl : NULL;
}

bool blocks_cpu_is_family_19h(uint32_t vendor, uint32_t signature)
{
	(void)vendor;
	(void)signature;
	return false;
}

#endif
