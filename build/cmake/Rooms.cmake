# One static library per folder of launcher/. The linker takes from them what
# is referred to, so a test of one room needs only what that room needs.
set(LP_ROOMS model text calendar observe web config schedule store store/postgresql store/sqlite
	python rules process definition pipeline show service command)

add_library(lp_all INTERFACE)
set(group "")
foreach(room IN LISTS LP_ROOMS)
	file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/launcher/${room}/*.c")
	string(REPLACE / _ target "lp_${room}")
	add_library(${target} STATIC ${sources})
	target_include_directories(${target} PUBLIC launcher)
	target_compile_options(${target} PRIVATE ${LP_LTO_OPTIONS})
	if(room STREQUAL python)
		target_link_libraries(${target} PUBLIC lp_cpython)
	elseif(room STREQUAL rules)
		target_link_libraries(${target} PUBLIC lp_cpython lp_udunits)
	elseif(room STREQUAL store/postgresql)
		target_link_libraries(${target} PUBLIC lp_libpq)
	elseif(room STREQUAL store/sqlite)
		target_link_libraries(${target} PUBLIC -lsqlite3 -lm)
	elseif(room STREQUAL web)
		target_link_libraries(${target} PUBLIC -levent_extra -levent_core)
	elseif(room STREQUAL text)
		target_link_libraries(${target} PUBLIC -lyaml)
	endif()
	if(room MATCHES "store/(.+)")
		target_sources(${target} PRIVATE ${LP_STATEMENTS_${CMAKE_MATCH_1}})
		target_include_directories(${target} PUBLIC "${CMAKE_BINARY_DIR}/made")
	endif()
	list(APPEND group ${target})
	# What a room asks of the linker, such as --wrap, stands in the room.
	set(options "${CMAKE_SOURCE_DIR}/launcher/${room}/link-options.txt")
	if(EXISTS "${options}")
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${options}")
		file(STRINGS "${options}" options)
		target_link_options(lp_all INTERFACE ${options})
	endif()
endforeach()

# The loops over columns are written to be vectorised, which gcc 12 does at -O3 only.
file(GLOB loops CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/launcher/rules/series_*.c")
set_property(SOURCE ${loops} APPEND PROPERTY COMPILE_OPTIONS "$<$<CONFIG:Release>:-O3>")

target_include_directories(lp_all INTERFACE launcher)
list(JOIN group "," group)
# One group, because references go both ways: the store wraps a function that
# libpq calls, and the two stores stand behind the header that they include.
target_link_libraries(lp_all INTERFACE
	"$<LINK_GROUP:RESCAN,${group},lp_generated,lp_libpq,lp_udunits,lp_frozen,lp_cpython>"
	-lyaml -lsqlite3 -levent_extra -levent_core ${LP_OPENSSL} -llzma -lz -lm -lpthread)
