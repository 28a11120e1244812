#!/bin/bash
# format.sh [--fix]: every C file of src, include and test is as .clang-format says.
cd "$(dirname "$0")/.." || exit 2
mode=(--dry-run -Werror)
[ "${1:-}" = --fix ] && mode=(-i)
mapfile -t files < <(find src include test -name '*.[ch]' | sort)
clang-format "${mode[@]}" "${files[@]}" || exit 1
echo "format: ${#files[@]} files"
