# Sourced by the scripts here: messages, and packages of the system where they can be had without asking.

say() { printf '%s\n' "$*" >&2; }

# Runs apt-get as root or through sudo without a password; fails otherwise.
apt_install() {
  command -v apt-get >/dev/null || return 1
  local as=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  say "installing $* with apt-get ..."
  local log
  log=$(mktemp)
  if "${as[@]}" apt-get update >"$log" 2>&1 &&
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1; then
    rm -f "$log"
  else
    say "apt-get failed:"; tail -n 5 "$log" >&2; rm -f "$log"
    return 1
  fi
}
