"""Every benchmark's reader and metrics on ground truths that fit on a hand. The real ones: ``test_golden``."""

from __future__ import annotations

import pickle
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from twinreel.errors import NotFound, UserError
from twinreel.evaluate import cc_web_video, evve, fivr, svd, vcdb, vcsl, vsc
from twinreel.evaluate.base import Box, Share, part
from twinreel.evaluate.datasets import READERS, read_benchmark
from twinreel.evaluate.vsc import Prediction

from .writers import answer, scores_only, write_csv, write_json

FIVR = {"q": {"ND": ["a"], "DS": ["b"], "CS": ["c"], "IS": ["q", "gone"], "DA": ["d"]}, "p": {"ND": ["a"], "IS": ["d"]}}
FIVR_ANSWER = scores_only({("q", "a"): 0.9, ("q", "x"): 0.8, ("q", "c"): 0.7, ("q", "d"): 0.1, ("p", "x"): 0.6})


@pytest.fixture
def fivr_files(tmp_path: Path) -> list[Path]:
    ids, easy = tmp_path / "youtube_ids.txt", tmp_path / "fivr_easy_duplicates.txt"
    ids.write_text("q\np\na\nb\nc\nd\nx\ngone\n")
    easy.write_text("a\n")
    return [write_json(tmp_path / "annotation.json", FIVR), ids, easy]


