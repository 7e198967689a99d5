# Makes .venv with $PYTHON or the first Python 3.11-3.13 on PATH; does nothing where this folder has one already.

stop() { printf '%s\n' "$@" >&2; exit 1; }

# Scripts in .venv hold absolute paths, so a moved folder needs a new one, and so does another Python.
is_made_by() { [ "$made" = "$PWD|$(.venv/bin/python -V 2>/dev/null)|$1" ]; }
made= base= found=
[ -f .venv/.made ] && IFS= read -r made <.venv/.made
[ -z "$PYTHON" ] && is_made_by "${made##*|}" && exit

# A name on PATH proves nothing (pyenv and macOS put stand-ins there that only print an error), so each is tried.
# In an activated .venv, python3 is the very .venv that may have to be replaced: ask for the Python behind it.
ask='import sys; print("%d.%d" % sys.version_info[:2], getattr(sys, "_base_executable", ""))'
if [ -n "$PYTHON" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11 python; fi
for name; do
    [ -n "$PYTHON" ] || command -v "$name" >/dev/null 2>&1 || continue
    answer=$("$name" -c "$ask" 2>/dev/null </dev/null)
    number=${answer%% *}
    case $number in
        3.11 | 3.12 | 3.13) base=${answer#* } && break ;;
        '') found="${found:+$found, }${PYTHON:+PYTHON=}$name does not run" ;;
        *) found="${found:+$found, }${PYTHON:+PYTHON=}$name is Python $number" ;;
    esac
done
another="with: make lab PYTHON=/path/to/python3.12"
[ "$base" ] || stop "Vision Notebooks needs Python 3.11, 3.12 or 3.13, but ${found:-none is on PATH}; name one $another"
is_made_by "$base" && exit

no_venv="This Python $number can't make virtual environments (venv or ensurepip is missing); on Debian and Ubuntu \`apt install python$number-venv\` adds it, or name another $another"
"$base" -c 'import ensurepip, venv' 2>/dev/null || stop "$no_venv"
echo "Making .venv with Python $number ..."
rm -rf .venv || stop "The old .venv can't be replaced, see above; remove it, then run this again."
log=$("$base" -m venv .venv 2>&1) || { rm -rf .venv; stop "$log" "$no_venv"; }
printf '%s\n' "$PWD|$(.venv/bin/python -V)|$base" >.venv/.made
