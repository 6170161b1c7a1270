/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres watch --repair: what is damaged in VRAM is read again from the file that was sealed.
 *
 * The library writes nothing that is not what was sealed, so a file that was rewritten in place
 * repairs nothing: then that is said, and the watch ends as it would without --repair.  A file
 * that was replaced under its name does no harm: the one that was sealed is still open.
 */
#ifndef VRES_CLI_COMMANDS_WATCH_REPAIR_H
#define VRES_CLI_COMMANDS_WATCH_REPAIR_H

#include "commands/watch_view.h"

/*
 * The last check found damage: repair it.  Then the file is good again, and w->last says what was
 * damaged; else w->repair_error says why not.
 */
void watch_repair(struct watched *w);

/* Say what came of it, on stderr and, if @is_shown, by text; and keep it for the document. */
void watch_repair_told(struct output *o, struct watched *w, bool is_shown);

/*
 * "repairs", "repaired_bytes" (of at most DAMAGE_MAX ranges a repair), "repaired": [{"check",
 * "damage"}] of the first of them.
 */
void watch_repairs_to_json(struct output *o, json_t *object, struct watched *w);

#endif
