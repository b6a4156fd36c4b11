#!/bin/sh
# Draws the secrets of compose.yaml, once: what is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets credentials/forests credentials/targets
# Containers run as uid 65532: they read the files, nobody else on this host enters the folder.
for secret in postgres_password console_token; do
  [ -s "secrets/$secret" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$secret"
done
printf 'postgres://canopy:%s@postgres:5432/canopy' "$(cat secrets/postgres_password)" > secrets/postgres_url
chmod 444 secrets/*
echo "secrets/ is ready; the token of the gateway is in secrets/console_token"
