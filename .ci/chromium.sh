# Makes sure of a Chromium on PATH: with apt-get where root may, else by saying what to install. Asks nothing.

found() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    return 1
}

stop() {
    printf '%s\n' "make browser needs Chromium, $1" >&2
    exit 1
}

# Waits for another apt-get at work instead of failing, and for a slow mirror a limited time.
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$@" </dev/null 2>&1
}

found && exit 0
command -v apt-get >/dev/null 2>&1 ||
    stop "or Chrome: install it so that chromium, chromium-browser or google-chrome is on PATH."
[ "$(id -u)" = 0 ] || stop "and only root may install it here: sudo apt-get install chromium, then again."

echo "Installing Chromium (and a font for Korean) with apt-get ..."
# The lists come first: a fresh image has none, and old ones name packages that are gone. What a foreign source
# fails to give does not matter, as long as Chromium can then be had.
log=$(apt update; apt install --no-install-recommends chromium fonts-nanum) && found && exit 0
printf '%s\n' "$log" >&2
stop "and apt-get could not install it, see above; is there a network?"
