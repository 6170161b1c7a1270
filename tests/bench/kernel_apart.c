/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tries a kernel in a process of its own.  A fault ends the device's context for the whole process,
 * and an untried variant must not cost the others their figures.
 */
#include "kernel_bench.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include "figures.h"

int kernel_try_apart(const struct kernel_bench *k, const char *name)
{
	char device[16];
	char *const argv[] = {"kernel_bench",
	                      "--only",
	                      (char *)(uintptr_t)name,
	                      "--bytes",
	                      "16777216",
	                      "--rounds",
	                      "1",
	                      "--device",
	                      device,
	                      k->library ? "--library" : NULL,
	                      (char *)(uintptr_t)k->library,
	                      NULL};
	posix_spawn_file_actions_t quiet;
	int status = 0;
	pid_t pid;

	(void)snprintf(device, sizeof(device), "%u", k->device);
	(void)fflush(stdout);
	must(posix_spawn_file_actions_init(&quiet) == 0 &&
	             posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY,
	                                              0) == 0 &&
	             posix_spawn(&pid, "/proc/self/exe", &quiet, NULL, argv, environ) == 0 &&
	             waitpid(pid, &status, 0) == pid,
	     "no process to try a kernel out in");
	(void)posix_spawn_file_actions_destroy(&quiet);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
