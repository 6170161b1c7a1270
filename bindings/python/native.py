# SPDX-License-Identifier: GPL-3.0-or-later
"""Describes the extension vres._native to cffi; setup.py runs it."""
import os
import pathlib
import shutil
import subprocess
import sys

from cffi import FFI

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
from declarations import HEADERS, declarations  # noqa: E402

# The tree of this repository, or the copy of it that an sdist carries.
root = next((folder for folder in (here / "tree", here.parent.parent) if (folder / "core").is_dir()), None)
if root is None:
    sys.exit(f"vram-residency: the sources of the library are not beside {here}")

# Called by the library, answered in vres/_events.py; and what would take Python too long for thousands of tensors.
OURS = """
extern "Python" void vres_py_log(void *, int, const char *, const char *const *, const char *const *, size_t);
extern "Python" void vres_py_incident(void *, const vres_event *);
void vres_py_tensors(vres_tensor *t, size_t n, const char *names, const uint64_t *numbers, const char *expected);
struct dl_tensor { void *data; int32_t device_type, device_id, ndim; uint8_t code, bits; uint16_t lanes; int64_t *shape, *strides; uint64_t byte_offset; };
"""
SOURCE = "".join(f"#include <vres/{name}>\n" for name in HEADERS) + r"""
/* DLTensor of DLPack 0.2 to 1.x: a published ABI. */
struct dl_tensor {
	void *data;
	int32_t device_type, device_id, ndim;
	uint8_t code, bits;
	uint16_t lanes;
	int64_t *shape, *strides;
	uint64_t byte_offset;
};

/* Three numbers a tensor: where its name begins in @names, its address, its size.  65 bytes a tensor of @expected, or NULL. */
static void vres_py_tensors(vres_tensor *t, size_t n, const char *names, const uint64_t *numbers, const char *expected)
{
	for (size_t i = 0; i < n; i++) {
		t[i] = vres_tensor_init();
		t[i].name = names + numbers[3 * i];
		t[i].device_ptr = numbers[3 * i + 1];
		t[i].bytes = numbers[3 * i + 2];
		t[i].expected_digest = expected && expected[65 * i] ? expected + 65 * i : NULL;
	}
}
"""


# Kept, so that building again is quick.
folder = pathlib.Path(os.environ.get("VRES_PYTHON_BUILD", here / "build" / "cmake"))


def build_archive() -> None:
    """Makes the library, with its backends and the mock, an archive in @folder."""
    if not shutil.which("cmake"):
        sys.exit("vram-residency: building it takes cmake, a C compiler, pkg-config and OpenSSL 3 (Debian: cmake gcc pkg-config libssl-dev)")
    options = ["-DVRES_CLI=OFF", "-DVRES_TESTS=OFF", "-DVRES_PYTHON=ON", "-DCMAKE_BUILD_TYPE=Release"] + (["-GNinja"] if shutil.which("ninja") else [])
    if not (folder / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "-S", str(root), "-B", str(folder)] + options, check=True)
    subprocess.run(["cmake", "--build", str(folder), "--target", "vres_python", "-j", str(len(os.sched_getaffinity(0)))], check=True)


ffibuilder = FFI()
ffibuilder.cdef(declarations(root / "include") + OURS)
ffibuilder.set_source(
    "vres._native", SOURCE, py_limited_api=True, include_dirs=[str(root / "include")], extra_objects=[str(folder / "libvres_python.a")], libraries=["crypto"],
    # Nothing of the library is exported: a libvres that the process has loaded otherwise is another one.
    extra_link_args=["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now,-z,noexecstack"],
)
