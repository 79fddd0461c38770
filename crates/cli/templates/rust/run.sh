# Compiles the simulator if it has changed, then becomes it.
[ simulator -nt simulator.rs ] || rustc --edition 2024 -O -o simulator simulator.rs 1>&2 || exit 1
exec ./simulator
