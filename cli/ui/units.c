/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text is parsed without floating point, so that no value is rounded. */
#include "ui/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KIB      UINT64_C(1024)
#define NS_PER_S UINT64_C(1000000000)

struct unit {
	const char *word;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{"", 1},
	{"B", 1},
	{"K", KIB},
	{"KiB", KIB},
	{"M", KIB *KIB},
	{"MiB", KIB *KIB},
	{"G", KIB *KIB *KIB},
	{"GiB", KIB *KIB *KIB},
	{"T", KIB *KIB *KIB *KIB},
	{"TiB", KIB *KIB *KIB *KIB},
	{"kB", 1000},
	{"KB", 1000},
	{"MB", UINT64_C(1000000)},
	{"GB", UINT64_C(1000000000)},
	{"TB", UINT64_C(1000000000000)},
	{NULL, 0},
};

static const struct unit time_units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", UINT64_C(1000000)},
	{"s", NS_PER_S},
	{"m", 60 * NS_PER_S},
	{"h", 3600 * NS_PER_S},
	{"d", 86400 * NS_PER_S},
	{NULL, 0},
};

size_t parse_digits(const char *text, uint64_t *out)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9'; n++) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[n] - '0'), &value))
			return 0;
	}
	if (n != 0)
		*out = value;
	return n;
}

static bool parse_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t value;
	const size_t n = parse_digits(text, &value);

	if (n == 0)
		return false;
	for (; units->word != NULL; units++) {
		if (strcmp(text + n, units->word) == 0)
			return !__builtin_mul_overflow(value, units->factor, out);
	}
	return false;
}

bool parse_count(const char *text, uint64_t *out)
{
	uint64_t value;
	const size_t n = parse_digits(text, &value);

	if (n == 0 || text[n] != '\0')
		return false;
	*out = value;
	return true;
}

bool parse_bytes(const char *text, uint64_t *out)
{
	return parse_with_unit(text, byte_units, out);
}

bool parse_time(const char *text, uint64_t *out)
{
	return parse_with_unit(text, time_units, out);
}

const char *format_bytes(char text[UNITS_TEXT], uint64_t bytes)
{
	static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < KIB) {
		snprintf(text, UNITS_TEXT, "%" PRIu64 " B", bytes);
		return text;
	}
	/* 1023.95 would be printed as 1024.0. */
	for (; value >= 1023.95 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	snprintf(text, UNITS_TEXT, "%.1f %s", value, names[i]);
	return text;
}

const char *format_span(char text[UNITS_TEXT], uint64_t ns)
{
	if (ns < 1000)
		snprintf(text, UNITS_TEXT, "%" PRIu64 " ns", ns);
	else if (ns < UINT64_C(1000000))
		snprintf(text, UNITS_TEXT, "%.1f us", (double)ns / 1e3);
	else if (ns < NS_PER_S)
		snprintf(text, UNITS_TEXT, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(text, UNITS_TEXT, "%.2f s", (double)ns / 1e9);
	return text;
}

const char *format_clock(char text[UNITS_TEXT], uint64_t ns)
{
	const time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL) {
		snprintf(text, UNITS_TEXT, "unknown");
		return text;
	}
	n = strftime(text, UNITS_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, UNITS_TEXT - n, ".%09" PRIu64 "Z", ns % NS_PER_S);
	return text;
}

double gigabytes_a_second(uint64_t bytes, uint64_t ns)
{
	return ns == 0 ? 0 : (double)bytes / (double)ns;
}

uint64_t clock_now(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}
