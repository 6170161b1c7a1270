/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plug-in host loads the library, uses it and unloads it, again and again.  The library then
 * stays loaded, because what it keeps of OpenSSL lasts as long as the process.  So nothing may pile
 * up.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <string.h>
#include <vres/key.h>

#include "support/suite/suite.h"

#define TIMES 20

typedef vres_status (*derive_fn)(const void *, size_t, const char *, vres_key **, vres_error *);
typedef void (*destroy_fn)(vres_key *);

/* dlsym() may return functions by POSIX, but C has no cast for that. */
static void find(void *library, const char *name, void *out)
{
	void *address = dlsym(library, name);

	ck_assert_msg(address != NULL, "%s is not in the library", name);
	memcpy(out, &address, sizeof(address));
}

static void load_use_unload(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	vres_key *key = NULL;
	derive_fn derive;
	destroy_fn destroy;
	vres_error err;

	ck_assert_msg(library != NULL, "%s", dlerror());
	find(library, "vres_key_derive", &derive);
	find(library, "vres_key_destroy", &destroy);
	ck_assert_int_eq(derive("token", 5, NULL, &key, &err), VRES_OK);
	destroy(key);
	ck_assert_int_eq(dlclose(library), 0);
}

START_TEST(loading_and_unloading_again_and_again_takes_no_more_memory)
{
	size_t before;

	load_use_unload();
	before = mallinfo2().uordblks;
	for (int i = 0; i < TIMES; i++)
		load_use_unload();
	/* Without that each round leaks 82 KiB. */
	ck_assert_uint_le(mallinfo2().uordblks, before + 4096);
}
END_TEST

START_TEST(library_that_was_used_stays_loaded)
{
	void *library;

	load_use_unload();
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);
	ck_assert_ptr_nonnull(library);
	ck_assert_int_eq(dlclose(library), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(loading_and_unloading_again_and_again_takes_no_more_memory, "", "",
	             "a plug-in host that runs out of memory"),
		CASE(library_that_was_used_stays_loaded, "", "", ""),
	};

	return suite_run("abi.unload", "abi", cases, COUNT(cases));
}
