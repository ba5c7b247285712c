#!/usr/bin/env bash
# Hands everything to the build program, which is built once here and after that renews itself.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="$here/image/Build/bin/Release/net10.0/build.dll"
[ -e "$program" ] || dotnet build "$here/image/Build" -c Release -v q --nologo --tl:off
exec dotnet "$program" "$@"
