# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold then."""
import hashlib
import pathlib
import subprocess
import tempfile

from behave import then

import vres
from common import TOKEN, guard


@then("all of them succeed")
def _(context):
    assert not any(context.outcomes), context.outcomes


@then("none of them succeeds")
def _(context):
    assert all(isinstance(outcome, (vres.Damaged, vres.Quarantined)) for outcome in context.outcomes), context.outcomes


@then("{count:d} incident is told")
def _(context, count):
    assert len(context.incidents) == count, context.incidents


@then("it succeeds")
def _(context):
    assert context.error is None, repr(context.error)


@then("it fails with {kind}")
def _(context, kind):
    assert isinstance(context.error, getattr(vres, kind)), repr(context.error)


@then("it is no {kind}")
def _(context, kind):
    assert not isinstance(context.error, getattr(vres, kind)), repr(context.error)


@then('the failure names the tensor "{name}"')
def _(context, name):
    assert f"'{name}'" in str(context.error), str(context.error)


@then('the failure names the tensor "{name}" and the block at {offset:d}')
def _(context, name, offset):
    assert (context.error.tensor, context.error.offset) == (name, offset), (context.error.tensor, context.error.offset)


@then("nothing is sealed")
def _(context):
    assert guard(context).metrics()["shards_now"] == 0 and not context.seals


@then("no lease is held")
def _(context):
    assert guard(context).metrics()["leases_now"] == 0


@then("{count:d} seals are good")
def _(context, count):
    assert len(context.seals) == count, len(context.seals)
    for made in context.seals.values():
        made.verify()


@then("the seal is of {count:d} tensors and {size:d} bytes")
def _(context, count, size):
    info = context.seals["shard-1"].info()
    assert (info.tensors, info.bytes) == (count, size), info


@then("the seal is of epoch {epoch:d}")
def _(context, epoch):
    assert context.seals["shard-1"].info().epoch == epoch


@then("its digest is the SHA-256 of its manifest")
def _(context):
    made = context.seals["shard-1"]
    assert made.info().digest == hashlib.sha256(made.manifest().encode()).hexdigest()


@then("each line of the manifest is the fs-verity digest of the tensor's bytes")
def _(context):
    digests = vres.manifest.parse(context.seals["shard-1"].manifest().encode())
    assert digests.keys() == context.model.keys()
    with tempfile.TemporaryDirectory() as folder:
        for name, tensor in context.model.items():
            file = pathlib.Path(folder, name)
            file.write_bytes(tensor.tobytes())
            said = subprocess.run(["fsverity", "digest", "--compact", file], capture_output=True, text=True, check=True).stdout.split()[0]
            assert digests[name] == said, (name, said)


@then("every block was hashed")
def _(context):
    assert context.report.blocks_checked == context.report.blocks_total == 75, context.report


@then('a fact of the device is "{name}"')
def _(context, name):
    assert name in [fact.name for fact in context.facts], context.facts


@then('the audit log has the event "{name}"')
def _(context, name):
    guard(context).flush_audit()
    assert f'"{name}"' in (context.folder / "audit.log").read_text(), name


@then("neither its description nor the audit log has an address or the token")
def _(context):
    made = context.seals["shard-1"]
    addresses = [tensor.ctypes.data for tensor in context.model.values()]
    shown = repr(made) + repr(made.info()) + made.manifest() + repr(guard(context)) + (context.folder / "audit.log").read_text() + made.receipt().hex()
    for address in addresses:
        assert str(address) not in shown and f"{address:x}" not in shown and address.to_bytes(8, "little").hex() not in shown
    assert TOKEN.decode() not in shown and TOKEN.hex() not in shown


@then('the failure says "{words}"')
def _(context, words):
    assert words in str(context.error), str(context.error)


@then("the failure says nothing of the token")
def _(context):
    assert TOKEN.decode() not in str(context.error) and "horse" not in repr(context.error)


@then("{count:d} tensors are damaged")
def _(context, count):
    assert context.error.bad_tensors == count and len({damage.tensor for damage in context.error.ranges}) == count


@then("the child is told {word}")
def _(context, word):
    assert context.told == word, context.told


@then("the seal is suspended")
def _(context):
    assert context.seals["shard-1"].info().suspended


@then("each time {count:d} models were sealed")
def _(context, count):
    assert set(context.counts) == {count}, context.counts


@then("no host memory is the mock's")
def _(context):
    assert "0 ranges" in repr(context.mock), repr(context.mock)
