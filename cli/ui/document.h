/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Building the JSON document.  Memory that runs out meanwhile is remembered in the output and told
 * at its end, so no caller has to check.
 */
#ifndef VRES_CLI_UI_DOCUMENT_H
#define VRES_CLI_UI_DOCUMENT_H

#include "ui/command_spec.h"
#include "ui/output.h"

/* Both take over @value, even when they fail; NULL means that memory ran out. */
void output_put(struct output *o, json_t *object, const char *key, json_t *value);
void output_add(struct output *o, json_t *array, json_t *value);

void output_put_u64(struct output *o, json_t *object, const char *key, uint64_t value);
void output_put_bool(struct output *o, json_t *object, const char *key, bool value);

/* Bytes that are not UTF-8 are escaped: no text can make the document invalid. */
void output_put_text(struct output *o, json_t *object, const char *key, const char *text);

/* A file's name.  When it is not UTF-8 it is shown escaped, and KEY_hex has its bytes. */
void output_put_file(struct output *o, json_t *object, const char *key, const char *name);

/* The names of the bits, as an array. */
void output_put_bits(struct output *o, json_t *object, const char *key,
                     const struct option_word *words, uint64_t bits);

#endif
