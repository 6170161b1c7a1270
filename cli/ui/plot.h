/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plot as one self-contained SVG file: panels side by side, each with lines over named points of
 * the x axis and a logarithmic y axis.
 */
#ifndef VRES_CLI_UI_PLOT_H
#define VRES_CLI_UI_PLOT_H

#include <stdio.h>

#define PLOT_PLACES 16
#define PLOT_LINES  6

struct plot_line {
	const char *name;
	double at[PLOT_PLACES]; /* 0: the line has no point here */
};

struct plot_panel {
	const char *title;
	void (*label)(char text[64], double value); /* writes a value of the y axis */
	size_t places, lines;
	char place[PLOT_PLACES][24]; /* names of the points of the x axis */
	struct plot_line line[PLOT_LINES];
};

/* Texts may hold anything: characters outside ASCII become "?", and markup is escaped. */
void plot_write(FILE *f, const char *title, const char *subtitle, const struct plot_panel *panels,
                size_t n);

#endif
