#!/bin/sh
# Runs a command with the project's tools on PATH, after providing them: infra/run.sh COMMAND [ARG ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/infra/bootstrap.sh"
PATH="$root/.tools/node/bin:$root/.tools/nats-server:$root/node_modules/.bin:$PATH"
# Stripped and compiled code is kept: processes start in half the time.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.tools/compile-cache}
export PATH NODE_COMPILE_CACHE
exec "$@"
