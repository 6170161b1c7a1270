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
	{"vmm", VRES_REQUIRE_VMM},   {"readonly", VRES_REQUIRE_READONLY},
	{"ecc", VRES_REQUIRE_ECC},   {"audit", VRES_REQUIRE_AUDIT},
	{"stop", VRES_REQUIRE_STOP}, {NULL, 0},
};

static const struct option_word backend_words[] = {
	{"auto", BACKEND_AUTO},
	{"cuda", BACKEND_CUDA},
	{"hip", BACKEND_HIP},
	{"mock", BACKEND_MOCK},
	{NULL, 0},
};

static const struct option_spec specs[] = {
	{.name = "backend",
         .argument = "NAME",
         .kind = OPTION_CHOICE,
         .offset = offsetof(struct device_options, backend),
         .words = backend_words,
         .help = "auto (CUDA, then HIP; the default), cuda, hip, or mock: simulated VRAM for "
                 "trials, with the policy bits simulated and no-ecc "
                 "added"},
	{.name = "device",
         .argument = "N",
         .kind = OPTION_COUNT,
         .offset = offsetof(struct device_options, device),
         .most = UINT32_MAX - 1,
         .help = "which device of the backend; default 0"},
	{.name = "allow",
         .argument = "BITS",
         .kind = OPTION_BITS,
         .offset = offsetof(struct device_options, allow),
         .words = allow_words,
         .help = "tolerate, comma-separated: simulated, integrated, no-ecc, exportable, readback, "
                 "unverifiable-host, weak-lease, "
                 "pinned-staging"},
	{.name = "require",
         .argument = "BITS",
         .kind = OPTION_BITS,
         .offset = offsetof(struct device_options, require),
         .words = require_words,
         .help = "demand, comma-separated: vmm, readonly, ecc, audit, stop"},
	{.name = "headroom",
         .argument = "BYTES",
         .kind = OPTION_BYTES,
         .offset = offsetof(struct device_options, headroom),
         .help = "device memory to leave free"},
	{.name = "max-model-bytes",
         .argument = "BYTES",
         .kind = OPTION_BYTES,
         .offset = offsetof(struct device_options, max_model_bytes),
         .least = 1,
         .help = "largest file to seal; default: the device's size"},
	{.name = "max-seal-age",
         .argument = "TIME",
         .kind = OPTION_TIME,
         .offset = offsetof(struct device_options, max_seal_age),
         .least = 1,
         .help = "how long a seal is good; default: no limit"},
	{.name = "mock-vram",
         .argument = "BYTES",
         .kind = OPTION_BYTES,
         .offset = offsetof(struct device_options, mock_vram),
         .least = 1,
         .help = "capacity of the mock, a multiple of 4096; default 1 GiB, or what the files need "
                 "if that is more"},
	{.name = "verbose",
         .letter = 'v',
         .kind = OPTION_FLAG,
         .offset = offsetof(struct device_options, is_verbose),
         .help = "print the library's log on stderr: a line for every event and operation, keys "
                 "and values"},
	{.name = "json",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct device_options, is_json),
         .help = "print one JSON document"},
};

const struct option_set device_option_set = {"Device and policy", specs, COUNT_OF(specs)};
