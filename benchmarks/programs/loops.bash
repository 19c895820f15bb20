# Loops, arithmetic, functions and strings. Usage: bash loops.bash AMOUNT
total=0
step() {
    local n=$1
    while ((n > 1)); do
        if ((n % 2)); then n=$((n * 3 + 1)); else n=$((n / 2)); fi
        total=$((total + 1))
    done
}
for ((i = 1; i <= $1; i++)); do
    step "$i"
    word="item-$i"
    case $word in
    *7) total=$((total + ${#word})) ;;
    item-*) word=${word#item-} ;;
    esac
done
echo "$total $word"
