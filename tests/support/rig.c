/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing the device, and its functions: the mock's own, or the tap's with a fake driver's where there is one. */
#include "rig.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alloc.h"
#include "suite.h"
#include "tap.h"

/* A backend is one line here, and one in tests/fake/CMakeLists.txt. */
static const struct rig_model models[] = {
	{"mock", NULL, false, 0, false},
	{"cuda", vres_backend_cuda, false, 0, false},
	{"cuda_plain", vres_backend_cuda, true, VRES_ALLOW_EXPORTABLE, true},
	{"hip", vres_backend_hip, true, (uint64_t)VRES_ALLOW_EXPORTABLE | VRES_ALLOW_NO_ECC, false},
	{"hip5", vres_backend_hip, true, (uint64_t)VRES_ALLOW_EXPORTABLE | VRES_ALLOW_NO_ECC, true},
};

struct rig {
	vres_mock *mock;
	struct tap *tap;
	bool is_bare;
};

/* What was chosen: a table has no argument to find it by, and no test chooses again. */
static struct {
	const struct rig_model *model;
	const struct fake_driver *fake;
	vres_backend table;
	unsigned rigs; /* alive */
	vres_bdev *held;
} chosen;

static const struct fake_driver *find_fake(const char *library)
{
	const char *blind = getenv("VRES_TEST_BLIND");
	fake_driver_find find = NULL;
	void *handle, *symbol;

	if (library == NULL || (blind && strcmp(blind, "1") == 0))
		return NULL;
	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	symbol = handle ? dlsym(handle, FAKE_DRIVER) : NULL;
	memcpy(&find, &symbol, sizeof(find));
	if (handle)
		(void)dlclose(handle);
	return find ? find() : NULL;
}

const struct rig_model *rig_model(void)
{
	const char *name = getenv("VRES_TEST_DEVICE");

	for (size_t i = 0; i < COUNT(models) && chosen.model == NULL; i++)
		if (strcmp(models[i].name, name && *name ? name : "mock") == 0)
			chosen.model = &models[i];
	if (chosen.model == NULL) {
		fprintf(stderr, "VRES_TEST_DEVICE names no device: %s\n", name);
		exit(EXIT_FAILURE);
	}
	if (chosen.table.abi == 0 && chosen.model->backend) {
		chosen.table = tap_table(chosen.model->backend());
		chosen.fake = find_fake(rig_library());
	}
	return chosen.model;
}

const char *rig_library(void)
{
	const char *library = getenv("VRES_TEST_LIBRARY");

	return library && *library && !rig_is_mock() ? library : NULL;
}

const struct fake_driver *rig_fake(void)
{
	(void)rig_model();
	return chosen.fake;
}

bool rig_is_mock(void)
{
	return chosen.model ? chosen.model->backend == NULL : rig_model()->backend == NULL;
}

bool rig_is_simulated(void)
{
	return rig_is_mock() || rig_library() != NULL;
}

const vres_backend *rig_backend(void)
{
	return rig_is_mock() ? vres_backend_mock() : &chosen.table;
}

const char *rig_name(void)
{
	return rig_backend()->name;
}

static struct rig *mock_begin(struct rig *rig, const vres_mock_params *like)
{
	vres_error err;

	ck_assert_msg(vres_mock_create(like, &rig->mock, &err) == VRES_OK, "vres_mock_create: %s", err.message);
	return rig;
}

/* Making a GPU's context takes long.  A process without one holds it from its first rig on, as an engine would. */
static void hold_context(void)
{
	const vres_backend *backend = rig_model()->backend();
	const vres_backend_open params = {.struct_size = sizeof(params), .library_path = rig_library()};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self;
	vres_error err;

	if (chosen.held)
		return;
	alloc_spare();
	ck_assert_msg(backend->open(&params, &self, &err) == VRES_OK, "open: %s", err.message);
	ck_assert_msg(backend->device_open(self, 0, &props, &chosen.held, &err) == VRES_OK, "device_open: %s", err.message);
	alloc_spared();
}

struct rig *rig_create(const vres_mock_params *like)
{
	struct rig *rig = test_alloc(sizeof(*rig));
	const struct fake_driver *fake = rig_fake();
	const struct fake_kind kind = {
		.devices = like->devices,
		.bytes_per_device = UINT64_C(4) << 30, /* the tap has the exact limit */
		.granularity = like->granularity ? like->granularity : 4096,
		.is_plain = rig_model()->is_plain,
		.no_best_image = rig_model()->is_plain, /* an old one */
	};

