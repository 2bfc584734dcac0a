#!/bin/sh
# What must hold before a commit, in under a minute. `check.sh static` leaves the unit tests out.
set -eu
oxfmt --check .
oxlint --type-aware
tsc
[ "${1:-}" = static ] || vitest run --project unit
