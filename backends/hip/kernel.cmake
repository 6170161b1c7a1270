# SPDX-License-Identifier: GPL-3.0-or-later
# The kernel for AMD's devices: a code object for each architecture that the compiler knows, listed in images.inc, which the sources include.
# ROCm's own hipcc where there is one, else any clang that can; without either the backend cannot hash on a device, and says so.
set(hip_out ${CMAKE_CURRENT_BINARY_DIR}/hip)
set(hip_inc ${hip_out}/images.inc)
# Format 4 is what every ROCm from 5 on loads; threads of a group are as backends/gpu/hash.c launches them, or fewer than these.
set(hip_flags -x hip --offload-device-only --no-gpu-bundle-output -nogpuinc -nogpulib -mcode-object-version=4 --gpu-max-threads-per-block=256
    -O3 -I${CMAKE_CURRENT_SOURCE_DIR})

# vres_hip_try(compiler result): can it build the kernel at all?  Asked once.
function(vres_hip_try compiler result)
    execute_process(COMMAND ${compiler} ${hip_flags} --offload-arch=gfx90a ${kernel} -o ${hip_out}/try.elf RESULT_VARIABLE code
        OUTPUT_QUIET ERROR_QUIET)
    file(REMOVE ${hip_out}/try.elf)
    if(code EQUAL 0)
        set(${result} ON PARENT_SCOPE)
    endif()
endfunction()

file(MAKE_DIRECTORY ${hip_out})
if(NOT VRES_HIP_COMPILER)
    foreach(name hipcc clang-19 clang-20 clang-21 clang-18 clang-17 clang)
        find_program(VRES_HIP_CANDIDATE_${name} ${name} PATHS /opt/rocm/bin)
        mark_as_advanced(VRES_HIP_CANDIDATE_${name})
        if(VRES_HIP_CANDIDATE_${name})
            set(works OFF)
            vres_hip_try(${VRES_HIP_CANDIDATE_${name}} works)
            if(works)
                set(VRES_HIP_COMPILER ${VRES_HIP_CANDIDATE_${name}} CACHE FILEPATH "builds the kernel for AMD's devices")
                break()
            endif()
        endif()
    endforeach()
endif()

set(hip_list "/* The code objects of this build. */\n")
if(VRES_HIP_COMPILER)
    execute_process(COMMAND ${VRES_HIP_COMPILER} --target=amdgcn-amd-amdhsa -nogpulib --print-supported-cpus ERROR_VARIABLE known OUTPUT_VARIABLE known)
    foreach(arch gfx906 gfx908 gfx90a gfx942 gfx1030 gfx1100 gfx1151 gfx1200 gfx1201)
        if(known MATCHES "[^0-9a-z]${arch}[^0-9a-z]")
            add_custom_command(OUTPUT ${hip_out}/${arch}.elf DEPENDS ${kernel_parts} VERBATIM
                COMMAND ${VRES_HIP_COMPILER} ${hip_flags} --offload-arch=${arch} ${kernel} -o ${hip_out}/${arch}.elf)
            set_property(SOURCE hip/images.S APPEND PROPERTY OBJECT_DEPENDS ${hip_out}/${arch}.elf)
            string(APPEND hip_list "IMAGE(${arch}, \"${hip_out}/${arch}.elf\")\n")
        endif()
    endforeach()
    set_property(GLOBAL APPEND PROPERTY VRES_KERNELS HIP)
endif()
file(CONFIGURE OUTPUT ${hip_inc} CONTENT "${hip_list}" @ONLY)
set_property(SOURCE hip/images.S APPEND PROPERTY OBJECT_DEPENDS ${hip_inc})

# Our prototypes against the vendor's, where its headers are.
find_path(VRES_HIP_INCLUDE hip/hip_runtime_api.h PATHS /opt/rocm/include)
mark_as_advanced(VRES_HIP_INCLUDE)
if(VRES_HIP_INCLUDE)
    add_library(vres_hip_abi_check OBJECT hip/abi_check.c)
    target_link_libraries(vres_hip_abi_check PRIVATE vres_flags)
    target_compile_definitions(vres_hip_abi_check PRIVATE __HIP_PLATFORM_AMD__)
    target_compile_options(vres_hip_abi_check PRIVATE -Wno-deprecated-declarations)
    target_include_directories(vres_hip_abi_check PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_include_directories(vres_hip_abi_check SYSTEM PRIVATE ${VRES_HIP_INCLUDE})
endif()
