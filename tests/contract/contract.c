/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all parts of the contract suite share: an opened device, transfers that must succeed, and
 * main().
 */
#include "contract.h"

#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"

/* An odd size, so that transfers are not aligned. */
#define PART ((size_t)65521)

struct contract contract_begin(int variant)
{
	struct contract c = {.subject = contract_subject(variant)};
	vres_backend_open params = {.struct_size = sizeof(params)};

	c.ops = c.subject->backend();
	c.arg = c.subject->arg_make ? c.subject->arg_make() : NULL;
	c.props.struct_size = sizeof(c.props);
	params.arg = c.arg;
	params.library_path = c.subject->library_path;
	suite_backend(c.ops->name);
	ck_assert_msg(c.ops->open(&params, &c.self, &c.err) == VRES_OK, "open: %s", c.err.message);
	ck_assert_msg(c.ops->device_open(c.self, c.subject->device, &c.props, &c.dev, &c.err) ==
	                      VRES_OK,
	              "device_open: %s", c.err.message);
	return c;
}

void contract_end(struct contract *c)
{
	if (c->dev)
		c->ops->device_close(c->dev);
	if (c->self)
		c->ops->close(c->self);
	if (c->subject->arg_check)
		c->subject->arg_check(c->arg);
}

bool contract_can(const struct contract *c, uint32_t fact)
{
	return (c->props.facts & fact) != 0;
}

uint32_t contract_bad_facts(const struct contract *c)
{
	return contract_can(c, VRES_DEVICE_VMM) ? 0 : c->subject->memory_without_vmm;
}

uint64_t contract_free_bytes(struct contract *c)
{
	vres_device_status status = {.struct_size = sizeof(status)};

	ck_assert_msg(c->ops->device_status(c->dev, &status, &c->err) == VRES_OK,
	              "device_status: %s", c->err.message);
	return status.free_bytes;
}

vres_bmem *contract_alloc(struct contract *c, uint64_t bytes, vres_mem_info *info)
{
	vres_mem_info unwanted;
	vres_bmem *mem = NULL;

	ck_assert_msg(c->ops->mem_alloc(c->dev, bytes, &mem, info ? info : &unwanted, &c->err) ==
	                      VRES_OK,
	              "mem_alloc: %s", c->err.message);
	ck_assert_ptr_nonnull(mem);
	return mem;
}

void contract_release(struct contract *c, vres_bmem *mem)
{
	ck_assert_msg(c->ops->mem_release(mem, &c->err) == VRES_OK, "mem_release: %s",
	              c->err.message);
}

vres_blane *contract_lane(struct contract *c, size_t bytes, uint8_t **staging)
{
	vres_blane *lane = NULL;
	void *buffer = NULL;

	ck_assert_msg(c->ops->lane_open(c->dev, bytes, 0, &lane, &buffer, &c->err) == VRES_OK,
	              "lane_open: %s", c->err.message);
	ck_assert_ptr_nonnull(lane);
	ck_assert_int_eq(buffer == NULL, bytes == 0);
	if (staging)
		*staging = buffer;
	return lane;
}

void contract_wait(struct contract *c, vres_blane *lane)
{
	ck_assert_msg(c->ops->lane_wait(lane, PATIENCE, &c->err) == VRES_OK, "lane_wait: %s",
	              c->err.message);
}

vres_residency contract_residency(struct contract *c, vres_bmem *mem)
{
	vres_residency answer = {.struct_size = sizeof(answer)};

	ck_assert_msg(c->ops->mem_residency(mem, &answer, &c->err) == VRES_OK, "mem_residency: %s",
	              c->err.message);
	return answer;
}

static size_t part_of(uint64_t left)
{
	return left < PART ? (size_t)left : PART;
}

void contract_write(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed)
{
	uint8_t *staging;
	vres_blane *lane = contract_lane(c, PART, &staging);

	for (uint64_t done = 0; done < n; done += part_of(n - done)) {
		content_fill(staging, part_of(n - done), seed, offset + done);
		ck_assert_int_eq(
			c->ops->lane_push(lane, mem, offset + done, part_of(n - done), &c->err),
			VRES_OK);
		contract_wait(c, lane);
	}
	c->ops->lane_close(lane);
}

/* Asserts that memory holds the bytes that @want generates for each offset. */
static void holds(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n,
                  void (*want)(void *, size_t, uint64_t, uint64_t), uint64_t seed)
{
	uint8_t *staging;
	uint8_t *expected = test_alloc(PART);
	vres_blane *lane = contract_lane(c, PART, &staging);

	for (uint64_t done = 0; done < n; done += part_of(n - done)) {
		memset(staging, 0x5a, PART);
		want(expected, part_of(n - done), seed, offset + done);
		ck_assert_int_eq(
			c->ops->lane_pull(lane, mem, offset + done, part_of(n - done), &c->err),
			VRES_OK);
		contract_wait(c, lane);
		ck_assert_mem_eq(staging, expected, part_of(n - done));
	}
	c->ops->lane_close(lane);
	test_free(expected);
}

static void zeros_fill(void *buf, size_t n, uint64_t seed, uint64_t offset)
{
	(void)seed;
	(void)offset;
	memset(buf, 0, n);
}

void contract_holds(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed)
{
	holds(c, mem, offset, n, content_fill, seed);
}

void contract_holds_zeros(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n)
{
	holds(c, mem, offset, n, zeros_fill, 0);
}

void contract_flip(struct contract *c, vres_bmem *mem, uint64_t addr, uint64_t offset, unsigned bit)
{
	uint8_t *staging;
	vres_blane *lane;

	if (c->subject->flip) {
		ck_assert_int_eq(c->subject->flip(c->arg, addr + offset, bit), VRES_OK);
		return;
	}
	lane = contract_lane(c, 1, &staging);
	ck_assert_int_eq(c->ops->lane_pull(lane, mem, offset, 1, &c->err), VRES_OK);
	contract_wait(c, lane);
	staging[0] ^= (uint8_t)(1u << bit);
	ck_assert_int_eq(c->ops->lane_push(lane, mem, offset, 1, &c->err), VRES_OK);
	contract_wait(c, lane);
	c->ops->lane_close(lane);
}

static int variants(void)
{
	int n = 0;

	while (contract_subject(n))
		n++;
	return n;
}

#define CASES_MAX 64

int main(void)
{
	const struct contract_part parts[] = {contract_device_part(), contract_memory_part(),
	                                      contract_lane_part(), contract_hash_part(),
	                                      contract_failure_part()};
	struct suite_case cases[CASES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++)
		for (size_t k = 0; k < parts[i].n && n < CASES_MAX; k++) {
			cases[n] = parts[i].cases[k];
			cases[n++].loop = variants();
		}
	if (variants() == 0)
		return EXIT_FAILURE;
	return suite_run(contract_subject(0)->name, "contract", cases, n);
}
