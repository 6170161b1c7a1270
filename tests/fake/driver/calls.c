/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of a fake driver: counting them and letting them fail. */
#include <string.h>
#include "fake/driver/model.h"

struct fake_call fake_enter(int function)
{
	struct fake_call call = {CUDA_OK};

	(void)pthread_mutex_lock(&fake.lock);
	fake.calls[function]++;
	fake.calls_all++;
	if (fake.fail_in > 0 && (fake.fail_function < 0 || fake.fail_function == function) &&
	    --fake.fail_in == 0) {
		call.code = fake.fail_code;
		fake.failed = fake_function_names[function];
	}
	return call;
}

void fake_leave(struct fake_call *call)
{
	(void)call;
	(void)pthread_mutex_unlock(&fake.lock);
}

cuda_result fake_released(struct fake_call call, int device)
{
	return call.code != CUDA_OK ? call.code : fake.devices[device].sticky;
}

void fake_reset(const struct fake_params *params)
{
	const struct fake_params ordinary = {0};

	(void)pthread_mutex_lock(&fake.lock);
	fake_streams_forget();
	fake_memory_forget();
	fake_judge_end();
	fake.params = params ? *params : ordinary;
	fake.params.devices = fake.params.devices == 0  ? 1
	                      : fake.params.devices < 0 ? 0
	                                                : fake.params.devices;
	fake.params.version = fake.params.version ? fake.params.version : fake_front_version;
	fake.params.bytes_per_device =
		fake.params.bytes_per_device ? fake.params.bytes_per_device : UINT64_C(64) << 20;
	fake.params.granularity =
		fake.params.granularity ? fake.params.granularity : UINT64_C(64) << 10;
	memset(fake.devices, 0, sizeof(fake.devices));
	memset(fake.calls, 0, sizeof(fake.calls));
	fake.resets++;
	for (int i = 0; i < FAKE_DEVICES_MAX; i++)
		fake.devices[i].context.device = i;
	fake.modules = fake.fatbins = 0;
	fake.calls_all = 0;
	fake.fail_in = 0;
	fake.failed = NULL;
	fake.lie = FAKE_TRUTH;
	fake_omissions_forget();
	memset(fake.threads_most, 0, sizeof(fake.threads_most));
	fake.stalls = false;
	fake.poll_ns = 0;
	fake.unwiped = 0;
	fake_front_reset();
	(void)pthread_mutex_unlock(&fake.lock);
}
