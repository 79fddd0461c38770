# Compiles the simulator if it has changed, then becomes it.
[ simulator -nt simulator.f90 ] || gfortran -O2 -fwrapv -o simulator simulator.f90 1>&2 || exit 1
exec ./simulator
