#!/usr/bin/env bash
# Gets the browser that the tests of the report's page use, where it can be had. Safe to run again.
set -euo pipefail
source "$(dirname "$0")/apt.sh"

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
apt_install chromium ||
  say "NOTE: Chromium is not installed and could not be; the tests of the report's page are skipped. To run them, type:" \
    "sudo apt-get install chromium"
