# Run one module of Python's own tests and print its result; $1 is the module, the rest are options for it.
module=$1
shift
export PYTHONDONTWRITEBYTECODE=1
python3.11 -m test "$@" "$module" > "$HOME/log" 2>&1
result=$(sed -n 's/.*result: //p' "$HOME/log" | tr -d = | tr -s ' ' | tail -n 1)
echo "$module: ${result% }"
case $result in *SUCCESS*) ;; *) grep -aE '^(FAIL|ERROR|test .* (failed|crashed))|Error: |Fatal |Process return code|^  File "' "$HOME/log" | sort -u | head -n 60 ;; esac
rm -f "$HOME/log"
