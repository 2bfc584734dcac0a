#!/bin/sh
# Runs a command with the project's tools on PATH, after providing them: infra/run.sh COMMAND [ARG ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/infra/bootstrap.sh"
PATH="$root/.tools/node/bin:$root/.tools/nats-server:$root/node_modules/.bin:$PATH"
export PATH
exec "$@"
