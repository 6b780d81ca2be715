#!/bin/sh
# build.sh FOLDER: the instrument as WebAssembly, FOLDER/instrument.wasm (SIMD) and FOLDER/instrument-plain.wasm.
# Debian: clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32, or newer.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
compiler=${WASM_CXX:-}
for version in 21 20 19; do
  [ -z "$compiler" ] && command -v "clang++-$version" >/dev/null && compiler="clang++-$version"
done
if [ -z "$compiler" ]; then
  echo "wanted clang++-19 or newer with its wasm32 libraries, got none: install the packages that firmware/browser/build.sh names" >&2
  exit 1
fi
cd "$here"
warnings="-Wall -Wextra -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wshadow -Werror"
for kind in "-msimd128 instrument" "-mno-simd128 instrument-plain"; do
  set -- $kind
  objects="$out/objects-$2"
  mkdir -p "$objects"
  for source in firmware/engine/*.cpp firmware/osc/*.cpp firmware/instrument/*.cpp firmware/browser/*.cpp; do
    echo "$source $objects/$(echo "$source" | tr / -).o"
  done | xargs -P 2 -n 2 sh -c \
    "exec ${CMAKE_CXX_COMPILER_LAUNCHER:-} $compiler --target=wasm32-wasi -std=c++14 -O3 $1 -fno-exceptions -fno-rtti $warnings -I. -c \"\$0\" -o \"\$1\""
  $compiler --target=wasm32-wasi -mexec-model=reactor -Wl,--strip-all "$objects"/*.o -o "$out/$2.wasm"
done
