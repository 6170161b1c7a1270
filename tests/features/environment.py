# SPDX-License-Identifier: GPL-3.0-or-later
"""What each scenario begins with and leaves, and its outcome as the other suites write it: a JSON line, in the folder that VRES_RESULTS names."""
import contextlib
import gc
import json
import logging
import os
import pathlib
import shutil
import tempfile

import vres

logging.getLogger("vres").setLevel(logging.CRITICAL)


def before_scenario(context, scenario):
    context.folder = pathlib.Path(tempfile.mkdtemp(prefix="vres-feature-"))
    context.seals, context.error, context.incidents, context.published, context.largest = {}, None, [], None, 0
    context.guard = context.mock = None


def after_scenario(context, scenario):
    for seal in context.seals.values():
        with contextlib.suppress(vres.Machine):  # of a device that the scenario has lost
            seal.close()
    if context.guard is not None:
        context.guard.flush_audit()
        context.guard.close()
    context.seals, context.guard, context.error, context.guards = {}, None, None, None
    gc.collect()
    left = context.mock.live_handles if context.mock is not None else 0
    shutil.rmtree(context.folder, ignore_errors=True)
    folder = os.environ.get("VRES_RESULTS")
    if folder:
        suite = "features." + scenario.feature.filename.rsplit("/", 1)[-1].replace(".feature", "")
        status = {"passed": "pass", "skipped": "skip"}.get(scenario.status.name, "fail")
        ids = [str(tag) for tag in scenario.effective_tags]
        with open(f"{folder}/{suite}.ndjson", "a", encoding="utf-8") as out:
            out.write(json.dumps({"suite": suite, "name": scenario.name, "status": status, "ids": ids}) + "\n")
    assert left == 0, f"{left} handles are left"
