/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SVG by hand: rectangles, lines and text; no script, no font, no link to anything else. */
#include "ui/plot.h"

#include <math.h>

#define PANEL_WIDTH  470.0
#define PANEL_HEIGHT 420.0
#define LEFT         78.0 /* of a panel, to the scale */
#define TOP          92.0
#define WIDTH        370.0 /* of the area inside the axes */
#define HEIGHT       230.0
#define LEGEND       (TOP + HEIGHT + 48.0)

/* Colours that colour-blind people can tell apart (Okabe and Ito), and dashes for print. */
static const char *const colours[PLOT_LINES] = {"#0072b2", "#d55e00", "#009e73",
                                                "#cc79a7", "#56b4e9", "#000000"};
static const char *const dashes[PLOT_LINES] = {"none", "8 3", "2 3", "8 3 2 3", "12 3", "4 4"};

static void put_text(FILE *f, double x, double y, const char *style, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '<')
			fputs("&lt;", f);
		else if (*c == '>')
			fputs("&gt;", f);
		else if (*c == '&')
			fputs("&amp;", f);
		else
			fputc(*c >= ' ' && *c <= '~' ? *c : '?', f);
	}
	fputs("</text>\n", f);
}

struct scale {
	double left;
	double low, high; /* powers of ten */
};

static struct scale scale_of(const struct plot_panel *p, double left)
{
	double least = INFINITY, most = 0;

	for (size_t l = 0; l < p->lines; l++)
		for (size_t i = 0; i < p->places; i++) {
			if (p->line[l].at[i] <= 0)
				continue;
			least = fmin(least, p->line[l].at[i]);
			most = fmax(most, p->line[l].at[i]);
		}
	if (most == 0)
		least = most = 1;
	return (struct scale){left, floor(log10(least)),
	                      fmax(ceil(log10(most)), floor(log10(least)) + 1)};
}

static double x_of(const struct plot_panel *p, const struct scale *s, size_t i)
{
	return s->left + LEFT +
	       (p->places > 1 ? WIDTH * (double)i / (double)(p->places - 1) : WIDTH / 2);
}

static double y_of(const struct scale *s, double value)
{
	return TOP + HEIGHT * (1 - (log10(value) - s->low) / (s->high - s->low));
}

static void put_grid(FILE *f, const struct plot_panel *p, const struct scale *s)
{
	char text[64];

	for (double decade = s->low; decade <= s->high; decade++) {
		const double y = y_of(s, pow(10, decade));

		fprintf(f, "<path d=\"M%.1f %.1fh%.1f\" stroke=\"#cccccc\"/>\n", s->left + LEFT, y,
		        WIDTH);
		p->label(text, pow(10, decade));
		put_text(f, s->left + LEFT - 8, y + 4, "text-anchor=\"end\"", text);
	}
	for (size_t i = 0; i < p->places; i++) {
		fprintf(f, "<path d=\"M%.1f %.1fv5\" stroke=\"#444444\"/>\n", x_of(p, s, i),
		        TOP + HEIGHT);
		put_text(f, x_of(p, s, i), TOP + HEIGHT + 20, "text-anchor=\"middle\"",
		         p->place[i]);
	}
	fprintf(f,
	        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
	        "stroke=\"#444444\"/>\n",
	        s->left + LEFT, TOP, WIDTH, HEIGHT);
}

static void put_line(FILE *f, const struct plot_panel *p, const struct scale *s, size_t l)
{
	const struct plot_line *line = &p->line[l];
	const double x = s->left + LEFT + (double)(l % 2) * WIDTH / 2,
		     y = LEGEND + 18 * (double)(l / 2);

	fprintf(f,
	        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" "
	        "points=\"",
	        colours[l], dashes[l]);
	for (size_t i = 0; i < p->places; i++)
		if (line->at[i] > 0)
			fprintf(f, "%.1f,%.1f ", x_of(p, s, i), y_of(s, line->at[i]));
	fputs("\"/>\n", f);
	for (size_t i = 0; i < p->places; i++)
		if (line->at[i] > 0)
			fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
			        x_of(p, s, i), y_of(s, line->at[i]), colours[l]);
	fprintf(f,
	        "<path d=\"M%.1f %.1fh26\" stroke=\"%s\" stroke-width=\"2\" "
	        "stroke-dasharray=\"%s\"/>\n",
	        x, y - 4, colours[l], dashes[l]);
	put_text(f, x + 32, y, "", line->name);
}

void plot_write(FILE *f, const char *title, const char *subtitle, const struct plot_panel *panels,
                size_t n)
{
	const double width = PANEL_WIDTH * (double)n, height = PANEL_HEIGHT + 30;

	fprintf(f,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
	        "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
	        "font-size=\"12\" fill=\"#222222\">\n<rect width=\"100%%\" height=\"100%%\" "
	        "fill=\"#ffffff\"/>\n",
	        width, height, width, height);
	put_text(f, 20, 28, "font-size=\"17\" font-weight=\"bold\"", title);
	put_text(f, 20, 48, "fill=\"#555555\"", subtitle);
	for (size_t i = 0; i < n; i++) {
		const struct scale s = scale_of(&panels[i], PANEL_WIDTH * (double)i);

		put_text(f, s.left + LEFT, TOP - 12, "font-weight=\"bold\"", panels[i].title);
		put_grid(f, &panels[i], &s);
		for (size_t l = 0; l < panels[i].lines; l++)
			put_line(f, &panels[i], &s, l);
	}
	fputs("</svg>\n", f);
}
