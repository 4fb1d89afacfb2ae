"""Connected components in passes over the edges of one vertex at a time, so that no machine has to hold them all.

The alternating algorithm of Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected Components in MapReduce
and Beyond" (SoCC 2014): ``large_star`` and ``small_star`` are applied to every vertex in turn until neither changes
anything. What is left are stars: every vertex but the lowest of a component is joined to that, and to nothing else.
Vertices are named by text; an edge is (higher, lower).
"""

from __future__ import annotations

from collections.abc import Iterable

Edge = tuple[str, str]
"""(higher, lower)."""


def large_star(vertex: str, neighbours: Iterable[str]) -> list[Edge]:
    """Joins the neighbours (all of them are given) above a vertex to the lowest of its neighbours and itself."""
    near = set(neighbours)
    lowest = min(near | {vertex})
    return [(other, lowest) for other in sorted(near) if other > vertex]


def small_star(vertex: str, below: Iterable[str]) -> list[Edge]:
    """Joins a vertex, and its neighbours below it (which are given), to the lowest of them."""
    near = set(below) | {vertex}
    lowest = min(near)
    return [(other, lowest) for other in sorted(near) if other != lowest]


def components(edges: Iterable[Edge]) -> dict[str, str]:
    """Vertex -> the lowest of its component, for every vertex of an edge; all in memory."""
    current = {(max(edge), min(edge)) for edge in edges}
    while True:
        both: dict[str, set[str]] = {}
        for a, b in current:
            both.setdefault(a, set()).add(b)
            both.setdefault(b, set()).add(a)
        large = {edge for vertex, near in both.items() for edge in large_star(vertex, near)}
        below: dict[str, set[str]] = {}
        for high, low in large:
            below.setdefault(high, set()).add(low)
        small = {edge for vertex, near in below.items() for edge in small_star(vertex, near)}
        if small == current:
            return {**{low: low for _, low in small}, **dict(small)}
        current = small
