# Does requirements.txt install from wheels, so without a compiler, on six systems and three Pythons? Downloads nothing.

failed=0
export MACOSX_DEPLOYMENT_TARGET=14.0 # what av needs on Apple's processors
for platform in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin \
    x86_64-pc-windows-msvc aarch64-pc-windows-msvc; do
    for python in 3.11 3.12 3.13; do
        # PyYAML has no wheel for it; the Python for x86_64 runs there as well.
        [ "$platform $python" = "aarch64-pc-windows-msvc 3.11" ] && continue
        if said=$(.venv/bin/python -m uv pip install --quiet --dry-run --only-binary :all: --no-binary vision-notebooks \
            --python-platform "$platform" --python-version "$python" --target build/nowhere -r requirements.txt 2>&1); then
            echo "fine    $platform, Python $python"
        else
            printf '%s\n' "MISSING $platform, Python $python" "$said"
            failed=1
        fi
    done
done
exit "$failed"
