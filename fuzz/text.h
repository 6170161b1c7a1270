/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is expected of text: what the validators accept, how JSON reads back, what a time looks
 * like.
 */
#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

#include "fuzz.h"

/* UTF-8 without control characters, bidirectional overrides or a byte order mark. */
bool text_is_plain(const char *string);

/* [A-Za-z0-9_-]{1,max} */
bool text_is_identifier(const char *string, size_t max);

/* 64 hex digits, either case. */
bool text_is_digest(const char *string);

/* An object of one string and one number, written and read back. */
void text_claim_json(const char *string, uint64_t number);

void text_claim_time(uint64_t wall);

#endif
