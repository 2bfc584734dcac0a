#!/bin/sh
# Runs a command with the project's pinned tools on PATH: infra/run.sh COMMAND [ARG ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.tools/node/bin:$root/node_modules/.bin:$PATH"
export PATH
exec "$@"
