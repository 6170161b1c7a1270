/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One lease for each file whose bits are flipped. */
#include "shards/fault_injection.h"

#include <inttypes.h>
#include "ui/units.h"

static const struct option_spec specs[] = {
	{"mock-flip", "F:OFFSET:BIT@N", OPTION(OPTION_LIST, struct fault_options, flips),
         "flip one bit of the mock's VRAM before verification N; F counts the FILEs from 0; may be "
         "repeated"},
};

const struct option_set fault_option_set = {"Fault injection", specs, COUNT_OF(specs)};

static bool parse_flip(const char *text, struct flip *out)
{
	uint64_t *const fields[] = {&out->file, &out->offset, &out->bit, &out->before};
	const char ends[] = {':', ':', '@', '\0'};

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const size_t n = parse_digits(text, fields[i]);

		if (n == 0 || text[n] != ends[i])
			return false;
		text += n + 1;
	}
	return true;
}

static bool check_flip(struct output *o, const struct flip *f, const struct inputs *in)
{
	if (f->file >= in->count)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--mock-flip names file %" PRIu64
		                     ", and there are %zu, counted from 0",
		                     f->file, in->count);
	if (f->offset >= in->items[f->file].bytes)
		return output_refuse(o, EXIT_USAGE, in->items[f->file].name,
		                     "--mock-flip at offset %" PRIu64 " of %" PRIu64 " bytes",
		                     f->offset, in->items[f->file].bytes);
	if (f->bit > 7)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--mock-flip of bit %" PRIu64 ": bits are 0 to 7", f->bit);
	return f->before != 0 ||
	       output_refuse(o, EXIT_USAGE, NULL, "--mock-flip counts verifications from 1");
}

bool faults_parse(struct faults *d, struct output *o, const struct fault_options *options,
                  uint64_t backend, const struct inputs *in, uint64_t verifications)
{
	*d = (struct faults){.count = 0};
	if (options->flips.count != 0 && backend != BACKEND_MOCK)
		return output_refuse(o, EXIT_USAGE, NULL, "--mock-flip needs --backend mock");
	for (size_t i = 0; i < options->flips.count; i++) {
		if (!parse_flip(options->flips.items[i], &d->flips[i]))
			return output_refuse(o, EXIT_USAGE, NULL,
			                     "--mock-flip takes FILE:OFFSET:BIT@N, four whole "
			                     "numbers, such as 0:4096:3@2");
		if (!check_flip(o, &d->flips[i], in))
			return false;
		if (verifications != 0 && d->flips[i].before > verifications)
			return output_refuse(o, EXIT_USAGE, NULL,
			                     "--mock-flip before verification %" PRIu64
			                     ", and there will be %" PRIu64,
			                     d->flips[i].before, verifications);
		d->count++;
	}
	return true;
}

/* Taking a lease verifies the whole shard, so flips of one file share a lease. */
static bool lease_file(struct faults *d, size_t i, struct output *o, const struct input *target)
{
	vres_lease *lease = NULL;
	vres_error err;

	for (size_t j = 0; j < i; j++) {
		if (d->flips[j].file == d->flips[i].file) {
			d->addresses[i] = d->addresses[j];
			return true;
		}
	}
	if (vres_lease_acquire(target->shard, &lease, &err) != VRES_OK)
		return output_fail(o, target->name, &err);
	d->addresses[i] = vres_lease_device_ptr(lease);
	vres_lease_release(lease);
	return true;
}

bool faults_prepare(struct faults *d, struct output *o, vres_mock *mock, const struct inputs *in)
{
	d->mock = mock;
	for (size_t i = 0; i < d->count; i++) {
		if (!lease_file(d, i, o, &in->items[d->flips[i].file]))
			return false;
	}
	return true;
}

bool faults_inject(struct faults *d, struct output *o, uint64_t number)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct flip *f = &d->flips[i];

		if (f->before != number)
			continue;
		if (vres_mock_flip(d->mock, d->addresses[i] + f->offset, (unsigned)f->bit) !=
		    VRES_OK)
			return output_refuse(o, EXIT_TROUBLE, NULL,
			                     "the mock did not flip a bit of file %" PRIu64,
			                     f->file);
		output_note(o,
		            "fault injection: flipped bit %" PRIu64 " of byte %" PRIu64
		            " of file %" PRIu64,
		            f->bit, f->offset, f->file);
	}
	return true;
}
