/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifests of make.py, which `fsverity digest` and `sha256sum` have judged: the same tensors,
 * sealed in device memory.
 */
#include <stdlib.h>
#include <string.h>

#include "manager/shard.h"
#include "support/fixture/support.h"
#include "vectors/vector.h"

#define ROOM     MIB(80)
#define MOST     512u
#define ODD_GAPS 13u

struct block {
	uint8_t *names, *sizes, *memory;
	vres_tensor tensors[MOST];
	size_t n;
	uint64_t address;
};

/* Tensor i has the rule's bytes from byte i on. */
static void fill(uint8_t *to, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		*to++ = (uint8_t)(i % 11 + i % 439 + i % 1103);
}

static uint64_t size_at(const struct block *b, size_t i)
{
	uint64_t size = 0;

	for (size_t j = 8; j-- > 0;)
		size = size << 8 | b->sizes[8 * i + j];
	return size;
}

/* One after the other, with gaps that leave none of them aligned. */
static void place(struct block *b, struct fixture *f, const struct vectors *v)
{
	size_t names_n, sizes_n;
	const char *name;
	uint64_t at = 0;

	b->names = vectors_bytes(v, "names", &names_n);
	b->sizes = vectors_bytes(v, "sizes", &sizes_n);
	b->memory = test_alloc(ROOM);
	memset(b->memory, 0xee, ROOM);
	b->n = sizes_n / 8;
	ck_assert_uint_le(b->n, MOST);
	name = (const char *)b->names;
	for (size_t i = 0; i < b->n; i++) {
		b->tensors[i] = vres_tensor_init();
		b->tensors[i].name = name;
		b->tensors[i].bytes = size_at(b, i);
		b->tensors[i].device_ptr = at;
		ck_assert_uint_le(at + b->tensors[i].bytes, ROOM);
		fill(b->memory + at, i, b->tensors[i].bytes);
		at += b->tensors[i].bytes + ODD_GAPS;
		name += strlen(name) + 1;
	}
	ck_assert_int_eq(vres_mock_alloc(f->mock, 0, ROOM, b->memory, &b->address), VRES_OK);
	for (size_t i = 0; i < b->n; i++)
		b->tensors[i].device_ptr += b->address;
}

static void block_end(struct block *b, struct fixture *f)
{
	vres_mock_free(f->mock, b->address);
	test_free(b->names);
	test_free(b->sizes);
	test_free(b->memory);
}

static void ck_manifest(const struct vectors *v, const vres_shard *shard)
{
	size_t n, len = 0;
	uint8_t *want = vectors_bytes(v, "manifest", &n);
	char *got = test_alloc(n + 1);
	vres_error err;

	ck_ok(vres_shard_manifest(shard, got, n + 1, &len, &err));
	ck_assert_uint_eq(len, n);
	ck_assert_mem_eq(got, want, n);
	test_free(got);
	test_free(want);
}

START_TEST(manifest_digest_and_root_are_those_of_files_with_the_same_names_and_bytes)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(VECTORS "/manifest.txt");
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		struct setup setup = setup_init();
		CLEANUP(finish) struct fixture *f = NULL;
		CLEANUP(release_shard) vres_shard *shard = NULL;
		vres_seal_params p = vres_seal_params_init();
		struct block b = {.n = 0};
		uint8_t want[32];
		vres_error err;

		setup.mock.bytes_per_device = MIB(256);
		f = begin(&setup);
		place(&b, f, v);
		p.digest_alg = VRES_DIGEST_TENSORS;
		p.expected_digest = vectors_text(v, "digest");
		ck_ok(vres_seal_tensors(f->manager, &p, b.tensors, b.n, &shard, &err));
		ck_assert_uint_eq(info_of(shard).vram_bytes, vectors_number(v, "bytes"));
		vectors_exactly(v, "root", want, sizeof(want));
		ck_assert_mem_eq(shard->contents->record.verity_root, want, sizeof(want));
		ck_manifest(v, shard);
		ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
		release_shard(&shard);
		block_end(&b, f);
	}
	ck_assert_uint_eq(blocks, 5);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(manifest_digest_and_root_are_those_of_files_with_the_same_names_and_bytes,
	             "CI-004", "integrity", ""),
	};

	return suite_run("vectors.tensors", "vectors", cases, COUNT(cases));
}
