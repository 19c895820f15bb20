/* Binary trees built, counted and freed: malloc, free and recursion. */
#include "work.h"

struct tree { struct tree *left, *right; };

static struct tree *build(int depth) {
    struct tree *tree = malloc(sizeof *tree);
    tree->left = depth ? build(depth - 1) : NULL;
    tree->right = depth ? build(depth - 1) : NULL;
    return tree;
}

static unsigned count(const struct tree *tree) {
    return tree->left ? 1 + count(tree->left) + count(tree->right) : 1;
}

static void destroy(struct tree *tree) {
    if (tree->left) {
        destroy(tree->left);
        destroy(tree->right);
    }
    free(tree);
}

int main(int argc, char **argv) {
    unsigned nodes = 0;
    struct tree *lasting = build(14);
    for (unsigned round = work(argc, argv); round > 0; round--) {
        struct tree *tree = build(4 + round % 8);
        nodes += count(tree);
        destroy(tree);
    }
    printf("%u %u\n", nodes, count(lasting));
}
