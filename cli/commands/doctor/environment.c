/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Variables of the environment that work against the policy: each engine has its own way to let
 * weights leave VRAM.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "commands/doctor/findings.h"

enum when {
	WHEN_SET,     /* whatever its value is */
	WHEN_ON,      /* unless it says no */
	WHEN_SAYS,    /* when the value has the word */
	WHEN_ABOVE_1, /* a fraction of the memory that is more than all of it */
};

struct variable {
	const char *name;
	enum when when;
	const char *word;
	enum finding finding;
	const char *fix;
};

#define UNIFIED                                                                                    \
	"unset it: weights of the engine would be in memory that migrates to the host, which the " \
	"policy refuses"
#define DUMPS                                                                                      \
	"unset it where real weights are: a fault on the device would write its memory to a file"
#define SWAPPED                                                                                    \
	"see that no other driver library comes first that way; the system's own is the one to "   \
	"trust"

static const struct variable variables[] = {
	/* Ggml looks whether it is there, not what it says. */
	{"GGML_CUDA_ENABLE_UNIFIED_MEMORY", WHEN_SET, NULL, FINDING_BAD, UNIFIED},
	{"TF_FORCE_UNIFIED_MEMORY", WHEN_ON, NULL, FINDING_BAD, UNIFIED},
	{"XLA_PYTHON_CLIENT_MEM_FRACTION", WHEN_ABOVE_1, NULL, FINDING_BAD, UNIFIED},
	{"XLA_CLIENT_MEM_FRACTION", WHEN_ABOVE_1, NULL, FINDING_BAD, UNIFIED},
	{"HSA_XNACK", WHEN_ON, NULL, FINDING_WARN,
         "unset it unless it is needed: pages may migrate between host and device"},
	{"PYTORCH_CUDA_ALLOC_CONF", WHEN_SAYS, "managed", FINDING_BAD, UNIFIED},
	{"PYTORCH_CUDA_ALLOC_CONF", WHEN_SAYS, "cudaMallocAsync", FINDING_WARN,
         "memory of a pool has other residency facts: see that they satisfy the policy"},
	{"PYTORCH_CUDA_ALLOC_CONF", WHEN_SAYS, "expandable_segments", FINDING_WARN,
         "segments are remapped while they grow: seal when the engine has loaded"},
	{"PYTORCH_ALLOC_CONF", WHEN_SAYS, "managed", FINDING_BAD, UNIFIED},
	{"PYTORCH_ALLOC_CONF", WHEN_SAYS, "expandable_segments", FINDING_WARN,
         "segments are remapped while they grow: seal when the engine has loaded"},
	{"PYTORCH_HIP_ALLOC_CONF", WHEN_SAYS, "expandable_segments", FINDING_WARN,
         "segments are remapped while they grow: seal when the engine has loaded"},
	{"CUDA_ENABLE_COREDUMP_ON_EXCEPTION", WHEN_ON, NULL, FINDING_WARN, DUMPS},
	{"CUDA_ENABLE_USER_TRIGGERED_COREDUMP", WHEN_ON, NULL, FINDING_WARN, DUMPS},
	{"LD_PRELOAD", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	{"LD_LIBRARY_PATH", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	{"LD_AUDIT", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	/* It renumbers devices, which is worth knowing. */
	{"CUDA_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
	{"HIP_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
	{"ROCR_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
};

static bool applies(const struct variable *v, const char *value)
{
	if (value == NULL)
		return false;
	switch (v->when) {
	case WHEN_SET: return value[0] != '\0' || v->finding == FINDING_BAD;
	case WHEN_ON:
		return value[0] != '\0' && strcmp(value, "0") != 0 &&
		       strcasecmp(value, "false") != 0;
	case WHEN_SAYS: return strstr(value, v->word) != NULL;
	case WHEN_ABOVE_1: return strtod(value, NULL) > 1;
	}
	return false;
}

void doctor_look_at_environment(struct doctor *d)
{
	unsigned found = 0;
	char **entry = environ;
	const char *name;
	size_t n;

	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		const struct variable *v = &variables[i];
		const char *value = getenv(v->name);

		if (!applies(v, value))
			continue;
		doctor_say(d, v->finding, "environment", v->fix, "%s=%s", v->name, value);
		d->is_refused |= v->finding == FINDING_BAD;
		found += v->finding != FINDING_GOOD;
	}
	/* Its value is nobody's business. */
	while ((name = key_in_environment(&entry, &n)) != NULL) {
		doctor_say(d, FINDING_BAD, "environment",
		           "unset it: a secret comes from a token file or a credential; vres "
		           "refuses to run with it",
		           "%.*s is set", (int)n, name);
		found++;
	}
	if (found == 0)
		doctor_say(d, FINDING_GOOD, "environment", NULL,
		           "nothing that works against the policy");
}
