# Starts JupyterLab on the first lesson; it stays up until Ctrl-C. PORT= and NO_BROWSER=1 are honoured.

# A terminal opened inside Lab starts from a clean sheet, not from the options of this `make`.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

set -- --ServerApp.root_dir="$PWD" --ServerApp.port="${PORT:-8888}" \
    --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

# Only what a reader can use: the address, and what goes wrong.
set -- "$@" --log-level=WARN

# No news, no look for updates: the course asks nobody.
set -- "$@" --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

if [ "$(id -u)" = 0 ]; then
    set -- "$@" --allow-root
fi

# Without a display there is nothing to open, and a text browser in the terminal would help nobody.
if [ "$(uname -s)" = Linux ] && [ -z "$DISPLAY$WAYLAND_DISPLAY" ]; then
    NO_BROWSER=1
fi
case ${NO_BROWSER:-0} in
    0) ;;
    *) set -- "$@" --no-browser ;;
esac

echo "Starting JupyterLab; Ctrl-C, then y, stops it."
exec .venv/bin/python -m jupyterlab "$@"
