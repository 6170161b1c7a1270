/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Being told to stop.  SIGINT, SIGTERM and SIGHUP do not end the process: the tool asks for them
 * where it is safe to stop, so that VRAM is always wiped and released first.  SIGQUIT still ends
 * the process at once.
 */
#ifndef VRES_CLI_UI_SIGNALS_H
#define VRES_CLI_UI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct stop {
	int fd;        /* signalfd; -1: not open */
	sigset_t mask; /* as it was before */
	int signal;    /* the one that came, or 0 */
};

/*
 * False, and errno, when the system refuses.  To be called before threads are started, since they
 * inherit the mask of blocked signals.
 */
bool stop_open(struct stop *s);

bool stop_requested(struct stop *s);

/* Wait for @ns, or for a stop: true. */
bool stop_wait(struct stop *s, uint64_t ns);

/* Wait until @fd can be read, or for a stop: true. */
bool stop_wait_for(struct stop *s, int fd);

/* Wait for @ns until @fd takes what is written to it, or for a stop: true. */
bool stop_wait_for_room(struct stop *s, int fd, uint64_t ns);

void stop_close(struct stop *s);

/*
 * After stop_close(): if a signal came, end the process by it, as it would have ended without us,
 * so that a shell sees it.
 */
void stop_die(const struct stop *s);

#endif
