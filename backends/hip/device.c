/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Describing a device: the facts that policy judges, and notes for people.  No note says where a
 * buffer is.
 */
#include "hip/driver.h"
#include "gpu/facts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/*
 * The runtime has no query for hipMalloc's granularity.  The kernel driver counts device memory in
 * pieces of this size.
 */
#define GRANULARITY (UINT64_C(2) << 20)

/* An attribute of the device; 0 if the runtime does not know it. */
static int attribute_get(const struct gpu_binding *b, int attribute, int device, int *out)
{
	int value = 0;
	const int code = b->api.hipDeviceGetAttribute(&value, attribute, device);

	*out = code == HIP_OK ? value : 0;
	return code == HIP_INVALID_VALUE || code == HIP_NOT_SUPPORTED ? HIP_OK : code;
}

int hip_arch(const struct gpu_binding *b, int device, char out[HIP_ARCH_BYTES])
{
	char properties[HIP_PROPERTIES_BYTES] = {0};
	const char *arch =
		properties + (b->properties_v6 ? HIP6_PROPERTIES_ARCH : HIP5_PROPERTIES_ARCH);

	TRY(b->properties_v6 ? b->properties_v6(properties, device)
	                     : b->api.hipGetDeviceProperties(properties, device));
	if (strncmp(arch, "gfx", 3) != 0 || memchr(arch, '\0', HIP_ARCH_BYTES) == NULL)
		arch = "";
	memcpy(out, arch, strlen(arch) + 1);
	return HIP_OK;
}

/* Compares without the features, which follow a colon. */
static bool is_arch(const char *arch, const char *name)
{
	const size_t n = strlen(name);

	return strncmp(arch, name, n) == 0 && (arch[n] == '\0' || arch[n] == ':');
}

/* gfx940 to gfx942 are discrete as MI300X and an APU as MI300A. */
bool hip_may_be_apu(const char *arch)
{
	static const char *const names[] = {"gfx801",  "gfx902",  "gfx909",  "gfx90c",  "gfx940",
	                                    "gfx941",  "gfx942",  "gfx1033", "gfx1035", "gfx1036",
	                                    "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (is_arch(arch, names[i]))
			return true;
	return arch[0] == '\0';
}

/*
 * Does the UUID identify one device?  Then it is sixteen hexadecimal digits; otherwise many devices
 * have the same.
 */
static bool is_unique(const struct hip_uuid *uuid)
{
	for (size_t i = 0; i < sizeof(uuid->bytes); i++)
		if (!isxdigit((unsigned char)uuid->bytes[i]))
			return false;
	return true;
}

/* The UUID as rocminfo prints it, "GPU-..."; if there is none, the address on the PCI bus. */
static int find_names(const struct gpu_binding *b, int device, const char *arch,
                      vres_device_props *props)
{
	struct hip_uuid uuid;
	char bus[32] = {0};

	TRY(b->api.hipDeviceGetName(props->name, (int)sizeof(props->name) - 1, device));
	if (props->name[0] == '\0')
		(void)snprintf(props->name, sizeof(props->name), "AMD GPU %.100s", arch);
	memset(&uuid, 0, sizeof(uuid));
	TRY(b->api.hipDeviceGetUuid(&uuid, device));
	TRY(b->api.hipDeviceGetPCIBusId(bus, (int)sizeof(bus) - 1, device));
	if (is_unique(&uuid))
		(void)snprintf(props->uuid, sizeof(props->uuid), "GPU-%.16s", uuid.bytes);
	else
		(void)snprintf(props->uuid, sizeof(props->uuid), "PCI-%s", bus);
	return HIP_OK;
}

/* Runtimes so far never report ECC as on, so a 0 means "unknown", not "off". */
static int find_facts(const struct gpu_binding *b, int device, const char *arch,
                      vres_device_props *props)
{
	int integrated, ecc;

	TRY(attribute_get(b, HIP_DEVICE_INTEGRATED, device, &integrated));
	TRY(attribute_get(b, HIP_DEVICE_ECC_ENABLED, device, &ecc));
	if (integrated || (b->version < HIP_VERSION_KNOWS_APUS && hip_may_be_apu(arch)))
		props->facts |= VRES_DEVICE_INTEGRATED;
	if (gpu_host_is_unverifiable())
		props->facts |= VRES_DEVICE_UNVERIFIABLE_HOST;
	props->ecc = ecc ? VRES_ECC_ON : VRES_ECC_UNKNOWN;
	return HIP_OK;
}

static int add_notes(const struct gpu_binding *b, int device, const char *arch,
                     vres_device_props *props)
{
	int unified, managed, host_mapping, large_bar;

	TRY(attribute_get(b, HIP_DEVICE_UNIFIED_ADDRESSING, device, &unified));
	TRY(attribute_get(b, HIP_DEVICE_MANAGED_MEMORY, device, &managed));
	TRY(attribute_get(b, HIP_DEVICE_CAN_MAP_HOST_MEMORY, device, &host_mapping));
	TRY(attribute_get(b, HIP_DEVICE_LARGE_BAR, device, &large_bar));
	gpu_note(props, "experimental", "yes: this backend has not yet run on a GPU");
	gpu_note(props, "driver", "HIP %d.%d", b->version / 10000000,
	         b->version % 10000000 / 100000);
	gpu_note(props, "architecture", "%s", arch[0] ? arch : "not known");
	gpu_note(props, "allocation", "hipMalloc, exportable by IPC");
	gpu_note_sharing(props, unified, managed, host_mapping);
	gpu_note(props, "large_bar", "%s",
	         large_bar ? "yes: this process can address device memory" : "no");
	gpu_note(props, "peer_access", "not known: HIP does not tell");
	return HIP_OK;
}

int hip_describe(const struct gpu_binding *b, uint32_t index, vres_device_props *out)
{
	const int device = (int)index;
	vres_device_props props = *out;
	char arch[HIP_ARCH_BYTES];
	size_t total;

	TRY(hip_arch(b, device, arch));
	TRY(find_names(b, device, arch, &props));
	TRY(b->api.hipDeviceTotalMem(&total, device));
	props.total_bytes = total;
	props.granularity = GRANULARITY;
	TRY(find_facts(b, device, arch, &props));
	TRY(add_notes(b, device, arch, &props));
	*out = props;
	return HIP_OK;
}

int hip_processors(const struct gpu_binding *b, uint32_t device, uint32_t *out)
{
	int count;

	TRY(attribute_get(b, HIP_DEVICE_PROCESSORS, (int)device, &count));
	*out = count > 0 ? (uint32_t)count : 0;
	return HIP_OK;
}
