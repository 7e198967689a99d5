# Makes sure of a Chromium on PATH: with apt-get where that is allowed, else by saying what is missing.

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium (and a font for Korean) with apt-get ..."
    export DEBIAN_FRONTEND=noninteractive
    log=$(apt-get update -q 2>&1 && apt-get install -q -y --no-install-recommends chromium fonts-nanum 2>&1) && exit 0
    printf '%s\n' "$log" >&2
    echo "Chromium could not be installed with apt-get, see above." >&2
    exit 1
fi

echo "make browser needs Chromium: install it so that chromium, chromium-browser or google-chrome is on PATH." >&2
exit 1
