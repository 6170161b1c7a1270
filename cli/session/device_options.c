/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only tables; session.c and policy.c act on what was chosen. */
#include "session/device_options.h"

#include <vres/vres.h>

const struct option_word allow_words[] = {
	{"simulated", VRES_ALLOW_SIMULATED},
	{"integrated", VRES_ALLOW_INTEGRATED},
	{"no-ecc", VRES_ALLOW_NO_ECC},
	{"exportable", VRES_ALLOW_EXPORTABLE},
	{"readback", VRES_ALLOW_READBACK},
	{"unverifiable-host", VRES_ALLOW_UNVERIFIABLE_HOST},
	{"weak-lease", VRES_ALLOW_WEAK_LEASE},
	{"pinned-staging", VRES_ALLOW_PINNED_STAGING},
	{NULL, 0},
};

const struct option_word require_words[] = {
	{"vmm", VRES_REQUIRE_VMM},
	{"readonly", VRES_REQUIRE_READONLY},
	{"ecc", VRES_REQUIRE_ECC},
	{"audit", VRES_REQUIRE_AUDIT},
	{"stop", VRES_REQUIRE_STOP},
	{"expected", VRES_REQUIRE_EXPECTED},
	{NULL, 0},
};

static const struct option_word backend_words[] = {
	{"auto", BACKEND_AUTO},
	{"cuda", BACKEND_CUDA},
	{"hip", BACKEND_HIP},
	{"mock", BACKEND_MOCK},
	{NULL, 0},
};

static const struct option_spec specs[] = {
	{"backend", "NAME", OPTION(OPTION_CHOICE, struct device_options, backend),
         "auto (CUDA, then HIP; the default), cuda, hip, or mock: simulated VRAM for trials, with "
         "the policy bits simulated and no-ecc added",
         .words = backend_words},
	{"device", "N", OPTION(OPTION_COUNT, struct device_options, device),
         "which device of the backend; default 0", .most = UINT32_MAX - 1},
	{"allow", "BITS", OPTION(OPTION_BITS, struct device_options, allow),
         "tolerate, comma-separated: simulated, integrated, no-ecc, exportable, readback, "
         "unverifiable-host, weak-lease, pinned-staging",
         .words = allow_words},
	{"require", "BITS", OPTION(OPTION_BITS, struct device_options, require),
         "demand, comma-separated: vmm, readonly, ecc, audit, stop, expected",
         .words = require_words},
	{"headroom", "BYTES", OPTION(OPTION_BYTES, struct device_options, headroom),
         "device memory to leave free"},
	{"max-model-bytes", "BYTES", OPTION(OPTION_BYTES, struct device_options, max_model_bytes),
         "largest file to seal; default: the device's size", .least = 1},
	{"max-seal-age", "TIME", OPTION(OPTION_TIME, struct device_options, max_seal_age),
         "how long a seal is good; default: no limit", .least = 1},
	{"mock-vram", "BYTES", OPTION(OPTION_BYTES, struct device_options, mock_vram),
         "capacity of the mock, a multiple of 4096; default 1 GiB, or what the files need if that "
         "is more",
         .least = 1},
	{"verbose", NULL, OPTION(OPTION_FLAG, struct device_options, is_verbose),
         "print the library's log on stderr: a line for every event and operation, keys and values",
         .letter = 'v'},
	{"json", NULL, OPTION(OPTION_FLAG, struct device_options, is_json),
         "print one JSON document"},
};

const struct option_set device_option_set = {"Device and policy", specs, COUNT_OF(specs)};
