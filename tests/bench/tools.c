/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `vres digest` beside other tools, each as a process on the same file in memory, taking turns.  A
 * tool that is not installed is named, and left out.
 */
#include "bench.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct tool {
	const char *name, *figure;
	const char *argv[6];
	bool is_there;
};

static int run(const struct tool *tool)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	must(posix_spawn_file_actions_init(&actions) == 0 &&
	             posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
	                                              O_WRONLY, 0) == 0 &&
	             posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
	                                              O_WRONLY, 0) == 0,
	     "no process");
	if (posix_spawnp(&child, tool->name, &actions, NULL, (char *const *)(uintptr_t)tool->argv,
	                 environ) == 0)
		must(waitpid(child, &status, 0) == child, "a process was lost");
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static void write_file(const char *path, uint64_t bytes)
{
	static uint8_t piece[1 << 20];
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd >= 0, "no file in /dev/shm");
	for (uint64_t at = 0; at < bytes; at += sizeof(piece)) {
		const size_t n = bytes - at < sizeof(piece) ? (size_t)(bytes - at) : sizeof(piece);

		for (size_t i = 0; i < sizeof(piece); i += 8)
			piece[i] = (uint8_t)((at >> 20) * 131 + i / 4093);
		must(write(fd, piece, n) == (ssize_t)n, "/dev/shm is full");
	}
	close(fd);
}

static void work_tool(void *arg)
{
	must(run(arg) == 0, "a tool failed on the file");
}

void bench_tools(struct figures *f, uint64_t bytes)
{
	cpu_set_t all;
	char path[64], threads[16];
	struct tool tools[] = {
		{"fsverity", "fsverity_digest", {"fsverity", "digest", path}, false},
		{"b3sum", "b3sum", {"b3sum", "--num-threads", threads, path}, false},
		{VRES_TOOL,
	         "vres_digest_verity",
	         {"vres", "digest", "--alg", "verity", path},
	         false},
	};
	struct contest contests[3];
	double rates[3];
	size_t n = 0;

	must(sched_getaffinity(0, sizeof(all), &all) == 0,
	     "the kernel does not tell which cores there are");
	snprintf(threads, sizeof(threads), "%d", CPU_COUNT(&all));
	snprintf(path, sizeof(path), "/dev/shm/vres-bench-%ld", (long)getpid());
	write_file(path, bytes);
	for (size_t i = 0; i < 3; i++) {
		tools[i].is_there = run(&tools[i]) == 0;
		if (tools[i].is_there)
			contests[n++] = (struct contest){tools[i].figure, work_tool, &tools[i]};
		else
			fprintf(stderr, "bench: left out, since it is not installed: %s\n",
			        tools[i].name);
	}
	contest_run(contests, n, NULL, bytes, rates);
	unlink(path);
	for (size_t i = 0; i < n; i++) {
		const bool is_ours = i + 1 == n && tools[2].is_there;

		/* Ours beside all that came before it. */
		figures_add(f, contests[i].name, rates[i], "GB/s",
		            is_ours && n > 1 ? contests[0].name : NULL,
		            is_ours && n > 2 ? contests[1].name : NULL);
	}
}
