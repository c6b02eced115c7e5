#!/bin/sh
# Runs a command with the installed packages first on PATH, Node 24 among them. Called by make from
# the root of the repository; relative paths only, since the folder's name may contain spaces.
set -eu
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "Node >= 20 with npm is needed: https://nodejs.org/en/download" >&2
  exit 1
fi
node packages/devkit/bootstrap.mjs
PATH="$PWD/node_modules/.bin:$PATH"
TURBO_TELEMETRY_DISABLED=1
export PATH TURBO_TELEMETRY_DISABLED
exec "$@"
