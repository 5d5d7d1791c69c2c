# The statements of the stores, made of their .sql files.
set(made "${CMAKE_BINARY_DIR}/made")
file(GLOB tables CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/launcher/model/*.table")
foreach(store IN ITEMS postgresql sqlite)
	set(from "${CMAKE_SOURCE_DIR}/launcher/store/${store}")
	file(GLOB sql CONFIGURE_DEPENDS "${from}/s*/*.sql")
	set(LP_STATEMENTS_${store} "${made}/store/${store}/names.table" "${made}/store/${store}/statements.table")
	add_custom_command(OUTPUT ${LP_STATEMENTS_${store}} VERBATIM
		COMMAND "${LP_PYTHON_PROGRAM}" -I -B "${CMAKE_SOURCE_DIR}/build/statements.py" "${from}"
			--tables "${CMAKE_SOURCE_DIR}/launcher/model" --output "${made}/store/${store}"
		DEPENDS build/statements.py ${sql} ${tables}
		COMMENT "Making the statements of ${store}")
endforeach()
