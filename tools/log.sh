# Usage: COMMAND 2>&1 | bash tools/log.sh [FILE]
# Prints what COMMAND prints, and appends it to FILE. A runner carries out a line of a job's log that begins with
# "::" after blanks, or contains "##[", and what an example prints can be in any line: neither comes through. The
# second replacement is for ":::", of which the first leaves "::".
LC_ALL=C sed --unbuffered -e 's/::/: :/g' -e 's/::/: :/g' -e 's/##\[/## [/g' | tee -a "${1:-/dev/null}"
