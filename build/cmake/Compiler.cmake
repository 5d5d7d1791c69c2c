# What every file of the launcher is compiled with.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE Debug)
endif()
# Asserts state what must hold and stay on: no -DNDEBUG anywhere.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla)
if(LP_WERROR)
	add_compile_options(-Werror)
endif()

# The cached CPython and libpq are not position-independent: that is what
# makes them fast, and the launcher follows.
add_compile_options(-fno-pie -fno-omit-frame-pointer)
if(NOT LP_STATIC)
	add_link_options(-no-pie)
endif()
# The same sources give the same bytes wherever they lie.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" "-ffile-prefix-map=${CMAKE_BINARY_DIR}/=")

# What nothing refers to is left out of the program.
add_link_options(-Wl,--gc-sections)
if(LP_STATIC)
	add_link_options(-static)
endif()
if(LP_SANITIZE)
	if(LP_STATIC)
		message(FATAL_ERROR "LP_SANITIZE needs LP_STATIC=OFF: the sanitizers' run-time libraries have no static form")
	endif()
	add_compile_options("-fsanitize=${LP_SANITIZE}" -fno-sanitize-recover=all)
	add_link_options("-fsanitize=${LP_SANITIZE}")
	if(LP_FUZZ AND CMAKE_C_COMPILER_ID STREQUAL Clang)
		# libFuzzer looks for inputs that reach new code: all of it has to tell.
		add_compile_options(-fsanitize=fuzzer-no-link)
	endif()
else()
	add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
endif()
if(LP_LTO AND CMAKE_C_COMPILER_ID STREQUAL GNU)
	set(LP_LTO_OPTIONS -flto=auto -fno-fat-lto-objects)
	# In one partition: functions that two partitions share get names such as
	# x.lto_priv.0, and CPython, which is linked by LTO before, has such names too.
	add_link_options(-flto=auto -flto-partition=one)
endif()

# ld warns at each function of glibc that would load NSS or iconv modules:
# docs/build.md says why they are harmless here.
if(LP_STATIC)
	set_property(GLOBAL PROPERTY RULE_LAUNCH_LINK "${CMAKE_SOURCE_DIR}/build/quiet-link")
endif()
