# SPDX-License-Identifier: GPL-3.0-or-later
from typing import Any

ffi: Any
lib: Any
