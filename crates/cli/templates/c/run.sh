# Compiles the simulator if it has changed, then becomes it.
[ simulator -nt simulator.c ] || cc -O2 -o simulator simulator.c -lm || exit 1
exec ./simulator
