# The statements of the stores and the steps of their schemas, made of their .sql files.
set(made "${CMAKE_BINARY_DIR}/made/store")
file(GLOB tables CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/launcher/model/*.table")
set(LP_STEPS "")
foreach(store IN ITEMS postgresql sqlite)
	set(from "${CMAKE_SOURCE_DIR}/launcher/store/${store}")
	file(GLOB sql CONFIGURE_DEPENDS "${from}/statements/*.sql" "${from}/schema/*.sql")
	file(GLOB steps RELATIVE "${from}" "${from}/schema/[0-9]*.sql")
	list(TRANSFORM steps PREPEND "${made}/${store}/")
	list(APPEND LP_STEPS ${steps})
	set(LP_STATEMENTS_${store} "${made}/${store}/names.table" "${made}/${store}/statements.table")
	add_custom_command(OUTPUT ${LP_STATEMENTS_${store}} ${steps} VERBATIM
		COMMAND "${LP_PYTHON_PROGRAM}" -I -B "${CMAKE_SOURCE_DIR}/build/statements.py" "${from}"
			--tables "${CMAKE_SOURCE_DIR}/launcher/model" --output "${made}/${store}"
		DEPENDS build/statements.py ${sql} ${tables}
		COMMENT "Making the statements of ${store}")
endforeach()
