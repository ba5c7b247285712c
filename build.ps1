#!/usr/bin/env pwsh
# Hands everything to the build program, which is built once here and after that renews itself.
$program = "$PSScriptRoot/image/Build/bin/Release/net10.0/build.dll"
if (-not (Test-Path $program)) { dotnet build "$PSScriptRoot/image/Build" -c Release -v q --nologo --tl:off }
if (Test-Path $program) { dotnet $program @args }
exit $LASTEXITCODE
