/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is there a device, and what is it? */
#include <stdio.h>
#include <string.h>
#include "bundle.h"
#include "support/fixture/test_device.h"

static const char *fact_of(const vres_policy_report *report, const char *name)
{
	for (uint32_t i = 0; i < report->facts_count; i++)
		if (strcmp(report->facts[i].name, name) == 0)
			return report->facts[i].value;
	return "unknown";
}

static vres_status ask(vres_manager *m, vres_error *err)
{
	vres_device_info info = vres_device_info_init();
	vres_policy_report report = vres_policy_report_init();
	char driver[96];
	vres_status status = vres_device_describe(m, 0, &info, err);

	if (status != VRES_OK)
		return status;
	/* The facts matter here, not the verdict. */
	(void)!vres_enforce_vram_only(m, 0, &report, NULL);
	printf("backend=%s\ngpu_name=%s\nsimulated=%u\nassurance=%u\n", info.backend, info.name,
	       info.simulated, info.assurance);
	if (nvml_driver(driver, sizeof(driver)))
		printf("driver=%s, %s\n", driver, fact_of(&report, "driver"));
	else
		printf("driver=%s\n", fact_of(&report, "driver"));
	for (uint32_t i = 0; i < report.facts_count; i++)
		printf("fact=%s: %s\n", report.facts[i].name, report.facts[i].value);
	return VRES_OK;
}

int bundle_probe(void)
{
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_manager *m = NULL;
	vres_key *key = NULL;
	vres_error err;
	vres_status status;

	policy.allow = VRES_ALLOW_ALL;
	config.backend = test_device_kind()->backend ? test_device_kind()->backend() : NULL;
	config.library_path = test_device_library();
	config.policy = &policy;
	config.worker_id = "probe";
	if (config.backend == NULL) {
		fputs("VRES_TEST_DEVICE names no GPU's backend\n", stderr);
		return 2;
	}
	status = vres_key_derive("probe", 5, NULL, &key, &err);
	config.key = key;
	if (status == VRES_OK)
		status = vres_manager_create(&config, &m, &err);
	if (status == VRES_OK)
		status = ask(m, &err);
	vres_manager_destroy(m);
	vres_key_destroy(key);
	if (status == VRES_OK)
		return 0;
	printf("%s\n", err.message);
	return status == VRES_E_NO_BACKEND || status == VRES_E_NO_DEVICE ? NOT_RUN : 1;
}
