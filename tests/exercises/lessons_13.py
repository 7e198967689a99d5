"""Lesson 13: mistakes that people make, and other right answers."""

import numpy as np

from course.exercises.lesson_13 import nearest, recall


def merged(order="BDAC", score=0.0325):
    return {"order": order, "score": score}


def by_numpy(query, vectors, top, unit=True, descending=True):
    """13.2 with numpy, right or with one slip."""
    if not vectors:
        return []
    lengths = np.linalg.norm(vectors, axis=1) if unit else 1
    near = np.array(vectors) @ np.array(query) / lengths
    return np.argsort((-near if descending else near).round(9), kind="stable")[:top]


def distance(query, vectors, top):
    return sorted(range(len(vectors)), key=lambda n: np.linalg.norm(np.subtract(vectors[n], query)))[:top]


WRONG = {
    "13.1": [
        (merged("BADC"), "B is first, but the rest is not ADC. Add up"),
        (merged("ABCD"), "A is not first. Which is in both lists"),
        (merged("BDA"), "each of the letters A, B, C and D once"),
        (merged(score=1 / 61), "That is one list alone"),
        (merged(score=1 / 60 + 1 / 61), "Places are counted from 1"),
    ],
    "13.2": [
        (lambda *given: by_numpy(*given, unit=False), "your function returns array([1]) and not [3]"),
        (lambda *given: by_numpy(*given, descending=False), "First comes the largest cosine"),
        (lambda query, vectors, top: nearest(query, vectors, len(vectors)), "top=1"),
        (lambda query, vectors, top: [vectors[n] for n in nearest(query, vectors, top)], "and not"),
        (distance, "First comes the largest cosine"),
    ],
    "13.3": [
        (lambda found, right, k: sum(name in right for name in found[:k]) / k, "Divide by the number of right names"),
        (lambda found, right, k: recall(found, right, len(found)), "and not 0.0"),
        (lambda found, right, k: float(any(name in right for name in found[:k])), "returns 1.0 and not 0.5"),
        (lambda found, right, k: 100 * recall(found, right, k), "returns 100.0 and not 1.0"),
    ],
}
RIGHT = {
    "13.1": [merged(), merged("b, d, a, c", 0.03252), merged("B D A C", 1 / 61 + 1 / 62)],
    "13.2": [nearest, by_numpy, lambda *given: tuple(nearest(*given))],
    "13.3": [
        recall,
        lambda found, right, k: np.float64(recall(found, right, k)),
        lambda found, right, k: len({*found[:k]} & {*right}) / len(right),
    ],
}
