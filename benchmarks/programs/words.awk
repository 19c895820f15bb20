# Count the words of a text and the sums of its numbers.
{
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^[0-9]+$/) sum += $i
        else count[tolower($i)]++
    }
    longest = length($0) > longest ? length($0) : longest
}
END {
    for (word in count) if (count[word] > most || (count[word] == most && word < best)) { most = count[word]; best = word }
    print NR, sum, longest, best, most
}
