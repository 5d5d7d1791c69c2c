# What UDUNITS says of the usual units, so that most runs need not load its database.
add_executable(usual_conversions build/usual_conversions.c launcher/rules/units_library.c)
target_include_directories(usual_conversions PRIVATE launcher)
target_link_libraries(usual_conversions PRIVATE lp_model lp_text lp_generated lp_udunits -lz)
add_custom_command(OUTPUT usual_conversions_table.c VERBATIM
	COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
		sh -c "./usual_conversions >usual_conversions_table.c"
	DEPENDS usual_conversions
	COMMENT "Computing the usual conversions of units")
target_sources(lp_rules PRIVATE "${CMAKE_BINARY_DIR}/usual_conversions_table.c")
