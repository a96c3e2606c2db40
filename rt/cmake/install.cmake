# SPDX-License-Identifier: MIT
#
# What `cmake --install` leaves behind; it may be moved as a whole.
#
#	bin/hartleaf-boot             ci/boot, which finds the kernel below
#	include/hartleaf/             headers; a directory of its own, for there are <time.h>
#	                              and <pthread.h> in it, which are for programs only
#	lib/hartleaf/                 kernel.elf, kernel.bin, program.ld
#	lib/hartleaf/ABI/librt.a      with crt0
#	lib/cmake/hartleaf/           find_package(hartleaf); toolchain.cmake
#	lib/pkgconfig/                hartleaf.pc, hartleaf-lp64d.pc
#	share/doc/hartleaf/
include(CMakePackageConfigHelpers)

set(package lib/cmake/hartleaf)

install(PROGRAMS ${PROJECT_SOURCE_DIR}/ci/boot DESTINATION bin RENAME hartleaf-boot)
install(DIRECTORY include/ ${PROJECT_SOURCE_DIR}/uapi/ DESTINATION include/hartleaf
	FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/program.ld DESTINATION lib/hartleaf)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE
	DESTINATION share/doc/hartleaf)
install(DIRECTORY doc/ DESTINATION share/doc/hartleaf OPTIONAL)
foreach(abi lp64 lp64d)
	install(TARGETS rt_${abi} ARCHIVE DESTINATION lib/hartleaf/${abi})
endforeach()

# for the package's file
foreach(list rt_compile rt_link rt_link_program rt_arch_lp64 rt_arch_lp64d)
	string(JOIN " " ${list}_words ${${list}})
endforeach()
configure_package_config_file(cmake/hartleaf-config.cmake.in hartleaf-config.cmake
	INSTALL_DESTINATION ${package} NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(hartleaf-config-version.cmake
	COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
	${CMAKE_CURRENT_BINARY_DIR}/hartleaf-config.cmake
	${CMAKE_CURRENT_BINARY_DIR}/hartleaf-config-version.cmake
	${PROJECT_SOURCE_DIR}/arch/riscv/toolchain.cmake
	DESTINATION ${package})

string(REPLACE "--specs=picolibc.specs " "" rt_pc_link "${rt_link_words}")
foreach(abi lp64 lp64d)
	set(rt_pc_name hartleaf)
	if(NOT abi STREQUAL lp64)
		set(rt_pc_name hartleaf-${abi})
	endif()
	set(rt_pc_abi ${abi})
	set(rt_pc_arch ${rt_arch_${abi}_words})
	configure_file(cmake/hartleaf.pc.in ${rt_pc_name}.pc @ONLY)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${rt_pc_name}.pc DESTINATION lib/pkgconfig)
endforeach()
