#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# unity.sh DIR: gather the files Verilator wrote to DIR/verilated into DIR/fast.cpp and DIR/slow.cpp. How many files
# there are depends on the machine's size, and a build needs to know its files beforehand.
set -eu
cd "$1"
: >fast.cpp.new
: >slow.cpp.new
for file in verilated/*.cpp; do
  case $file in
    *__Slow.cpp | *__Syms.cpp | *__Trace__*) echo "#include \"$file\"" >>slow.cpp.new ;;
    *) echo "#include \"$file\"" >>fast.cpp.new ;;
  esac
done
[ -s fast.cpp.new ] || { echo "unity.sh: Verilator wrote nothing to $1/verilated" >&2; exit 1; }
mv fast.cpp.new fast.cpp
mv slow.cpp.new slow.cpp
