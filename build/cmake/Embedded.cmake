# The generated C files: app/ frozen, and the files that travel inside.
find_program(LP_GIT git)
set(LP_COMMIT "")
set(LP_COMMITTED "")
if(LP_GIT)
	execute_process(COMMAND "${LP_GIT}" describe --always --dirty --abbrev=12 --exclude *
		WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE LP_COMMIT
		OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
	execute_process(COMMAND "${LP_GIT}" log -1 --format=%ct
		WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE LP_COMMITTED
		OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT LP_COMMITTED)
	set(LP_COMMITTED "${LP_VERSION_BEGUN}")
endif()

string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
get_directory_property(options COMPILE_OPTIONS)
list(JOIN options " " options)
string(REPLACE "${CMAKE_SOURCE_DIR}/" "" options "${options}")
string(REPLACE "${CMAKE_BINARY_DIR}/" "" options "${options}")
string(REGEX REPLACE "-ffile-prefix-map=[^ ]* ?" "" options "${options}")
set(facts "{
  \"name\": \"local-processing\",
  \"version\": \"${PROJECT_VERSION}\",
  \"commit\": \"${LP_COMMIT}\",
  \"committed\": ${LP_COMMITTED},
  \"compiler\": \"${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}\",
  \"cflags\": \"-std=gnu17 ${CMAKE_C_FLAGS_${type}} ${options}\",
  \"build_type\": \"${CMAKE_BUILD_TYPE}\",
  \"static\": $<IF:$<BOOL:${LP_STATIC}>,true,false>,
  \"lto\": $<IF:$<BOOL:${LP_LTO}>,true,false>,
  \"sanitize\": \"${LP_SANITIZE}\"
}
")
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/program-facts.json" CONTENT "${facts}")

file(GLOB_RECURSE app CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/app/*.py")
list(FILTER app EXCLUDE REGEX "/app/(demo|your_python)/")
add_custom_command(OUTPUT frozen_app.c frozen_app.bin VERBATIM
	COMMAND ${CMAKE_COMMAND} -E env PYTHONHASHSEED=0 "${LP_PYTHON_PROGRAM}" -s -B
		"${CMAKE_SOURCE_DIR}/build/freeze.py" --app "${CMAKE_SOURCE_DIR}/app"
		--output "${CMAKE_BINARY_DIR}/frozen_app"
	DEPENDS build/freeze.py ${app}
	COMMENT "Freezing app/")

# What travels inside, besides what embed.py gathers by itself: NAME=DIRECTORY.
set(tree_options
	--tree "demo=${CMAKE_SOURCE_DIR}/app/demo"
	--tree "local_processing=${CMAKE_SOURCE_DIR}/app/local_processing"
	--tree "your_python=${CMAKE_SOURCE_DIR}/app/your_python"
	--tree "schema/postgresql=${CMAKE_BINARY_DIR}/made/store/postgresql/schema"
	--tree "schema/sqlite=${CMAKE_BINARY_DIR}/made/store/sqlite/schema"
	--tree "units=/usr/share/xml/udunits")
file(GLOB_RECURSE tree_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/app/demo/*" "${CMAKE_SOURCE_DIR}/page/*"
	"${CMAKE_SOURCE_DIR}/app/local_processing/*.py" "${CMAKE_SOURCE_DIR}/app/your_python/*.py")
add_custom_command(OUTPUT embedded_data.c embedded_data.bin VERBATIM
	COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C.UTF-8 "${LP_PYTHON_PROGRAM}" -I -B
		"${CMAKE_SOURCE_DIR}/build/embed.py"
		--python-entry "${LP_PYTHON_ENTRY}" --libpq-entry "${LP_LIBPQ_ENTRY}"
		--program-facts "${CMAKE_BINARY_DIR}/program-facts.json"
		--page "${CMAKE_SOURCE_DIR}/page" ${tree_options} --output "${CMAKE_BINARY_DIR}/embedded_data"
	DEPENDS build/embed.py ${tree_files} ${LP_STEPS} "${CMAKE_BINARY_DIR}/program-facts.json"
		# Versions, licences, zones, certificates, units: all from packages.
		/var/lib/dpkg/status
	COMMENT "Embedding time zones, certificates, units, licences")

add_library(lp_generated STATIC
	"${CMAKE_BINARY_DIR}/frozen_app.c" "${CMAKE_BINARY_DIR}/embedded_data.c")
set_property(SOURCE "${CMAKE_BINARY_DIR}/frozen_app.c" PROPERTY
	OBJECT_DEPENDS "${CMAKE_BINARY_DIR}/frozen_app.bin")
set_property(SOURCE "${CMAKE_BINARY_DIR}/embedded_data.c" PROPERTY
	OBJECT_DEPENDS "${CMAKE_BINARY_DIR}/embedded_data.bin")
target_include_directories(lp_generated PRIVATE launcher)
target_link_libraries(lp_generated PUBLIC lp_cpython)