def test_fivr(fivr_files: list[Path]) -> None:
    """q finds a at 1, c at 3, d at 4 of {a, b, c, d}; officially it is a positive of its own that is never found."""
    read = fivr.read_200k(fivr_files)
    present = {"q", "p", "a", "b", "c", "d", "x"}
    found = read.measure(FIVR_ANSWER, present).values
    assert found["DSVR"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["CSVR"] == pytest.approx(((1 + 2 / 3) / 3 + 0) / 2)
    assert found["ISVR"] == pytest.approx(((1 + 2 / 3) / 4 + 0) / 2)
    assert found["DAVR"] == pytest.approx(1 / 4)
    assert found["ISVR (S2VS)"] == pytest.approx(((1 + 2 / 3) / 3 + 0) / 2)
    # Pooled: q-a .9, q-x .8, q-c .7, p-x .6, q-d .1; DSVD has 3 positives, ISVD 5.
    assert found["DSVD (S2VS)"] == pytest.approx(1 / 3)
    assert found["ISVD (S2VS)"] == pytest.approx((1 + 2 / 3) / 5)
    # Without a: q finds c at 2 of {b, c}, and p has nothing to find until its d counts; yet its x is wrong.
    assert found["CSVR_h (S2VS)"] == pytest.approx((1 / 2) / 2)
    assert found["CSVD_h (S2VS)"] == pytest.approx((1 / 2) / 2)
    assert part(read, present).videos == Share(7, 8)
    assert part(read, present).positives == Share(7, 8)


def test_fivr_curve(fivr_files: list[Path]) -> None:
    """CSVR: 1 right of 1, 2 of 3, the third among 7 of 7 that are there; p finds its only one last."""
    read = fivr.read_200k(fivr_files)
    curve = read.measure(FIVR_ANSWER, {"q", "p", "a", "b", "c", "d", "x"}).curves["CSVR"]
    assert len(curve) == fivr.POINTS
    q = [1.0] * 7 + [2 / 3] * 7 + [3 / 7] * 7
    p = [1.0] + [1 / 7] * 20
    assert curve == pytest.approx([(a + b) / 2 for a, b in zip(q, p, strict=True)])


def test_fivr_without_a_list_of_ids_ranks_what_is_annotated(tmp_path: Path) -> None:
    read = fivr.read_200k([write_json(tmp_path / "annotation.json", FIVR)])
    assert read.database == {"q", "p", "a", "b", "c", "d", "gone"}


def test_fivr_5k_needs_its_split(tmp_path: Path) -> None:
    annotation = write_json(tmp_path / "annotation.json", FIVR)
    with pytest.raises(UserError, match="FIVR-5K needs its queries and database"):
        fivr.read_5k([annotation])
    split = {"queries": ["q"], "database": ["a", "x"]}
    read = fivr.read_5k([write_json(tmp_path / "split.json", split), annotation])
    assert set(read.queries) == {"q"} and read.database == {"a", "x"}
    pickled = tmp_path / "fivr.pickle"
    pickled.write_bytes(pickle.dumps({"annotation": FIVR, "200k": split, "5k": split}))
    assert fivr.read_5k([pickled]) == read


CC_WEB = {
    "index": {"1/1_1_Y": 1, "1/1_2_Y": 2, "1/1_3_Y": 3, "2/2_1_Y": 4, "1/1_4_Y": 5},
    "queries": ["1/1_1_Y"],
    "ground_truth": [{1: "E", 2: "S", 3: "X", 5: "V", 99: "L"}],
    "excluded": [[5, 3]],
}


def test_cc_web_video(tmp_path: Path) -> None:
    """Itself at 1, another set's at 2, wrong at 3, similar at 4, another version at 5; one more is not in the index."""
    file = tmp_path / "cc_web_video.pickle"
    file.write_bytes(pickle.dumps(CC_WEB))
    read = cc_web_video.read([file])
    assert read == cc_web_video.read([write_json(tmp_path / "cc_web_video.json", CC_WEB)])
    given = scores_only(
        {("1/1_1_Y", f"{name}_Y"): s for name, s in {"2/2_1": 0.9, "1/1_3": 0.8, "1/1_2": 0.7, "1/1_4": 0.6}.items()}
    )
    assert read.measure(given, set(read.videos)).values == pytest.approx(
        {
            "mAP": (1 + 2 / 3 + 3 / 4) / 4,
            "mAP_star": (1 + 2 / 4 + 3 / 5) / 4,
            "mAP_c": (1 + 2 / 2) / 3,
            "mAP_c_star": (1 + 2 / 3) / 3,
        }
    )
    # With a part of the videos, what has no file cannot be found, and is not counted.
    assert read.measure(given, {"1/1_1_Y", "1/1_2_Y"}).values["mAP"] == pytest.approx(1)


EVVE = {
    "queries": {"p", "q"},
    "database": {"a", "b", "c"},
    "annotation": {"fair": ({"q"}, {"a", "b"}, set()), "riot": ({"p"}, {"c"}, set())},
}


def test_evve(tmp_path: Path) -> None:
    """q: a at 1, b at 3; p: nothing. Trapezoids: (1 + 1)/2 and (1/2 + 2/3)/2 of two."""
    file = tmp_path / "evve.pickle"
    file.write_bytes(pickle.dumps(EVVE))
    read = evve.read([file])
    given = scores_only({("q", "a"): 0.9, ("q", "c"): 0.5, ("q", "b"): 0.4, ("q", "p"): 0.95})
    found = read.measure(given, set(read.videos)).values
    fair = (1 + (1 / 2 + 2 / 3) / 2) / 2
    assert found["mAP of fair"] == pytest.approx(fair) and found["mAP of riot"] == 0
    assert found["mAP"] == pytest.approx(fair / 2) and found["avg mAP"] == pytest.approx(fair / 2)
    assert found["uAP (S2VS)"] == pytest.approx((1 + 2 / 3) / 3)
    # A query without a positive that is there is left out of the mean, and said so.
    without = {"p", "q", "a", "b"}
    assert read.measure(given, without).values["mAP"] == pytest.approx(1)
    assert part(read, without).without_positives == 1


def test_svd(tmp_path: Path) -> None:
    """a .9, u .5 (unlabelled), b and c, and the other unlabelled, at 0: the second positive comes among five."""
    truth, unlabelled = tmp_path / "test_groundtruth", tmp_path / "unlabeled-data-id"
    truth.write_text("q.mp4 a.mp4 1\nq.mp4 b.mp4 1\nq.mp4 c.mp4 0\np.mp4 c.mp4 0\n")
    read = svd.read([truth])
    given = scores_only({("q", "a"): 0.9, ("q", "u"): 0.5})
    assert read.measure(given, set(read.videos)).values == pytest.approx({"mAP": (1 + 2 / 3) / 2})
    unlabelled.write_text("u\nv.mp4\n")
    both = svd.read([truth, unlabelled])
    assert both.measure(given, set(both.videos)).values == pytest.approx({"mAP": (1 + 2 / 5) / 2})
    assert both.measure(given, {"q", "a", "u"}).values == {"mAP": 1}


TRUE = Box(4, 10, 14, 18)
VSC = {("Q1", "R1"): [TRUE]}


def predictions(*of: tuple[str, str, float, Box]) -> list[Prediction]:
    return [Prediction((query, reference), box, score) for query, reference, score, box in of]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([("Q1", "R1", 0.9, TRUE)], 1),
        ([("Q1", "R1", 0.9, Box(4, 10, 8, 14)), ("Q1", "R1", 0.8, Box(8, 14, 14, 18))], 1),
        # Half of both time lines, and as much beside it.
        ([("Q1", "R1", 0.9, Box(-1, 6, 9, 14))], 1 / 4),
        # A third pair that is right, of three alike.
        ([("Q2", "R1", 3, TRUE), ("Q1", "R2", 2, TRUE), ("Q1", "R1", 1, TRUE)], 1 / 3),
        # The same at one score is one step.
        ([("Q1", "R1", 1, TRUE), ("Q2", "R1", 1, TRUE)], 1 / 2),
        # First precise, then all at a precision of sqrt(10/20 * 8/16).
        ([("Q1", "R1", 2, Box(4, 10, 9, 14)), ("Q1", "R1", 1, Box(4, 10, 24, 26))], 1 / 2 + 1 / 2 * 1 / 2),
        # Right seconds, wrong segment.
        ([("Q1", "R1", 1, Box(4, 20, 14, 28))], 0),
        ([], 0),
    ],
)  # fmt: skip
def test_vsc_segments(given: list[Any], wanted: float) -> None:
    assert vsc.segment_ap(predictions(*given), VSC) == pytest.approx(wanted)


