# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the package: CMake makes the library and the mock, cffi the extension that contains them.  pyproject.toml has everything else.

One wheel serves every Python from 3.9 on: the extension keeps to the stable ABI.
"""
import pathlib
import sys

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import native  # noqa: E402


class BuildExt(build_ext):
    """Makes the archive first."""

    def run(self):
        native.build_archive()
        super().run()


setup(cffi_modules=["native.py:ffibuilder"], cmdclass={"build_ext": BuildExt}, options={"bdist_wheel": {"py_limited_api": "cp39"}})
