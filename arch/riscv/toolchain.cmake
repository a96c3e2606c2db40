# SPDX-License-Identifier: MIT
#
# Toolchain file for bare-metal RISC-V: Debian's gcc-riscv64-unknown-elf.  It
# only says which tools to use; the flags of kernel and programs stand in the
# CMakeLists.txt of each.  Installed it also says where the package is that it lies beside.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv64)

# There is no C library at link time of the compiler checks.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(HARTLEAF_CROSS riscv64-unknown-elf- CACHE STRING "Prefix of the RISC-V tools")

find_program(HARTLEAF_GCC ${HARTLEAF_CROSS}gcc)
if(NOT HARTLEAF_GCC)
	message(FATAL_ERROR "${HARTLEAF_CROSS}gcc not found; it is in Debian's gcc-riscv64-unknown-elf")
endif()

set(CMAKE_C_COMPILER ${HARTLEAF_CROSS}gcc)
set(CMAKE_ASM_COMPILER ${HARTLEAF_CROSS}gcc)
set(CMAKE_AR ${HARTLEAF_CROSS}ar CACHE STRING "")
set(CMAKE_RANLIB ${HARTLEAF_CROSS}ranlib CACHE STRING "")
set(CMAKE_OBJCOPY ${HARTLEAF_CROSS}objcopy CACHE STRING "")
set(CMAKE_OBJDUMP ${HARTLEAF_CROSS}objdump CACHE STRING "")
set(CMAKE_NM ${HARTLEAF_CROSS}nm CACHE STRING "")
set(CMAKE_SIZE ${HARTLEAF_CROSS}size CACHE STRING "")

set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/hartleaf-config.cmake)
	set(hartleaf_DIR ${CMAKE_CURRENT_LIST_DIR} CACHE PATH "")
endif()
