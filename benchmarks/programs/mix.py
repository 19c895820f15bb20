"""Dictionaries, lists, strings, classes and exceptions. Usage: python3 mix.py AMOUNT"""

import sys


class Point:
    """A point that can be added."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


def permutations(items):
    """Yield all orders of a list."""
    if not items:
        yield []
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1 :]):
            yield [item, *rest]


total, words = 0, {}
for turn in range(int(sys.argv[1])):
    place = Point(0, 0)
    for i in range(100):
        place = place + Point(i, turn)
    for word in f"the quick brown fox jumps over the lazy dog {turn}".split() * 4:
        words[word] = words.get(word, 0) + len(word)
    total += sum(1 for order in permutations([1, 2, 3, 4]) if order[0] < order[-1])
    total += sum(sorted((i * 7919 + turn) % 1009 for i in range(100))[:10])
    try:
        total += place.x + int("12" if turn % 3 else "twelve")
    except ValueError:
        total += 1
print(total, words["fox"])
