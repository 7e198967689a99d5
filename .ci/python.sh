# Runs its arguments with the first Python 3.11-3.13 on PATH, or with $PYTHON. Says one sentence when there is none.
# A name on PATH proves nothing (pyenv and macOS put stand-ins there that only print an error), so each is tried.

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null; }

stop() {
    printf '%s\n' "Vision Notebooks needs Python 3.11, 3.12 or 3.13, but $1; name one with: make lab PYTHON=/path/to/python3.12" >&2
    exit 1
}

if [ -n "$PYTHON" ]; then
    case $(version "$PYTHON") in
        3.11 | 3.12 | 3.13) exec "$PYTHON" "$@" ;;
        '') stop "PYTHON=$PYTHON does not run" ;;
        *) stop "PYTHON=$PYTHON is Python $(version "$PYTHON")" ;;
    esac
fi

found=
# The last one serves who once named a Python that is not on PATH: what .venv was made with goes on being used.
for name in python3 python3.13 python3.12 python3.11 python .venv/bin/python; do
    command -v "$name" >/dev/null 2>&1 || continue
    number=$(version "$name")
    case $number in
        3.11 | 3.12 | 3.13) exec "$name" "$@" ;;
        '') found="$found, $name that does not run" ;;
        *) found="$found, $name $number" ;;
    esac
done
found=${found#, }
stop "found ${found:+only }${found:-none on PATH}"
