#!/bin/sh
# Makes the two font files of this folder: sh subset.sh Inter-Regular.otf DejaVuSans.ttf
# (fonttools 4; the sources are Debian's packages fonts-inter and fonts-dejavu-core).
set -eu
latin="U+0020-007E,U+00A0-017F,U+0192,U+02C6-02DD,U+0370-03FF,U+2010-2027,U+2030,U+2032-2034"
signs="U+2039-203A,U+2044,U+2070-209C,U+20AC,U+2102-2126,U+212B,U+2190-2199,U+2202-22EF,U+25CF,U+2713,U+2717"
pyftsubset "$1" --unicodes="$latin,$signs" --layout-features='' --no-hinting \
  --drop-tables+=GDEF,GPOS,GSUB,BASE --name-IDs='0,1,2,3,4,5,6,13,14' \
  --output-file=Inter-Regular-subset.otf
letters="U+02B0-02FF,U+0300-0310,U+1D62-1D6A,U+2C7C,U+207F,U+2016,U+2061-2064,U+2100-214F"
operators="U+2190-21FF,U+2200-22FF,U+2308-230B,U+25A0-25FF,U+2609,U+263F-2647,U+27E8-27EB,U+1D7D8-1D7DF,U+2A7D-2A7E"
pyftsubset "$2" --unicodes="$letters,$operators" --layout-features='' --no-hinting \
  --drop-tables+=GDEF,GPOS,GSUB,FFTM,MATH --name-IDs='0,1,2,3,4,5,6,13,14' \
  --output-file=DejaVuSans-symbols.ttf
