# The cache entries that are linked in. With a warm cache this takes a second;
# with an empty one it builds CPython.
function(lp_entry variable)
	execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
		OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(FATAL_ERROR "${ARGN} failed")
	endif()
	set(${variable} "${path}" PARENT_SCOPE)
	message(STATUS "${variable}: ${path}")
endfunction()

lp_entry(LP_PYTHON_ENTRY build/python ${LP_PYTHON})
lp_entry(LP_FROZEN_ENTRY build/frozen ${LP_PYTHON})
lp_entry(LP_LIBPQ_ENTRY build/libpq)
set(LP_PYTHON_PROGRAM "${LP_PYTHON_ENTRY}/bin/python3.13")

# A changed recipe means another entry.
file(GLOB LP_RECIPES CONFIGURE_DEPENDS build/recipes/* build/training/* build/sources.lock build/freeze.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LP_RECIPES})

add_library(lp_cpython STATIC IMPORTED)
file(READ "${LP_PYTHON_ENTRY}/link.txt" libraries)
separate_arguments(libraries UNIX_COMMAND "${libraries}")
set_target_properties(lp_cpython PROPERTIES
	IMPORTED_LOCATION "${LP_PYTHON_ENTRY}/lib/libcpython.a"
	INTERFACE_INCLUDE_DIRECTORIES "${LP_PYTHON_ENTRY}/include"
	INTERFACE_COMPILE_OPTIONS "-ffile-prefix-map=${LP_PYTHON_ENTRY}/=cpython/"
	INTERFACE_LINK_LIBRARIES "${libraries}")

add_library(lp_frozen STATIC IMPORTED)
set_target_properties(lp_frozen PROPERTIES IMPORTED_LOCATION "${LP_FROZEN_ENTRY}/lib/libfrozen.a")

# From Debian 13 on OpenSSL wants zstd.
execute_process(COMMAND pkg-config --static --libs openssl
	OUTPUT_VARIABLE LP_OPENSSL OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(LP_OPENSSL UNIX_COMMAND "${LP_OPENSSL}")

add_library(lp_libpq STATIC IMPORTED)
set_target_properties(lp_libpq PROPERTIES
	IMPORTED_LOCATION "${LP_LIBPQ_ENTRY}/lib/libpq.a"
	INTERFACE_INCLUDE_DIRECTORIES "${LP_LIBPQ_ENTRY}/include"
	INTERFACE_LINK_LIBRARIES "${LP_OPENSSL};-lm")

# UDUNITS reads its database with open, read and close. In this copy of the
# library they have other names, and launcher/rules/units.c answers from memory
# (--wrap would catch every other library's calls too).
find_library(LP_UDUNITS libudunits2.a REQUIRED)
add_custom_command(OUTPUT libudunits2.a VERBATIM
	COMMAND "${CMAKE_OBJCOPY}" --redefine-sym open=lp_units_open
		--redefine-sym read=lp_units_read --redefine-sym close=lp_units_close
		"${LP_UDUNITS}" "${CMAKE_BINARY_DIR}/libudunits2.a"
	DEPENDS "${LP_UDUNITS}"
	COMMENT "Taking UDUNITS off the file system")
add_custom_target(lp_udunits_renamed DEPENDS "${CMAKE_BINARY_DIR}/libudunits2.a")
add_library(lp_udunits STATIC IMPORTED)
set_target_properties(lp_udunits PROPERTIES
	IMPORTED_LOCATION "${CMAKE_BINARY_DIR}/libudunits2.a"
	INTERFACE_LINK_LIBRARIES "-lexpat;-lm")
add_dependencies(lp_udunits lp_udunits_renamed)
