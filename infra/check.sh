#!/bin/sh
set -eu
oxfmt --check .
oxlint --type-aware
tsc
vitest run --project unit
