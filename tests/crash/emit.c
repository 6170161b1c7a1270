/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes events to an audit log and says what came of each: the program that steps.py stops and
 * disturbs.
 *
 * 	emit LOG token|forward KEY EVENTS [required|routine]
 *
 * Opens the log, records EVENTS events, every third of them critical unless said otherwise, closes
 * it.  A line each on standard output: "opened", "ack N" when the Nth event was critical and its
 * recording returned VRES_OK, "refused N", "lost N" at the end.  Exit status 3: the log could not
 * be opened, and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <vres/audit_file.h>

/*
 * Three texts that escaping makes twice as long, so that a file of 64 KiB is full after 16 events.
 */
static char quotes[513];

static vres_status record(vres_audit_file *log, unsigned n, bool critical)
{
	const vres_audit_sink sink = vres_audit_file_sink(log);
	char id[32];
	vres_event e;

	memset(&e, 0, sizeof(e));
	(void)snprintf(id, sizeof(id), "event-%u", n);
	e.struct_size = sizeof(e);
	e.type = VRES_EVENT_POLICY_VIOLATION;
	e.critical = critical;
	e.gpu_device = n;
	e.time = UINT64_C(1700000000) * 1000000000 + n;
	e.violation = id;
	e.detail = quotes;
	e.action_taken = quotes;
	return sink.record(sink.ctx, &e);
}

static void say(const char *what, unsigned long n)
{
	(void)dprintf(STDOUT_FILENO, "%s %lu\n", what, n);
}

int main(int argc, char **argv)
{
	vres_audit_file_options o = vres_audit_file_options_init();
	const char *option = argc > 5 ? argv[5] : "";
	vres_audit_file *log = NULL;
	vres_key *key = NULL;
	bool critical;
	vres_status status;
	vres_error err;

	if (argc < 5)
		return 2;
	memset(quotes, '"', sizeof(quotes) - 1);
	o.worker_id = "worker-7";
	o.mode = strcmp(argv[2], "forward") == 0 ? VRES_AUDIT_FORWARD : VRES_AUDIT_TOKEN;
	o.forward_key = argv[3];
	o.rotate_bytes = 64 << 10;
	o.epoch_lines = 12;
	o.required = strcmp(option, "required") == 0;
	critical = strcmp(option, "routine") != 0;
	status = vres_key_derive("test-token-42", 13, NULL, &key, &err);
	if (status == VRES_OK)
		status = vres_audit_file_open(argv[1], key, &o, &log, &err);
	if (status != VRES_OK) {
		(void)dprintf(STDOUT_FILENO, "%s: %s\n", vres_status_name(status), err.message);
		vres_key_destroy(key);
		return 3;
	}
	say("opened", 0);
	for (unsigned n = 1; n <= (unsigned)atoi(argv[4]); n++) {
		status = record(log, n, critical && n % 3 == 0);
		if (status != VRES_OK)
			say("refused", n);
		else if (critical && n % 3 == 0)
			say("ack", n);
	}
	if (vres_audit_file_flush(log, NULL) != VRES_OK)
		say("unflushed", 0);
	say("lost", vres_audit_file_lost(log));
	vres_audit_file_close(log);
	vres_key_destroy(key);
	return 0;
}
