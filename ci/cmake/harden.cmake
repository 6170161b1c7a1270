# SPDX-License-Identifier: GPL-3.0-or-later
# Adds to vres_flags what this compiler and processor know against exploits; what they do not know is left out.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

set(wanted -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i[3-6]86)$")
    list(APPEND wanted -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    list(APPEND wanted -mbranch-protection=standard)
endif()
foreach(flag ${wanted})
    string(MAKE_C_IDENTIFIER "VRES_HAS${flag}" has)
    check_c_compiler_flag(${flag} ${has})
    if(${has})
        target_compile_options(vres_flags INTERFACE ${flag})
    endif()
endforeach()

# A level that the user or the distribution's compiler has set stays.  Without optimization glibc cannot do it and warns.
set(CMAKE_REQUIRED_FLAGS -O2)
check_c_source_compiles("
#ifdef _FORTIFY_SOURCE
#error
#endif
int main(void) { return 0; }" VRES_FORTIFY_UNSET)
set(CMAKE_REQUIRED_FLAGS "-O2 -D_FORTIFY_SOURCE=3 -Werror")
check_c_source_compiles("#include <string.h>\nint main(void) { return 0; }" VRES_HAS_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
if(VRES_FORTIFY_UNSET AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_definitions(vres_flags INTERFACE _FORTIFY_SOURCE=$<IF:$<BOOL:${VRES_HAS_FORTIFY_3}>,3,2>)
endif()