def test_vsc_segments_are_met_in_two_dimensions() -> None:
    """Both boxes name seconds that are right on each axis, of two true segments crossed over (VCSL, figure 4f)."""
    truth = {("Q1", "R1"): [Box(4, 10, 14, 18), Box(20, 21, 28, 29)]}
    crossed = predictions(("Q1", "R1", 1, Box(4, 21, 14, 29)), ("Q1", "R1", 1, Box(20, 10, 28, 18)))
    assert vsc.segment_ap(crossed, truth) == 0


def test_vsc_pairs() -> None:
    """By pairs: (Q1, R2) .9, (Q1, R1) .7 and (Q2, R2) .7 of which the first is right, a score under 0 is 0."""
    box = Box(0, 0, 1, 1)
    given = predictions(("Q1", "R1", 0.1, box), ("Q1", "R1", 0.7, box), ("Q2", "R2", 0.7, box), ("Q1", "R2", 0.9, box))
    pairs = vsc.pair_scores([*given, *predictions(("Q3", "R3", -1, box))])
    assert pairs == {("Q1", "R1"): 0.7, ("Q2", "R2"): 0.7, ("Q1", "R2"): 0.9, ("Q3", "R3"): 0}
    truth = {("Q1", "R1"), ("Q3", "R3")}
    assert vsc.micro_ap(pairs, truth) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert vsc.simple_micro_ap(pairs, truth) == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_vsc_descriptor_track_ranks_25_pairs_a_query() -> None:
    pairs = {("Q1", f"R{number}"): 100.0 - number for number in range(30)}
    assert vsc.descriptor_micro_ap(pairs, {("Q1", "R24")}, queries=1) == pytest.approx(1 / 25)
    assert vsc.descriptor_micro_ap(pairs, {("Q1", "R25")}, queries=1) == 0
    assert vsc.descriptor_micro_ap(pairs, {("Q1", "R25")}, queries=2) == pytest.approx(1 / 26)


