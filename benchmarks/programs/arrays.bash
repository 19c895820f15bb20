# Arrays, indexed and associative, and a sort. Usage: bash arrays.bash AMOUNT
declare -A seen
seed=1
for ((round = 0; round < $1; round++)); do
    numbers=()
    for ((i = 0; i < 60; i++)); do
        seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
        numbers+=($((seed >> 16)))
        seen[k$((seed & 255))]=$i
    done
    for ((i = 1; i < ${#numbers[@]}; i++)); do
        value=${numbers[i]}
        for ((j = i; j > 0 && numbers[j - 1] > value; j--)); do numbers[j]=${numbers[j - 1]}; done
        numbers[j]=$value
    done
done
echo "${numbers[0]} ${numbers[59]} ${#seen[@]}"
