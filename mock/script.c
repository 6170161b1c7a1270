/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting calls, making them slow, letting them fail; losing devices. */
#include "mock/script.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "mock/error.h"

#define NS_PER_S UINT64_C(1000000000)

static bool op_known(vres_mock_op op)
{
	return (unsigned)op < VRES_MOCK_OP_COUNT;
}

/* Such an operation cannot claim success without doing its work: it has to return a handle. */
static bool op_makes_handle(vres_mock_op op)
{
	return op == VRES_MOCK_OP_OPEN || op == VRES_MOCK_OP_DEVICE_OPEN ||
	       op == VRES_MOCK_OP_MEM_ALLOC || op == VRES_MOCK_OP_MEM_ADOPT ||
	       op == VRES_MOCK_OP_LANE_OPEN;
}

void vres_mock_fail(vres_mock *mock, vres_mock_op op, uint64_t nth, vres_status status)
{
	bool placed = false;

	if (!op_known(op))
		return;
	(void)pthread_mutex_lock(&mock->lock);
	for (size_t i = 0; i < FAULTS_MAX; i++) {
		struct vres_mock_fault *fault = &mock->faults[i];

		if (nth == 0 && fault->op == op)
			fault->left = 0;
		if (nth != 0 && fault->left == 0 && !placed) {
			*fault = (struct vres_mock_fault){.op = op, .left = nth, .status = status};
			placed = true;
		}
	}
	(void)pthread_mutex_unlock(&mock->lock);
}

void vres_mock_delay(vres_mock *mock, vres_mock_op op, uint64_t ns)
{
	if (!op_known(op))
		return;
	(void)pthread_mutex_lock(&mock->lock);
	for (unsigned i = 0; i < VRES_MOCK_OP_COUNT; i++)
		if (op == VRES_MOCK_ANY || op == (vres_mock_op)i)
			mock->delay[i] = ns;
	(void)pthread_mutex_unlock(&mock->lock);
}

uint64_t vres_mock_calls(const vres_mock *mock, vres_mock_op op)
{
	return op_known(op) ? atomic_load(&mock->calls[op]) : 0;
}

void vres_mock_lose_device(vres_mock *mock, uint32_t gpu_device)
{
	if (gpu_device >= mock->devices)
		return;
	(void)pthread_mutex_lock(&mock->lock);
	mock->lost[gpu_device] = true;
	(void)pthread_mutex_unlock(&mock->lock);
}

/*
 * Counts this call down in every fault that waits for its operation.  If several reach zero at
 * once, the first one happens and the others are used up.
 */
static bool fault_fires(vres_mock *mock, vres_mock_op op, vres_status *status)
{
	bool fires = false;

	for (size_t i = 0; i < FAULTS_MAX; i++) {
		struct vres_mock_fault *fault = &mock->faults[i];

		if (fault->left == 0 || (fault->op != VRES_MOCK_ANY && fault->op != op) ||
		    --fault->left != 0 || fires)
			continue;
		*status = fault->status;
		fires = fault->status != VRES_OK || !op_makes_handle(op);
	}
	return fires;
}

static void sleep_for(uint64_t ns)
{
	struct timespec until;

	if (ns == 0 || clock_gettime(CLOCK_MONOTONIC, &until) != 0)
		return;
	until.tv_sec += (time_t)(ns / NS_PER_S);
	until.tv_nsec += (long)(ns % NS_PER_S);
	if (until.tv_nsec >= (long)NS_PER_S) {
		until.tv_sec++;
		until.tv_nsec -= (long)NS_PER_S;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

bool vres_mock_device_lost(vres_mock *mock, uint32_t device)
{
	bool lost;

	(void)pthread_mutex_lock(&mock->lock);
	lost = device < mock->devices && mock->lost[device];
	(void)pthread_mutex_unlock(&mock->lock);
	return lost;
}

bool vres_mock_script_answers(vres_mock *mock, vres_mock_op op, uint32_t device, uint64_t deadline,
                              vres_status *status, vres_error *err)
{
	uint64_t delay;
	bool fires;

	(void)atomic_fetch_add(&mock->calls[VRES_MOCK_ANY], 1);
	(void)atomic_fetch_add(&mock->calls[op], 1);
	(void)pthread_mutex_lock(&mock->lock);
	fires = fault_fires(mock, op, status);
	delay = mock->delay[op];
	(void)pthread_mutex_unlock(&mock->lock);

	sleep_for(delay < deadline ? delay : deadline);
	if (fires && *status == VRES_E_DEVICE_LOST)
		vres_mock_lose_device(mock, device);
	if (fires && *status != VRES_OK)
		(void)vres_mock_error(err, *status, CODE_SCRIPTED, device,
		                      "operation %u of the mock failed as scripted", (unsigned)op);
	if (fires)
		return true;
	if (vres_mock_device_lost(mock, device)) {
		*status = vres_mock_error(err, VRES_E_DEVICE_LOST, CODE_LOST, device,
		                          "mock device %" PRIu32 " is lost", device);
		return true;
	}
	if (delay > deadline) {
		*status = vres_mock_error(err, VRES_E_BACKEND, CODE_DEADLINE, device,
		                          "mock device %" PRIu32 " did not finish within %" PRIu64
		                          " ns",
		                          device, deadline);
		return true;
	}
	return false;
}
