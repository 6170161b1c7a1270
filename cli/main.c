/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres: chooses the subcommand, and prepares the process for all of them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vres/vres.h>
#include "command.h"
#include "ui/help.h"
#include "ui/message.h"

static const struct command *const commands[] = {
	&cmd_digest, &cmd_inspect, &cmd_manifest, &cmd_compare, &cmd_devices, &cmd_policy,
	&cmd_doctor, &cmd_seal,    &cmd_watch,    &cmd_receipt, &cmd_audit,   &cmd_bench,
};

/*
 * If a standard descriptor is closed, the next file that is opened gets its number, and messages
 * would go into that file.  So each closed one is opened the wrong way round: using it still fails.
 */
static bool fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static void print_usage(void)
{
	puts("Usage: vres COMMAND [OPTION]... [ARGUMENT]...\n"
	     "       vres help COMMAND\n"
	     "\n"
	     "Seal model weights in GPU memory, and prove that they are still there and\n"
	     "still the same bytes.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "  --help     print this; after a command: its options\n"
	     "  --version  print the version of the library\n"
	     "\n"
	     "Exit status: 0 good; 1 verification failed; 2 usage or invalid input; 3 not\n"
	     "enough VRAM; 4 policy violation; 5 device, driver or I/O trouble.");
}

static int complain_command(void)
{
	message(NULL, NULL, "no such command (see `vres --help`)");
	return EXIT_USAGE;
}

/* `vres help`, `vres help COMMAND` and `vres help COMMAND PART`. */
static int print_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_usage();
		return EXIT_GOOD;
	}
	c = command_find(argv[1]);
	if (c != NULL && argc > 2 && c->parts != NULL)
		c = command_part(c, argv[2]);
	if (c == NULL)
		return complain_command();
	help_print(c);
	return EXIT_GOOD;
}

static int dispatch(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		message(NULL, NULL, "no command given (see `vres --help`)");
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return print_help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0) {
		printf("vres %s\n", vres_version());
		return EXIT_GOOD;
	}
	c = command_find(argv[1]);
	return c != NULL ? c->run(c, argc - 1, argv + 1) : complain_command();
}

int main(int argc, char **argv)
{
	int status;

	if (!fill_standard_descriptors())
		return EXIT_TROUBLE;
	/* Each message is one write, and none is lost in a crash. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	/*
	 * A reader that went away and a file size limit become errors of write(), so that VRAM is
	 * released before the process ends.
	 */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	status = dispatch(argc, argv);
	/* For --help and --version; a command has closed standard output itself. */
	if (fflush(NULL) != 0 && status == EXIT_GOOD) {
		message(NULL, NULL, "standard output: not everything could be written");
		return EXIT_TROUBLE;
	}
	return status;
}
