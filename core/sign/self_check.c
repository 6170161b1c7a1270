/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which libraries are in use, and how well secrets are protected in this process. */
#include <stdio.h>
#include <vres/vres.h>

#include "base/abi.h"
#include "hash/crypto.h"
#include "os/os.h"
#include "os/secret_pages.h"

struct page {
	void *memory;
};

static void page_close(struct page *p)
{
	vres_secret_free(p->memory, 1);
}

vres_status vres_self_check(vres_self_report *out, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(page_close) struct page page = {.memory = NULL};
	vres_self_report report = vres_self_report_init();
	const struct secret_facts *facts;

	TRY(ABI_OUT_CHECK(out, "vres_self_report", err));
	TRY(vres_secret_alloc(1, &page.memory, err));
	facts = vres_secret_facts_of(page.memory);
	(void)snprintf(report.crypto, sizeof(report.crypto), "%s", vres_crypto_version());
	report.secret_memory = facts->is_secret_memory;
	report.locked = facts->is_locked;
	report.undumped = facts->is_undumped;
	report.kept_from_children =
		facts->is_kept_from_children && vres_secret_try_child(page.memory);
	ABI_OUT(out, &report);
	return VRES_OK;
}
