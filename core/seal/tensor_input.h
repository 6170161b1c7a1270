/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The caller's array of tensors, checked and copied; nothing here asks a device. */
#ifndef VRES_CORE_SEAL_TENSOR_INPUT_H
#define VRES_CORE_SEAL_TENSOR_INPUT_H

#include "manager/manager.h"
#include "manager/tensors.h"

/* What a range is expected to hold, and the tensor that says so; NO_TENSOR: nothing. */
#define NO_TENSOR UINT32_MAX
struct tensor_want {
	uint32_t tensor;
	uint8_t digest[VRES_SHA256_BYTES];
};

struct tensor_input {
	struct tensors *tensors;
	uint64_t *addresses; /* of each range */
	struct tensor_want
		*wanted; /* for each range; NULL: no tensor is expected to hold anything */
	/* Empty tensors that are expected to hold something, ascending; NULL: none */
	uint32_t *wrong_empty;
	uint32_t wrong_empty_n;
};

/* VRES_E_INVALID_INPUT, VRES_E_ABI or VRES_E_NO_MEMORY; the message names the index. */
vres_status vres_tensor_input_open(struct tensor_input *in, const vres_manager *m,
                                   const vres_tensor *tensors, size_t n, vres_error *err);
void vres_tensor_input_close(struct tensor_input *in);

#endif
