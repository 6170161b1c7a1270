/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evidence as newline-delimited JSON: one object a test, keys always the same, in the same order.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "support/suite/evidence.h"

/* @underscores: print them as blanks, which makes a test's name a sentence. */
static void put_string(FILE *to, const char *text, size_t n, bool underscores)
{
	fputc('"', to);
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c == '_' && underscores)
			fputc(' ', to);
		else if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

static void put_field(FILE *to, const char *key, const char *text)
{
	fprintf(to, ",\"%s\":", key);
	put_string(to, text, strlen(text), false);
}

/* The parts of @text between any of @separators, without blanks around them. */
static void put_array(FILE *to, const char *key, const char *text, const char *separators)
{
	bool first = true;

	fprintf(to, ",\"%s\":[", key);
	for (const char *p = text; *p != '\0';) {
		size_t n;

		p += strspn(p, separators);
		p += strspn(p, " ");
		n = strcspn(p, separators);
		if (n == 0)
			continue;
		if (!first)
			fputc(',', to);
		put_string(to, p, n, false);
		first = false;
		p += n;
	}
	fputc(']', to);
}

static void put_time(FILE *to, const struct timespec *at)
{
	char date[32];
	struct tm tm;

	gmtime_r(&at->tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(to, ",\"timestamp\":\"%s.%03ldZ\"", date, at->tv_nsec / 1000000);
}

static void put_values(FILE *to, const struct evidence_test *t)
{
	fputs(",\"values\":{", to);
	for (unsigned i = 0; i < t->values_count; i++) {
		if (i != 0)
			fputc(',', to);
		put_string(to, t->values[i].key, strlen(t->values[i].key), false);
		if (isfinite(t->values[i].value))
			fprintf(to, ":%.17g", t->values[i].value);
		else
			fputs(":null", to);
	}
	fputs("}}\n", to);
}

/* A test that left no result at all was never run, which is as bad as one that broke. */
static const char *outcome(const struct evidence_test *t)
{
	if (t->errors != 0 || t->passed + t->failed == 0)
		return "error";
	return t->failed != 0 ? "fail" : "pass";
}

static void put_line(FILE *to, const struct evidence *e, const struct evidence_test *t,
                     const char *area, const struct suite_case *c)
{
	const char *name = (*c->test)->name;

	fputs("{\"name\":", to);
	put_string(to, name, strlen(name), false);
	put_field(to, "area", area);
	put_array(to, "ids", c->ids, " ");
	put_field(to, "status", outcome(t));
	fprintf(to, ",\"duration_ms\":%.3f,\"seed\":%" PRIu32, (double)t->duration / 1e6, e->seed);
	put_field(to, "backend", e->backend);
	put_time(to, &t->began);
	fputs(",\"explanation\":", to);
	put_string(to, name, strlen(name), true);
	put_field(to, "security_property", c->security_property);
	put_array(to, "threat_coverage", c->threat_coverage, ",;");
	put_values(to, t);
}

bool evidence_write(const struct evidence *e, const char *folder, const char *name,
                    const char *area, const struct suite_case *cases, size_t n)
{
	char path[4096];
	FILE *to;
	bool good;

	snprintf(path, sizeof(path), "%s/%s.ndjson", folder, name);
	to = fopen(path, "ae");
	if (to == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < n; i++)
		put_line(to, e, &e->tests[i], area, &cases[i]);
	good = !ferror(to);
	good = fclose(to) == 0 && good;
	if (!good)
		fprintf(stderr, "%s: evidence is not complete\n", path);
	return good;
}
