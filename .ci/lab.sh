# Starts JupyterLab on the first lesson; it stays up until Ctrl-C. PORT= and NO_BROWSER=1 are honoured.

# Said here, and not by the first cell of each lesson.
case ${COURSE_MODE:-replay} in
    replay) ;;
    live | record)
        if [ -z "$OPENAI_API_KEY$OPENAI_BASE_URL$AZURE_OPENAI_ENDPOINT" ]; then
            echo "COURSE_MODE=$COURSE_MODE needs a key: set OPENAI_API_KEY, or for a model on your own machine OPENAI_BASE_URL and VISION_MODEL. Or run plain \`make lab\`: a lesson asks for the key at recording.start(…, mode=\"live\")." >&2
            exit 1
        fi
        ;;
    *)
        echo "There is no COURSE_MODE=$COURSE_MODE; choose replay, live or record." >&2
        exit 1
        ;;
esac

# A terminal opened inside Lab starts from a clean sheet, not from the options of this `make`.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

set -- --ServerApp.root_dir="$PWD" --ServerApp.port="${PORT:-8888}" \
    --LabApp.default_url=/lab/tree/"${LESSONS:-notebooks}"/00_start_here.ipynb

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
