"""The network itself: cells linked up to paths of most evidence, one path after the other. See ``network``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.base import Box, Int64, Settings
from twinreel.match.alignment.similarity import SimilarityMap, covering
from twinreel.types import Float64

_BEND = 0.3
"""Weight of the penalty on speeds other than 1; at speed 2 it is a third of this in a second of a."""
_MOST_REJECTED = 2
"""Paths in a row that make no box, after which the search ends: paths come in order of evidence, the rest is weaker."""
_ENOUGH = 1.0
"""Evidence (similarity above the limit, times seconds) from which a path is always looked at."""
_SHARE = 0.9
"""A path of less is only looked at where it has this share of the best path's: a short copy stands on its own, but
beside a strong one, chance paths of a frame or two say nothing."""
_PAIRS = 1 << 20
"""Pairs of nodes, and cells between nodes, looked at in one go: bounds the memory that linking takes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """Nodes in order of row and edges in order of the node they lead to."""

    nodes: Int64
    """(p, 2)"""
    heads: Float64
    """(p,) evidence of the half cell before a node, counted where a path starts there."""
    tails: Float64
    """(p,) evidence of the half cell after a node, counted where a path ends there."""
    sources: Int64
    """(e,) node that an edge leaves."""
    weights: Float64
    """(e,)"""
    first_edge: Int64
    """(p + 1,) edges first_edge[i] up to first_edge[i + 1] lead to node i."""


def chained(view: SimilarityMap, cells: Int64, settings: Settings) -> list[Box]:
    """The boxes that cells (p, 2), in order of row, link up to; those of most evidence first.

    Cells of less than ``min_similarity`` are left out.
    """
    cells = cells[view.values[cells[:, 0], cells[:, 1]] >= settings.min_similarity]
    network = _linked(view, cells, settings)
    alive = np.ones(len(network.nodes), bool)
    boxes: list[Box] = []
    rejected = 0
    reach = _evidence(network, alive)
    strongest = 0.0
    while alive.any() and len(boxes) < settings.max_boxes and rejected < _MOST_REJECTED:
        ends = np.where(alive, reach + network.tails, -np.inf)
        last = int(np.argmax(ends))
        strongest = max(strongest, float(ends[last]))
        if ends[last] < min(_ENOUGH, _SHARE * strongest):
            break
        path = _trace(network, reach, last)
        if not alive[path].all():
            # What ``reach`` says was true before nodes were spent, so it bounds what is true now: a best path that
            # is whole is still the best, and only one that is not calls for a new look.
            reach = _evidence(network, alive)
            continue
        box = view.box(_filled(view, network.nodes[path]), settings)
        if box is None:
            alive[path] = False
            rejected += 1
        elif (cover := covering(view, box, boxes, settings)) is not None:
            alive[path] = False
            alive &= ~_inside(view, network.nodes, cover)
            rejected += 1
        else:
            # What the box left over of the path may be another segment.
            boxes.append(box)
            rejected = 0
            alive[path[_inside(view, network.nodes[path], box)]] = False
            alive &= ~(view.near(network.nodes, box.line) & _inside(view, network.nodes, box))
    return boxes


def _linked(view: SimilarityMap, nodes: Int64, settings: Settings) -> _Network:
    """The network of the nodes (p, 2), which are in order of row."""
    a, b = view.a, view.b
    rows, columns = nodes.T
    excess = (view.values[rows, columns] - settings.min_similarity).astype(np.float64)
    # A node can be reached from any node in an earlier row, as far back as a step and the sampling of b allow.
    gap_a, gap_b = 2 * a.left[rows], 2 * b.left[columns]  # but for the first sample, to which nothing leads
    back = np.maximum(settings.max_step + a.cells.max(), gap_a)
    back = np.maximum(back, gap_b / settings.min_speed + a.cells.max())
    first = rows.searchsorted(a.times.searchsorted(a.times[rows] - back - 1e-9))
    counts = rows.searchsorted(rows) - first
    ends = np.cumsum(counts)
    sources: list[Int64] = []
    targets: list[Int64] = []
    weights: list[Float64] = []
    at = 0
    while at < len(nodes):
        upto = max(at + 1, int(np.searchsorted(ends, (ends[at - 1] if at else 0) + _PAIRS, side="right")))
        target = np.repeat(np.arange(at, upto), counts[at:upto])
        begin = np.repeat(ends[at:upto] - counts[at:upto], counts[at:upto])
        source = first[target] + np.arange(len(target)) + (ends[at - 1] if at else 0) - begin
        steps = view.steps(nodes[source], nodes[target])
        allowed = steps.allowed(settings)
        source, target, steps = source[allowed], target[allowed], steps.only(allowed)
        da, db, hole = steps.da, steps.db, steps.hole
        weight = (excess[source] + excess[target]) / 2 * (np.minimum(da, db) - hole)
        weight += (_bridge(view, nodes[source], nodes[target], hole) - settings.min_similarity) * hole
        weight -= _BEND * (db - da) ** 2 / (db + da)
        sources.append(source)
        targets.append(target)
        weights.append(weight)
        at = upto
    target = np.concatenate(targets) if targets else np.zeros(0, np.int64)
    return _Network(
        nodes,
        heads=excess * (a.left[rows] + b.left[columns]) / 2,
        tails=excess * (a.right[rows] + b.right[columns]) / 2,
        sources=np.concatenate(sources) if sources else np.zeros(0, np.int64),
        weights=np.concatenate(weights) if weights else np.zeros(0),
        first_edge=np.searchsorted(target, np.arange(len(nodes) + 1)).astype(np.int64),
    )


