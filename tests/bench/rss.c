/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Host memory that sealing a file takes: the kernel's high-water mark of this process (VmHWM), less
 * the mock's VRAM, which is host memory only because it is a mock, and less the level of the digest
 * tree that is kept, which grows with the file by design.
 */
#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t status_bytes(const char *key)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256], format[32];
	uint64_t kib = 0;

	snprintf(format, sizeof(format), "%s: %%" SCNu64, key);
	while (file && kib == 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &kib) != 1)
			kib = 0;
	if (kib == 0)
		give_up("the kernel does not tell how much memory is used");
	fclose(file);
	return kib * 1024;
}

void bench_rss(struct figures *f, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	vres_seal_params p = vres_seal_params_init();
	struct bench b = {.bytes = 0};
	struct stat s;
	uint64_t start;

	if (fd < 0 || fstat(fd, &s) != 0 || s.st_size <= 0)
		give_up("the file cannot be read");
	b.bytes = (uint64_t)s.st_size;
	bench_open(&b, b.bytes, 0);
	const uint64_t before = status_bytes("VmHWM"), kept = (b.bytes / 4096 + 127) / 128 * 32;

	start = now();
	if (vres_seal_fd(b.manager, &p, fd, 0, b.bytes, &b.shard, NULL) != VRES_OK)
		give_up("sealing failed");
	const double seconds = (double)(now() - start) / 1e9, peak = (double)status_bytes("VmHWM");

	figures_add(f, "file", (double)b.bytes / (1 << 20), "MiB", NULL, NULL);
	figures_add(f, "kept_level", (double)kept / (1 << 20), "MiB", NULL, NULL);
	figures_add(f, "peak_before", (double)before / (1 << 20), "MiB", NULL, NULL);
	figures_add(f, "peak_sealing", peak / (1 << 20), "MiB", "file", NULL);
	figures_add(f, "peak_beyond_vram_and_kept_level",
	            (peak - (double)b.bytes - (double)kept) / (1 << 20), "MiB", "file", NULL);
	figures_add(f, "seconds", seconds, "s", NULL, NULL);
	close(fd);
	bench_close(&b);
}
