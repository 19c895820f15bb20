# Make a repository with three commits in ./repo and go there; sourced by lines of matrix.txt.
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='@1500000000 +0000' GIT_COMMITTER_DATE='@1500000000 +0000' GIT_PAGER=cat
git init -q -b main repo && cd repo || exit
for name in text.txt lines.txt binary.bin; do
    cp "../$name" . && git add "$name" && git commit -q -m "add $name" || exit
done
