/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables of the environment with which engines let weights leave VRAM, each its own way. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "commands/doctor/findings.h"

enum when {
	WHEN_SET,     /* whatever its value is */
	WHEN_ON,      /* unless it says no */
	WHEN_IS,      /* when the value is the word */
	WHEN_KEY_IS,  /* when the value, "KEY:VALUE,...", has the word, which is "KEY:VALUE" */
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

#define POOLED "memory of a pool has other residency facts: see that they satisfy the policy"

/* The names of one setting of PyTorch's allocator: of all devices, of CUDA, of HIP. */
#define PYTORCH(name)                                                                              \
	{name, WHEN_KEY_IS, "backend:cudaMallocAsync", FINDING_WARN, POOLED},                      \
		{name, WHEN_KEY_IS, "backend:hipMallocAsync", FINDING_WARN, POOLED},               \
	{                                                                                          \
		name, WHEN_KEY_IS, "expandable_segments:True", FINDING_WARN,                       \
			"segments are remapped while they grow: seal when the engine has loaded"   \
	}

static const struct variable variables[] = {
	/* ggml asks whether it is set, not to what. */
	{"GGML_CUDA_ENABLE_UNIFIED_MEMORY", WHEN_SET, NULL, FINDING_BAD, UNIFIED},
	{"TF_FORCE_UNIFIED_MEMORY", WHEN_ON, NULL, FINDING_BAD, UNIFIED},
	{"XLA_PYTHON_CLIENT_MEM_FRACTION", WHEN_ABOVE_1, NULL, FINDING_BAD, UNIFIED},
	{"XLA_CLIENT_MEM_FRACTION", WHEN_ABOVE_1, NULL, FINDING_BAD, UNIFIED},
	{"HSA_XNACK", WHEN_ON, NULL, FINDING_WARN,
         "unset it unless it is needed: pages may migrate between host and device"},
	PYTORCH("PYTORCH_ALLOC_CONF"),
	PYTORCH("PYTORCH_CUDA_ALLOC_CONF"),
	PYTORCH("PYTORCH_HIP_ALLOC_CONF"),
	{"TF_GPU_ALLOCATOR", WHEN_IS, "cuda_malloc_async", FINDING_WARN, POOLED},
	{"TF_GPU_ALLOCATOR", WHEN_IS, "cuda_malloc", FINDING_GOOD, NULL},
	{"CUDA_ENABLE_COREDUMP_ON_EXCEPTION", WHEN_ON, NULL, FINDING_WARN, DUMPS},
	{"CUDA_ENABLE_USER_TRIGGERED_COREDUMP", WHEN_ON, NULL, FINDING_WARN, DUMPS},
	{"LD_PRELOAD", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	{"LD_LIBRARY_PATH", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	{"LD_AUDIT", WHEN_SET, NULL, FINDING_WARN, SWAPPED},
	/* These renumber devices, which is worth knowing. */
	{"CUDA_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
	{"HIP_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
	{"ROCR_VISIBLE_DEVICES", WHEN_SET, NULL, FINDING_GOOD, NULL},
};

/* Bytes of the first "KEY:VALUE" of a list, up to a comma that is not inside brackets. */
static size_t setting_bytes(const char *text)
{
	size_t n = 0;

	for (int depth = 0; text[n] != '\0' && (text[n] != ',' || depth > 0); n++)
		depth += (text[n] == '[') - (text[n] == ']' && depth > 0);
	return n;
}

/* Does the list have @word, apart from blanks and from the case of letters? */
static bool has_setting(const char *list, const char *word)
{
	for (;;) {
		const size_t n = setting_bytes(list);
		const char *w = word;

		for (size_t i = 0; i < n; i++) {
			if (list[i] == ' ')
				continue;
			if (*w == '\0' || (list[i] | 0x20) != (*w | 0x20))
				break;
			w++;
			if (*w == '\0' && strspn(list + i + 1, " ") == n - i - 1)
				return true;
		}
		if (list[n] == '\0')
			return false;
		list += n + 1;
	}
}

static bool applies(const struct variable *v, const char *value)
{
	char *end;

	if (value == NULL)
		return false;
	switch (v->when) {
	case WHEN_SET: return value[0] != '\0' || v->finding == FINDING_BAD;
	case WHEN_ON:
		return value[0] != '\0' && strcmp(value, "0") != 0 &&
		       strcasecmp(value, "false") != 0;
	case WHEN_IS: return strcmp(value, v->word) == 0;
	case WHEN_KEY_IS: return has_setting(value, v->word);
	case WHEN_ABOVE_1:
		/* What is no number is worth a look: it is not known to be below 1. */
		return value[0] != '\0' && (strtod(value, &end) > 1 || *end != '\0');
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
	/* The value is a secret, so it is not shown. */
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
