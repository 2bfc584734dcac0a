#!/bin/sh
# The image's entrypoint: a service's name and its arguments, or `sally COMMAND …`. Config and data directory lie where
# SALLY_CONFIG and SALLY_DATA say; the command line finds the usual places by itself.
set -eu
code=$(cd "$(dirname "$0")/../.." && pwd)
case ${1:-} in
  authn | policy | approval | recorder | proxy)
    service=$1
    shift
    options=$(node "$code/infra/container/node-options.ts" "$service")
    # shellcheck disable=SC2086 # words
    exec node $options "$code/services/$service/src/main.ts" --config "${SALLY_CONFIG:-/etc/sallyport/sallyport.yaml}" \
      --data "${SALLY_DATA:-/etc/sallyport/.sallyport}" "$@"
    ;;
  sally)
    shift
    exec node "$code/cli/src/main.ts" "$@"
    ;;
  *)
    exec "$@"
    ;;
esac
