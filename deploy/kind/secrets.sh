#!/bin/sh
# Draws the Secrets of a trial cluster into the namespace given: secrets.sh <namespace>
set -eu
namespace="${1:?which namespace?}"
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
umask 077
cd "$dir"

password="$(openssl rand -hex 24)"
printf %s "$password" > password
printf 'postgres://canopy:%s@postgres:5432/canopy' "$password" > url
openssl rand -hex 24 | tr -d '\n' > token

names="DNS:localhost"
for service in agent audit capture console control resolve transform write; do
  names="$names,DNS:canopy-$service.$namespace.svc"
done
printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s\n' "$names" > leaf.ext
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $key -days 365 -subj "/CN=Canopy trial" -addext keyUsage=critical,keyCertSign,cRLSign \
  -keyout ca.key -out ca.crt 2>/dev/null
openssl req $key -subj "/CN=canopy" -keyout tls.key -out leaf.csr 2>/dev/null
openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile leaf.ext -out tls.crt 2>/dev/null

create() { kubectl -n "$namespace" create secret generic "$@" --dry-run=client -o yaml | kubectl -n "$namespace" apply -f -; }
create canopy-postgres --from-file=password --from-file=url
create canopy-console --from-file=token
create canopy-rpc-tls --from-file=tls.crt --from-file=tls.key --from-file=ca.crt
