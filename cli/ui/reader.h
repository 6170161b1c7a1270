/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting for the reader of standard output here, where a stop is seen, and not in write(), where
 * signals are blocked.
 */
#ifndef VRES_CLI_UI_READER_H
#define VRES_CLI_UI_READER_H

#include "ui/output.h"
#include "ui/signals.h"

/*
 * Wait until lines can be printed without waiting.  After a stop the reader is waited for once
 * more, as reader_wait_last() does, then no more: what is printed is lost.
 */
void reader_wait(struct output *o, struct stop *stop);

/* Wait for at most @ns; true: lines can be printed without waiting. */
bool reader_wait_for(struct stop *stop, uint64_t ns);

/*
 * Wait for the reader before the last lines, also after a stop: for ten seconds, or until another
 * signal comes.  True: lines can be printed without waiting.
 */
bool reader_wait_last(const struct stop *stop);

#endif
