/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the manager knows of the ready-made sink: the events that it lost silently. */
#ifndef VRES_CORE_AUDIT_LOG_SINK_H
#define VRES_CORE_AUDIT_LOG_SINK_H

#include <vres/audit_file.h>

vres_status vres_audit_file_record(void *ctx, const vres_event *event);

/* Events that are not in the log although record() said VRES_OK; 0 for other sinks. */
uint64_t vres_audit_file_silent(const vres_audit_sink *sink);

#endif