def _bridge(view: SimilarityMap, source: Int64, target: Int64, hole: Float64) -> Float64:
    """Mean similarity (e,) of the cells nearest to the straight line between two nodes, one for each row between."""
    mean = np.zeros(len(hole))
    between = target[:, 0] - source[:, 0] - 1
    holed = np.flatnonzero((hole > 0) & (between > 0))
    ends = between[holed].cumsum()
    for part in np.split(holed, ends.searchsorted(np.arange(_PAIRS, ends[-1], _PAIRS))) if len(holed) else ():
        mean[part] = _means_between(view, source[part], target[part])
    return mean


def _means_between(view: SimilarityMap, source: Int64, target: Int64) -> Float64:
    """``_bridge`` of pairs of nodes that have rows between them, all at once."""
    between = target[:, 0] - source[:, 0] - 1
    edges = np.repeat(np.arange(len(between)), between)
    (first, column), (last, last_column) = source[edges].T, target[edges].T
    row = first + 1 + np.arange(len(edges)) - np.repeat(between.cumsum() - between, between)
    a, b = view.a.times, view.b.times
    speed = (b[last_column] - b[column]) / (a[last] - a[first])
    seconds = b[column] + speed * (a[row] - a[first])
    sums = np.bincount(edges, view.values[row, view.b.nearest(seconds)], len(between))
    return np.asarray(sums / between, np.float64)


def _evidence(network: _Network, alive: NDArray[np.bool_]) -> Float64:
    """Most evidence (p,) of a path that ends in each node, without that node's tail; -inf for a spent node."""
    reach = np.where(alive, network.heads, -np.inf)
    # Where the edges of each node begin, and where they end.
    edges = np.stack([network.first_edge[:-1], network.first_edge[1:]], axis=1)
    linked = np.flatnonzero(alive & (edges[:, 1] > edges[:, 0]))
    edges = edges[linked]
    # Nodes of one row are not linked to each other, so a row is settled in one go.
    rows = network.nodes[linked, 0]
    cuts = np.flatnonzero(rows[1:] != rows[:-1]) + 1
    for since, until in pairwise([0, *cuts.tolist(), len(linked)]) if len(linked) else ():
        row, bounds = linked[since:until], edges[since:until].ravel()
        begin, end = bounds[0], bounds[-1]
        # Spent nodes in between have edges in this slice, too: reduceat starts a run at each node that is alive,
        # and the runs of the others must not leak into them.
        arriving = np.full(end - begin + 1, -np.inf)
        np.add(reach[network.sources[begin:end]], network.weights[begin:end], out=arriving[:-1])
        best = np.maximum.reduceat(arriving, bounds - begin)[::2]
        reach[row] = np.maximum(reach[row], best)
    return reach


def _trace(network: _Network, reach: Float64, node: int) -> Int64:
    """The nodes (p,), first to last, of the path of most evidence that ends in ``node``."""
    path = [node]
    while True:
        edges = slice(network.first_edge[path[-1]], network.first_edge[path[-1] + 1])
        arriving = reach[network.sources[edges]] + network.weights[edges]
        if arriving.max(initial=-np.inf) <= network.heads[path[-1]]:
            return np.array(path[::-1])
        path.append(int(network.sources[edges][np.argmax(arriving)]))


def _filled(view: SimilarityMap, path: Int64) -> Int64:
    """A path with the cells of its holes, so that a score is the mean over all of it and not over its best."""
    holes = view.steps(path[:-1], path[1:]).hole > 0
    holes &= path[1:, 0] > path[:-1, 0] + 1
    if not holes.any():
        return path
    parts = []
    a, b = view.a.times, view.b.times
    done = 0
    for place in np.flatnonzero(holes).tolist():
        source, target = path[place], path[place + 1]
        rows = np.arange(source[0] + 1, target[0])
        speed = (b[target[1]] - b[source[1]]) / (a[target[0]] - a[source[0]])
        columns, first = np.unique(view.b.nearest(b[source[1]] + speed * (a[rows] - a[source[0]])), return_index=True)
        inside = (columns > source[1]) & (columns < target[1])
        parts += [path[done : place + 1], np.stack([rows[first], columns], axis=1)[inside]]
        done = place + 1
    return np.concatenate([*parts, path[done:]])


def _inside(view: SimilarityMap, nodes: Int64, box: Box) -> NDArray[np.bool_]:
    a, b = view.a.times[nodes[:, 0]], view.b.times[nodes[:, 1]]
    return (a >= box.a_start) & (a < box.a_stop) & (b >= box.b_start) & (b < box.b_stop)
