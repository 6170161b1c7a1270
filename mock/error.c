/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mock/error.h"

#include <stdarg.h>
#include <stdio.h>

vres_status vres_mock_error(vres_error *err, vres_status status, enum vres_mock_code code,
                            uint32_t device, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return status;
	memset(err, 0, sizeof(*err));
	err->status = status;
	err->backend_code = (int32_t)code;
	err->gpu_device = device;
	if (code == CODE_DEADLINE)
		err->reason = VRES_REASON_DEADLINE;
	else if (status / 100 == 3)
		err->reason = VRES_REASON_DEVICE;
	va_start(args, format);
	if (vsnprintf(err->message, sizeof(err->message), format, args) < 0)
		err->message[0] = '\0';
	va_end(args);
	return status;
}

void vres_mock_answer(void *theirs, const void *ours, size_t size)
{
	size_t room;

	memcpy(&room, theirs, sizeof(room));
	memcpy(theirs, ours, room < size ? room : size);
	memcpy(theirs, &room, sizeof(room));
}