def test_vsc_2022(tmp_path: Path) -> None:
    """Q1 copies R1; Q2 nothing. Pairs of two queries, or two references, are no answers."""
    head = ["query_id", "ref_id", "query_start", "query_end", "ref_start", "ref_end"]
    truth = write_csv(tmp_path / "truth.csv", head, [["Q1", "R1", 4, 14, 10, 18]])
    metadata = write_csv(tmp_path / "meta.csv", ["video_id", "duration_sec"], [["Q2", 9], ["R2", 9], ["Q1", 20]])
    read = vsc.read([truth, metadata])
    assert read.queries == {"Q1", "Q2"} and read.references == {"R1", "R2"} and read.truth == VSC
    right, wrong = (0.8, [(4, 10, 14, 18)]), (0.9, [(0, 0, 10, 10)])
    given = answer({("Q1", "R1"): right, ("Q2", "R2"): wrong, ("Q1", "Q2"): wrong, ("R1", "R2"): wrong})
    halved = {"descriptor uAP": 1 / 2, "pairwise uAP": 1 / 2}
    precision = sqrt(10 / 20 * 8 / 18)
    assert read.measure(given, set(read.videos)).values == pytest.approx({**halved, "segment AP": precision})
    assert set(read.measure(given, {"Q2", "R1"}).values.values()) == {None}
    with pytest.raises(UserError, match=r"meta\.csv does not hold|VSC2022 needs"):
        vsc.read([metadata])
    with pytest.raises(UserError, match=r"other\.csv does not hold a number in each of query_start"):
        vsc.read([write_csv(tmp_path / "other.csv", ["query_id", "ref_id"], [["Q1", "R1"]])])


def test_vcsl_pairs() -> None:
    """The product of both axes; each prediction counts in full, each overlap once."""
    truth = [Box(4, 10, 14, 18)]
    assert vcsl.precision_recall(truth, truth) == pytest.approx((1, 1), abs=1e-6)
    assert vcsl.precision_recall(truth, truth).precision != 1
    assert vcsl.precision_recall([Box(4, 10, 9, 18)], truth) == pytest.approx((1, 1 / 2), abs=1e-6)
    assert vcsl.precision_recall([Box(0, 0, 30, 30)], truth) == pytest.approx((10 / 30 * 8 / 30, 1), abs=1e-6)
    assert vcsl.precision_recall([*truth, *truth], truth) == pytest.approx((1, 1), abs=1e-6)
    assert vcsl.precision_recall([Box(4, 20, 14, 28)], truth) == (0, 0)
    assert vcsl.precision_recall([], truth) == (1, 0)
    assert vcsl.precision_recall(truth, []) == (0, 1)
    assert vcsl.precision_recall([], []) == (1, 1)


def test_vcsl_means_leave_out_the_pairs_with_nothing_to_judge() -> None:
    PR = vcsl.PrecisionRecall  # noqa: N806 - a type
    results = {
        ("a", "b"): PR(0.8, 0.4),
        ("a", "c"): PR(1.0, 0.0),  # not found
        ("d", "e"): PR(0.0, 1.0),  # nothing to find
        ("d", "f"): PR(1.0, 1.0),  # nothing to find, nothing found
    }
    micro = vcsl.micro(results.values())
    assert micro == pytest.approx((0.4, 0.2))
    assert micro is not None and micro.f1 == pytest.approx(2 * 0.4 * 0.2 / 0.6)
    assert vcsl.micro([PR(1.0, 1.0)]) is None
    assert vcsl.macro(results, [[("a", "b"), ("a", "c")], [("d", "e")]]) == pytest.approx(
        ((0.9 + 0) / 2, (0.2 + 1) / 2)
    )
    assert vcsl.false_rejections(results.values()) == pytest.approx(2 / 4)
    assert vcsl.false_alarms(results.values()) == pytest.approx(2 / 4)


