/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cannot be asked of every device, and why: each is printed where it is not run.  Whole suites that cannot are named in docs/TESTING.md. */
#include <string.h>
#include "rig.h"
#include "suite.h"

/* Where a test is not run. */
#define FAKES   1u /* a fake driver whose controls are used */
#define GIVEN   2u /* a driver library that was given, and is taken for a real one */
#define SYSTEMS 4u /* the system's driver */
#define DRIVERS (FAKES | GIVEN | SYSTEMS)
#define PLAIN   8u /* any device whose memory has no guarantees */

#define EXPORTABLE "its memory can be exported always, which policy has to allow"
#define WRITABLE   "its memory cannot be made read-only"

static const struct excuse {
	const char *test;
	unsigned where;
	const char *why;
} excuses[] = {
	{"lost_device_answers_lost_to_everything_and_can_be_cleaned_up", GIVEN | SYSTEMS, "a real device cannot be lost at will"},
	{"the_mocks_parameters_are_judged_by_their_size_too", DRIVERS, "about the mock"},
	{"a_child_may_make_a_manager_of_its_own", DRIVERS, "the driver of a GPU does not survive a fork"},
	{"a_copy_that_was_not_made_is_not_sealed", DRIVERS, "what was put on a driver's stream happens"},
	{"a_hash_that_was_not_computed_is_the_drivers_failure_at_verify", DRIVERS, "what was put on a driver's stream happens"},
	{"a_readback_that_was_not_made_is_the_drivers_failure", DRIVERS, "what was put on a driver's stream happens"},
	{"a_range_that_the_driver_does_not_know_is_refused", GIVEN | SYSTEMS,
         "one device stands for two, and what lies beside a range may be somebody's"},
	{"the_strictest_policy_refuses_the_mock_and_tells_so", SYSTEMS, "the device is no simulation"},
	{"the_mock_is_refused_unless_policy_allows_simulation", SYSTEMS, "the device is no simulation"},
	{"a_driver_library_from_a_given_path_is_refused_unless_policy_allows_simulation", SYSTEMS, "no library is given here"},
	{"memory_that_can_be_exported_fails_in_every_mode", PLAIN, EXPORTABLE},
	{"memory_that_can_be_exported_is_not_adopted", PLAIN, EXPORTABLE},
	{"memory_that_can_be_exported_stops_the_manager", PLAIN, EXPORTABLE},
	{"that_memory_had_to_be_read_only_is_signed_too", PLAIN, WRITABLE},
	{"read_only_memory_is_refused_where_it_cannot_be_and_accepted_where_it_can", PLAIN, WRITABLE},
	{"read_only_memory_is_made_writable_again_to_be_wiped", PLAIN, WRITABLE},
	{"a_protection_that_was_not_put_on_is_not_signed", PLAIN, WRITABLE},
	{"no_backend_failure_with_read_only_memory_leaks_or_passes_for_success_or_tampering", PLAIN, WRITABLE},
	{"no_shortage_of_host_memory_with_read_only_memory_leaks_or_passes_for_anything_else", PLAIN, WRITABLE},
};

const char *suite_excuse(const char *test)
{
	const unsigned driver = rig_is_mock() ? 0 : rig_fake() ? FAKES : rig_library() ? GIVEN : SYSTEMS;
	const unsigned here = driver | (rig_model()->is_plain ? PLAIN : 0);

	for (size_t i = 0; i < COUNT(excuses); i++)
		if (strcmp(excuses[i].test, test) == 0 && (excuses[i].where & here))
			return excuses[i].why;
	return NULL;
}
