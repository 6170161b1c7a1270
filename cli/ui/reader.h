/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whoever reads standard output: waited for where a stop is seen, and not in write(), where signals
 * are blocked.
 */
#ifndef VRES_CLI_UI_READER_H
#define VRES_CLI_UI_READER_H

#include "ui/output.h"
#include "ui/signals.h"

/*
 * Before some lines are printed: wait until they would be taken, or for a stop; after a stop nobody
 * is waited for any more.
 */
void reader_wait(struct output *o, struct stop *stop);

/* The same for no longer than @ns: would they be taken? */
bool reader_wait_for(struct stop *stop, uint64_t ns);

#endif