	suite_backend(rig_name());
	if (rig_is_mock())
		return mock_begin(rig, like);
	if (fake && chosen.rigs++ == 0) { /* a process has one driver, whatever the number of fixtures */
		fake->reset(&kind);
		fake->engine_enter();
	}
	if (fake == NULL)
		hold_context();
	rig->tap = tap_create(rig_model()->backend(), rig_library(), like);
	if (fake)
		tap_use_fake(rig->tap, fake->lose, fake->is_zero);
	return rig;
}

void rig_destroy(struct rig *rig)
{
	const struct fake_driver *fake = rig_fake();

	if (rig->mock)
		vres_mock_destroy(rig->mock);
	if (rig->tap)
		tap_destroy(rig->tap);
	test_free(rig);
	if (fake && --chosen.rigs == 0) {
		ck_assert_uint_eq(fake->live(), 0);
		ck_assert(fake->engine_is_current());
	}
}

vres_mock *rig_mock(struct rig *rig)
{
	return rig->mock;
}

void rig_bare(struct rig *rig)
{
	ck_assert_ptr_nonnull(rig_fake());
	rig->is_bare = true;
}

void rig_configure(struct rig *rig, vres_config *config)
{
	config->backend = rig->is_bare ? rig_model()->backend() : rig_backend();
	config->backend_arg = rig->mock ? (void *)rig->mock : (void *)rig->tap;
	config->library_path = rig_library();
}

void rig_fail(struct rig *rig, vres_mock_op op, uint64_t nth, vres_status status)
{
	if (rig->mock)
		vres_mock_fail(rig->mock, op, nth, status);
	else
		tap_fail(rig->tap, op, nth, status);
}

void rig_delay(struct rig *rig, vres_mock_op op, uint64_t ns)
{
	if (rig->mock)
		vres_mock_delay(rig->mock, op, ns);
	else
		tap_delay(rig->tap, op, ns);
}

vres_status rig_flip(struct rig *rig, uint64_t addr, unsigned bit)
{
	if (rig->mock)
		return vres_mock_flip(rig->mock, addr, bit);
	if (rig_fake())
		return bit <= 7 && rig_fake()->flip(addr, bit) ? VRES_OK : VRES_E_INVALID_INPUT;
	return tap_flip(rig->tap, addr, bit);
}

void rig_pretend(struct rig *rig, uint64_t addr, uint32_t lies)
{
	if (rig->mock)
		vres_mock_pretend(rig->mock, addr, lies);
	else if (rig_fake())
		ck_assert(rig_fake()->pretend(addr, lies));
	else
		tap_pretend(rig->tap, addr, lies);
}

vres_status rig_alloc(struct rig *rig, uint32_t device, uint64_t bytes, const void *content, uint64_t *addr)
{
	if (rig->mock)
		return vres_mock_alloc(rig->mock, device, bytes, content, addr);
	if (!rig->is_bare)
		return tap_alloc(rig->tap, device, bytes, content, addr);
	*addr = rig_fake()->engine_alloc(device, bytes);
	return VRES_OK;
}

void rig_free(struct rig *rig, uint64_t addr)
{
	if (rig->mock)
		vres_mock_free(rig->mock, addr);
	else if (!rig->is_bare)
		tap_free(rig->tap, addr);
	else
		rig_fake()->engine_free(addr);
}

void rig_lose_device(struct rig *rig, uint32_t device)
{
	if (rig->mock)
		vres_mock_lose_device(rig->mock, device);
	else
		tap_lose_device(rig->tap, device);
}

uint64_t rig_calls(const struct rig *rig, vres_mock_op op)
{
	return rig->mock ? vres_mock_calls(rig->mock, op) : tap_calls(rig->tap, op);
}

uint64_t rig_live_handles(const struct rig *rig)
{
	return rig->mock ? vres_mock_live_handles(rig->mock) : tap_live_handles(rig->tap);
}

uint64_t rig_unwiped(const struct rig *rig)
{
	return rig->mock ? vres_mock_unwiped(rig->mock) : tap_unwiped(rig->tap);
}