def test_vcsl(tmp_path: Path) -> None:
    """a-b is right, c-a low: not reported by default. b-c has nothing in common; nobody compares a with itself."""
    labels = write_json(
        tmp_path / "labels.json", {"b-a": [[0, 5, 10, 15]], "c-a": [[0, 0, 8, 8]], "a-a": [[0, 0, 9, 9]]}
    )
    pairs = [["b", "a"], ["c", "a"], ["b", "c"], ["a", "a"]]
    read = vcsl.read([labels, write_csv(tmp_path / "pairs.csv", ["query_id", "reference_id"], pairs)])
    assert dict(read.truth)["b", "c"] == [] and len(vcsl.read([labels]).truth) == 3
    given = answer({("a", "b"): (0.9, [(5, 0, 15, 10)]), ("a", "c"): (0.2, [(0, 0, 4, 8)])})
    found = read.measure(given, {"a", "b", "c"}).values
    assert (found["precision"], found["recall"]) == pytest.approx((1, 1 / 2), abs=1e-6)
    assert (found["precision (everything)"], found["recall (everything)"]) == pytest.approx((1, 3 / 4), abs=1e-6)
    assert (found["macro precision"], found["macro recall"]) == pytest.approx((1, 1 / 2), abs=1e-6)
    assert (found["FRR"], found["FAR"]) == pytest.approx((2 / 3, 0))
    assert set(read.measure(given, {"a"}).values.values()) == {None}
    assert part(read, {"a", "b"}).positives == Share(1, 2)


def test_vcdb(tmp_path: Path) -> None:
    """Native: of three segments by score the first and third are right, both of a-b's are met by them."""
    labels = {"a-b": [[0, 0, 10, 10], [20, 20, 30, 30]], "c-a": [[0, 0, 5, 5]], "a-a": [[0, 0, 40, 40]]}
    read = vcdb.read([write_json(tmp_path / "labels.json", labels)])
    assert {query: set(right) for query, right in read.positives.items()} == {"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}
    given = answer(
        {("b", "a"): (0.9, [(1, 1, 9, 9)]), ("c", "b"): (0.8, [(0, 0, 9, 9)]), ("a", "c"): (0.7, [(4, 4, 20, 20)])}
    )
    found = read.measure(given, {"a", "b", "c"}).values
    assert (found["segment precision"], found["segment recall"]) == pytest.approx((2 / 3, 2 / 3))
    assert (found["segment F1"], found["threshold"]) == pytest.approx((2 / 3, 0.7))
    # a: b, c. b: a, c. c: b, a.
    assert found["mAP (S2VS)"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert found["mAP@20"] == found["mAP (S2VS)"]
    # Each pair is in the ranking twice: two right, two wrong, two right.
    assert found["uAP (S2VS)"] == pytest.approx((1 + 1 + 3 / 5 + 4 / 6) / 4)
    assert found["recall (VCSL)"] == pytest.approx((8 / 20 * 8 / 20 + 1 / 5 * 1 / 5) / 2, abs=1e-6)
    assert read.measure(answer({}), {"a", "b"}).values["segment F1"] is None


@pytest.mark.parametrize("name", READERS)
def test_a_reader_says_what_is_wrong_with_a_file(name: str, tmp_path: Path) -> None:
    strange = write_json(tmp_path / "strange.json", [1, 2])
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(NotFound, match=r"cannot read the annotations .*none\.json"):
        read_benchmark(name, [tmp_path / "none.json"])
    for file in (strange, empty):
        with pytest.raises(UserError) as raised:
            read_benchmark(name, [file])
        assert "\n" not in str(raised.value)
        assert file.name in str(raised.value) or "--annotations" in str(raised.value)


def test_unknown_data_sets_are_refused() -> None:
    with pytest.raises(UserError, match="there is no data set 'trecvid'; there are fivr-200k, "):
        read_benchmark("trecvid", [])


def test_a_pickle_that_would_run_something_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return Path.write_text, (tmp_path / "ran", "")

    for number, held in enumerate((Trap(), {"queries": Trap()}, print)):
        file = tmp_path / f"{number}.pickle"
        file.write_bytes(pickle.dumps(held))
        with pytest.raises(UserError, match="only plain containers are read from pickles"):
            evve.read([file])
    assert not (tmp_path / "ran").exists()
