# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the package: CMake makes the library and the mock, cffi the extension that contains them.  pyproject.toml has everything else.

One wheel serves every Python from 3.9 on: the extension keeps to the stable ABI.
"""
import pathlib
import shutil
import subprocess
import sys

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import native  # noqa: E402


class BuildExt(build_ext):
    """Makes the archive first."""

    def run(self):
        native.build_archive()
        super().run()


class Sdist(sdist):
    """Carries the sources of the library along."""

    PARTS = ("CMakeLists.txt", "LICENSE", "core", "backends", "mock", "include", "ci/cmake", "bindings/python/CMakeLists.txt")

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        tree = pathlib.Path(base_dir, "tree")
        if native.root.name == "tree":
            shutil.copytree(native.root, tree)
            return
        listed = subprocess.run(["git", "ls-files", "-z", *self.PARTS], cwd=native.root, capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(native.root / name, tree / name)


setup(cffi_modules=["native.py:ffibuilder"], cmdclass={"build_ext": BuildExt, "sdist": Sdist}, options={"bdist_wheel": {"py_limited_api": "cp39"}})
