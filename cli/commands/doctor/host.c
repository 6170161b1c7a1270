/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host: where keys lie, what a crash leaves behind, and what time it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>
#include "commands/doctor/findings.h"

/*
 * The most memory that is locked at one time: a token file of 1 MiB while it is read, and a page
 * each for a key, a manager's subkeys and the library's own check.
 */
#define LOCK_NEED (((uint64_t)1 << 20) + 3 * 4096)

/* What to do about a fact that the system does not tell. */
#define UNREADABLE                                                                                 \
	"let the process read /proc and ask for its own limits, or look from outside the "         \
	"container"

/* A clock before this library was written, or long after, is wrong. */
#define YEAR_LEAST 2025
#define YEAR_MOST  2125

static void look_at_limit(struct doctor *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		doctor_say(d, FINDING_WARN, "locked memory", UNREADABLE, "cannot be asked");
	else if (limit.rlim_cur == RLIM_INFINITY)
		doctor_say(d, FINDING_GOOD, "locked memory", NULL, "no limit");
	else
		doctor_say(d, limit.rlim_cur >= LOCK_NEED ? FINDING_GOOD : FINDING_WARN,
		           "locked memory",
		           "raise it: LimitMEMLOCK=8M in the systemd unit, or ulimit -l 8192",
		           "%" PRIu64 " bytes allowed, %" PRIu64 " needed",
		           (uint64_t)limit.rlim_cur, LOCK_NEED);
}

void doctor_look_at_secrets(struct doctor *d)
{
	vres_self_report self = vres_self_report_init();
	vres_error err;

	if (vres_self_check(&self, &err) != VRES_OK) {
		output_fail(d->o, NULL, &err);
		return;
	}
	doctor_say(d, FINDING_GOOD, "library", NULL, "libvres %s, %s", vres_version(), self.crypto);
	doctor_say(d,
	           self.secret_memory || (self.locked && self.undumped && self.kept_from_children)
	                   ? FINDING_GOOD
	                   : FINDING_WARN,
	           "keys", "raise LimitMEMLOCK, and let memfd_secret(2) through the seccomp filter",
	           "%s; %slocked, %sleft out of core files, %skept from children",
	           self.secret_memory ? "in secret memory (memfd_secret)"
	                              : "in an ordinary mapping",
	           self.locked ? "" : "NOT ", self.undumped ? "" : "NOT ",
	           self.kept_from_children ? "" : "NOT ");
	look_at_limit(d);
}

/* The kernel's pattern for names of core files; false when it cannot be read. */
static bool read_core_pattern(char *pattern, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "re");
	bool is_read;

	if (f == NULL)
		return false;
	is_read = fgets(pattern, (int)size, f) != NULL;
	fclose(f);
	if (is_read)
		pattern[strcspn(pattern, "\n")] = '\0';
	return is_read;
}

static void look_at_core_pattern(struct doctor *d)
{
	char pattern[256];

	if (!read_core_pattern(pattern, sizeof(pattern)))
		doctor_say(d, FINDING_WARN, "core pattern", UNREADABLE, "cannot be read");
	else
		doctor_say(
			d, pattern[0] == '|' ? FINDING_WARN : FINDING_GOOD, "core pattern",
			"a program gets the core whatever the limit is: see that it keeps none of "
			"this process, or set kernel.core_pattern=core",
			"%s", pattern[0] != '\0' ? pattern : "empty: no core files");
}

void doctor_look_at_dumps(struct doctor *d)
{
	static const char advice[] = "weights pass through host buffers while they are loaded: "
				     "LimitCORE=0 in the systemd "
				     "unit, or ulimit -c 0";
	struct rlimit limit = {0};
	const bool is_known = getrlimit(RLIMIT_CORE, &limit) == 0;
	const bool is_off = is_known && limit.rlim_cur == 0;
	const int dumpable = prctl(PR_GET_DUMPABLE);

	doctor_say(d, is_off ? FINDING_GOOD : FINDING_WARN, "core files", advice, "%s",
	           is_off     ? "off (RLIMIT_CORE is 0)"
	           : is_known ? "on (RLIMIT_CORE is not 0)"
	                      : "cannot be asked");
	look_at_core_pattern(d);
	doctor_say(d, dumpable < 0 ? FINDING_WARN : FINDING_GOOD, "dumpable", UNREADABLE, "%s",
	           dumpable < 0    ? "cannot be asked"
	           : dumpable == 1 ? "yes, as processes are: others of this user may look into them"
	                           : "no");
}

void doctor_look_at_clock(struct doctor *d)
{
	struct timex now = {.modes = 0};
	const int state = adjtimex(&now);
	const time_t t = time(NULL);
	struct tm utc = {.tm_year = 0};
	const bool is_sane = gmtime_r(&t, &utc) != NULL && utc.tm_year + 1900 >= YEAR_LEAST &&
	                     utc.tm_year + 1900 <= YEAR_MOST;
	const bool is_synchronised =
		state >= 0 && state != TIME_ERROR && (now.status & STA_UNSYNC) == 0;
	char text[40] = "";

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	doctor_say(d, is_sane ? FINDING_GOOD : FINDING_BAD, "clock",
	           "set it: sealed_at and the audit log's times come from it", "%s", text);
	doctor_say(d, is_synchronised ? FINDING_GOOD : FINDING_WARN, "clock synchronised",
	           "run chrony or systemd-timesyncd: records of several hosts are compared by time",
	           "%s",
	           state < 0         ? "cannot be asked"
	           : is_synchronised ? "yes"
	                             : "no");
}
