#!/bin/sh
# Installs Emotion Monitor as a systemd service: program, settings, user, unit. Run by "make install-service".
# DESTDIR=/somewhere installs into that folder for inspection and does not change the running system. The environment
# works only in the folder where it was made.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
root=${DESTDIR:-}
python=${PYTHON:-python3}
app=$root/opt/emotion-monitor

if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    echo "install-service must write to /opt and /etc; run: sudo make install-service" >&2
    exit 2
fi
umask 022
mkdir -p "$app/docs" "$root/etc/emotion-monitor" "$root/etc/systemd/system" "$root/usr/lib/sysusers.d"

# picamera2 comes from apt and must be visible inside. Its simplejpeg was built for apt's NumPy and cannot be imported
# with ours (picamera2 #1088, #1211).
flags=
if "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("picamera2") is None)'; then
    flags=--system-site-packages
fi
"$python" -m venv $flags "$app/venv"
"$app/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$here/deploy/edge.lock"
if [ -n "$flags" ]; then
    "$app/venv/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps --require-hashes \
        -r "$here/deploy/picamera.lock"
    "$app/venv/bin/python" -c 'import picamera2' ||
        echo "picamera2 cannot be imported in $app/venv (above): --source picamera will not work, other cameras will" >&2
fi
# Built with the locked setuptools: an isolated build would download the newest one and run it as root.
# Built from a copy: setuptools would leave a folder build/ owned by root in the checkout, and install old files from it.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$here" && tar -cf - pyproject.toml setup.cfg README.md LICENSE emotion_monitor.py monitor train models config.yaml) | tar -xf - -C "$copy"
"$app/venv/bin/pip" install -q --disable-pip-version-check --no-index --no-build-isolation --no-deps "$copy"

cp -R "$here"/docs/guides "$here"/docs/concepts "$app/docs/"
mkdir -p "$root/usr/local/bin"
ln -sf /opt/emotion-monitor/venv/bin/emotion-monitor "$root/usr/local/bin/emotion-monitor"
[ -e "$root/etc/emotion-monitor/config.yaml" ] ||
    install -m 644 "$here/deploy/service.yaml" "$root/etc/emotion-monitor/config.yaml"
if [ ! -e "$root/etc/emotion-monitor/environment" ]; then
    (umask 077; echo '# EMOTION_MONITOR_FLAGS=--source /dev/v4l/by-id/usb-…' > "$root/etc/emotion-monitor/environment")
fi
install -m 644 "$here/deploy/emotion-monitor.service" "$root/etc/systemd/system/"
install -m 644 "$here/deploy/emotion-monitor.sysusers" "$root/usr/lib/sysusers.d/emotion-monitor.conf"

if [ -z "$root" ]; then
    systemd-sysusers emotion-monitor.conf
    systemctl daemon-reload
    systemctl try-restart emotion-monitor  # after an update, if the service runs
fi
echo "installed; set the camera in /etc/emotion-monitor/environment, then:"
echo "  sudo systemctl enable --now emotion-monitor; systemctl status emotion-monitor; journalctl -u emotion-monitor"
