#!/bin/sh
# Installs the agent as a systemd service; again, it updates the program and leaves configuration and identity alone.
# As root: ./install.sh
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
test "$(id -u)" = 0 || { echo "run this as root" >&2; exit 1; }
node="${CANOPY_NODE:-node}"
"$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)' ||
  { echo "Node 24 or newer is needed: install it, or name it with CANOPY_NODE" >&2; exit 1; }
getent passwd canopy-agent >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin canopy-agent

install -d -m 0755 /opt/canopy-agent
rm -rf /opt/canopy-agent/app.new
cp -R "$here/app" /opt/canopy-agent/app.new
rm -rf /opt/canopy-agent/app
mv /opt/canopy-agent/app.new /opt/canopy-agent/app
install -m 0755 "$here/canopy-agent" /opt/canopy-agent/canopy-agent

install -d -m 0750 -o root -g canopy-agent /etc/canopy-agent /etc/canopy-agent/credentials
install -d -m 0700 -o canopy-agent -g canopy-agent /etc/canopy-agent/identity
for file in agent.yaml ceiling.yaml; do
  # The ceiling is root's: the agent itself cannot raise it either.
  test -e "/etc/canopy-agent/$file" || install -m 0640 -o root -g canopy-agent "$here/$file" "/etc/canopy-agent/$file"
done
install -m 0644 "$here/canopy-agent.service" /etc/systemd/system/canopy-agent.service
systemctl daemon-reload
echo "Put the token of 'canopy agent token NAME' into /etc/canopy-agent/token (readable by group canopy-agent), the"
echo "credentials into /etc/canopy-agent/credentials/<name>/{username,password}, then: systemctl enable --now canopy-agent"
