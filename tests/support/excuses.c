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
	{"a_range_that_the_driver_does_not_know_is_refused", GIVEN | SYSTEMS, "the driver's granule reaches further than the range"},
	{"the_strictest_policy_refuses_the_mock_and_tells_so", SYSTEMS, "the device is no simulation"},
	{"the_mock_is_refused_unless_policy_allows_simulation", SYSTEMS, "the device is no simulation"},
	{"a_driver_library_from_a_given_path_is_refused_unless_policy_allows_simulation", SYSTEMS, "no library is given here"},
};

const char *suite_excuse(const char *test)
{
	const unsigned here = rig_is_mock() ? 0 : rig_fake() ? FAKES : rig_library() ? GIVEN : SYSTEMS;

	for (size_t i = 0; i < COUNT(excuses); i++)
		if (strcmp(excuses[i].test, test) == 0 && (excuses[i].where & here))
			return excuses[i].why;
	return NULL;
}
