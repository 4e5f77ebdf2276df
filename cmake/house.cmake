# SPDX-License-Identifier: Apache-2.0
# What every library, program and test of the project is built with.

find_program(RUNX_CCACHE ccache)
if(RUNX_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RUNX_CCACHE})
endif()

add_library(runx_options INTERFACE)
target_include_directories(runx_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(runx_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -ffunction-sections -fdata-sections)
target_link_options(runx_options INTERFACE -Wl,--gc-sections)
if(RUNX_SANITIZE)
  target_compile_options(runx_options INTERFACE -fsanitize=${RUNX_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(runx_options INTERFACE -fsanitize=${RUNX_SANITIZE})
endif()
if(RUNX_FUZZ)
  target_compile_options(runx_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# runx_library(devtree SOURCES blob.cpp LINK runx_base): one library a folder.
function(runx_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(runx_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(runx_${name} PUBLIC runx_options ${ARG_LINK})
endfunction()

# runx_program(accelkit SOURCES main.cpp LINK runx_plan): a program in bin/.
function(runx_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE runx_options ${ARG_LINK})
  if(RUNX_STATIC)
    target_link_options(${name} PRIVATE -static)
  elseif(RUNX_BUNDLE)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc LINKER:--as-needed)
  endif()
endfunction()

# Clang has in -Wconversion what GCC has not, and a name of one test shadows nothing of its neighbour's. Linked last, or
# the options of runx_options would prevail.
add_library(runx_test_options INTERFACE)
target_compile_options(runx_test_options INTERFACE -Wno-sign-conversion $<$<BOOL:${RUNX_UNITY}>:-Wno-shadow>)

# runx_test(devtree SOURCES blob_test.cpp LINK runx_devtree): one test program a folder, each TEST one ctest entry.
# Where RUNX_UNITY asks for it its sources are compiled as one: most of a compilation is templates of gmock and JSON, which
# each source instantiates anew. APART own_test.cpp: but this one, whose unnamed namespace has names of its neighbours'.
# RUNX_QUICK_OPTIONS come after the build type's and so prevail.
function(runx_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;APART" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  set_target_properties(${name}_test PROPERTIES UNITY_BUILD ${RUNX_UNITY} UNITY_BUILD_BATCH_SIZE 7)
  set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_compile_options(${name}_test PRIVATE ${RUNX_QUICK_OPTIONS})
  target_link_libraries(${name}_test PRIVATE runx_options ${ARG_LINK} GTest::gmock GTest::gtest_main
    runx_test_options)
  target_compile_definitions(${name}_test PRIVATE
    RUNX_SOURCE_DIR="${PROJECT_SOURCE_DIR}" RUNX_BINARY_DIR="${PROJECT_BINARY_DIR}")
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()

# runx_fuzz(fpga_bit SOURCES bit_fuzz.cpp LINK runx_fpga): a libFuzzer target, its seeds in
# tests/fuzz/corpus/<name>/, and a short run of it as a ctest entry. SECONDS 60: it runs for as long as that, and not
# for RUNX_FUZZ_SECONDS, when that is less.
function(runx_fuzz name)
  cmake_parse_arguments(ARG "" "SECONDS" "SOURCES;LINK" ${ARGN})
  set(seconds ${RUNX_FUZZ_SECONDS})
  if(ARG_SECONDS AND ARG_SECONDS GREATER seconds)
    set(seconds ${ARG_SECONDS})
  endif()
  add_executable(fuzz_${name} ${ARG_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE runx_options ${ARG_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  set(found ${PROJECT_BINARY_DIR}/corpus/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz/${name} COMMAND fuzz_${name} -max_total_time=${seconds} -timeout=25 -rss_limit_mb=1024
    -artifact_prefix=${PROJECT_BINARY_DIR}/ ${found} ${seeds})
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz)
endfunction()
set(RUNX_FUZZ_SECONDS 20 CACHE STRING "How long each fuzz target runs as a test, in seconds")

# Library without a CMake package of its own in Debian; the header-only ones are found the usual way.
find_path(LIBFDT_INCLUDE_DIR libfdt.h REQUIRED)
if(RUNX_STATIC OR RUNX_BUNDLE)
  find_library(LIBFDT_LIBRARY libfdt.a REQUIRED)
  set(OPENSSL_USE_STATIC_LIBS ON)
else()
  find_library(LIBFDT_LIBRARY fdt REQUIRED)
endif()
add_library(runx_libfdt INTERFACE)
# SYSTEM: its headers do not compile under -Wconversion.
target_include_directories(runx_libfdt SYSTEM INTERFACE ${LIBFDT_INCLUDE_DIR})
target_link_libraries(runx_libfdt INTERFACE ${LIBFDT_LIBRARY})
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
if(RUNX_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
