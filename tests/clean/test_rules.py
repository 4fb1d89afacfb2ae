"""Which of two is the better one, why, and what a file of rules may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twinreel.clean.criteria import Contender, Criterion
from twinreel.clean.rules import Rules, parse_rules, read_rules
from twinreel.errors import UserError
from twinreel.media.picture import Look, Measured
from twinreel.types import State, Video

from .made import probe


def contender(
    height: int = 360,
    *,
    size: int = 10_000_000,
    path: str = "/films/a.mp4",
    measured: Measured | None = None,
    **changes: object,
) -> Contender:
    video = Video("c", path, (path,), State.PRESENT, size, probe(100.0, height, **changes))
    return Contender(video, path, 0, measured)


def picture(
    height: int = 360,
    *,
    detail: float = 0.8,
    noise: float = 0.5,
    colour: float = 9.0,
    insets: int = 0,
    coarseness: float | None = None,
) -> Measured:
    looks = (Look(0.0, detail, noise, colour, coarseness),)
    return Measured(height * 16 // 9, height, looks, insets, ())


def test_higher_resolution_is_better_and_it_is_said_why() -> None:
    assert Rules().compare(contender(1080), contender(720)) == (1, "higher resolution (1920x1080 against 1280x720)")
    assert Rules().compare(contender(720), contender(1080))[0] == -1


def test_bars_are_no_resolution() -> None:
    letterboxed = contender(480, width=640, measured=picture(360))
    assert Rules().replaces(contender(360, size=11_000_000, measured=picture(360)), letterboxed)[0]


def test_bars_were_added_to_one_that_was_encoded_as_finely() -> None:
    plain = contender(360, measured=picture(360, coarseness=5.3))
    barred = contender(480, width=640, measured=picture(360, coarseness=4.6))
    assert Rules().compare(plain, barred) == (1, "without bars around the picture")
    assert not Rules().replaces(barred, plain)[0]


def test_more_pixels_that_were_encoded_coarsely_may_be_enlarged() -> None:
    large = contender(480, measured=picture(480, coarseness=15.0))
    small = contender(measured=picture(coarseness=9.0))
    assert not Rules().replaces(large, small, longer=True)[0] and not Rules().replaces(small, large)[0]


def test_in_frames_of_one_size_bars_decide_nothing() -> None:
    assert Rules().compare(contender(size=9, measured=picture(200)), contender(size=8, measured=picture(360)))[0] == 1


def test_an_enlarged_picture_is_not_sharp() -> None:
    sharp, soft = contender(size=10, measured=picture(detail=0.9)), contender(size=99, measured=picture(detail=0.5))
    assert Rules().compare(sharp, soft) == (1, "sharper (0.90 against 0.50)")


def test_noise_that_costs_bits_is_no_quality() -> None:
    clean, noisy = contender(size=10, measured=picture()), contender(size=500, measured=picture(noise=9, detail=1.0))
    assert Rules().replaces(clean, noisy) == (True, "less noise (0.5 levels against 9.0)")
    assert not Rules().replaces(noisy, clean)[0]


def test_grain_may_be_the_original_s() -> None:
    grainy, smooth = (
        contender(size=500, measured=picture(noise=3.0)),
        contender(measured=picture(detail=0.5, noise=0.2)),
    )
    assert not Rules().replaces(smooth, grainy)[0] and not Rules().replaces(grainy, smooth)[0]


def test_noise_that_coarser_encoding_left_was_added() -> None:
    clean = contender(measured=picture(detail=0.7, noise=0.2, coarseness=8.0))
    noisy = contender(size=500_000_000, measured=picture(noise=3.0, coarseness=20.0))
    assert Rules().replaces(clean, noisy)[0] and not Rules().replaces(noisy, clean)[0]


def test_grain_that_coarser_encoding_took_away_is_the_original_s() -> None:
    grainy = contender(measured=picture(noise=1.2, coarseness=6.0))
    smooth = contender(size=500_000_000, measured=picture(detail=0.7, noise=0.2, coarseness=25.0))
    assert Rules().replaces(grainy, smooth)[0] and not Rules().replaces(smooth, grainy)[0]


def test_grain_may_be_lost_in_any_encoding_that_is_not_much_finer() -> None:
    smooth = contender(measured=picture(detail=0.5, noise=0.2, coarseness=8.0))
    grainy = contender(measured=picture(noise=3.0, coarseness=10.0))
    assert not Rules().replaces(smooth, grainy)[0] and not Rules().replaces(grainy, smooth)[0]


def test_what_cannot_be_told_is_settled_by_what_has_the_other_in_it() -> None:
    kept, video = contender(measured=picture(noise=0.6)), contender(measured=picture(noise=0.1))
    assert not Rules().replaces(kept, video)[0]
    assert Rules().replaces(kept, video, longer=True)[0]


def test_colour_is_better_than_black_and_white() -> None:
    colour, gray = contender(size=10, measured=picture()), contender(size=20, measured=picture(colour=0.2))
    assert Rules().replaces(colour, gray)[0] and not Rules().replaces(gray, colour)[0]


def test_a_picture_with_another_pasted_in_replaces_none_without() -> None:
    pasted = contender(1080, measured=picture(1080, insets=1))
    assert Rules().replaces(pasted, contender(measured=picture())) == (False, "the other has a picture pasted in")


def test_bits_count_where_the_footage_is() -> None:
    bits = Measured(640, 360, picture().looks, 0, (100, 100, 900, 900))
    both = [Contender(contender().video, "", 0, bits).over((span,)) for span in ((0.0, 2.0), (2.0, 4.0))]
    assert Rules().compare(*both)[0] == -1


def test_sharpness_counts_where_the_footage_is() -> None:
    looks = tuple(Look(float(second), 0.5 if second < 4 else 0.9, 0.5, 9.0) for second in range(8))
    inserted = contender(measured=Measured(640, 360, looks, 0, ()))
    whole = contender(size=11_000_000, measured=picture(detail=0.5))
    assert Rules().compare(inserted, whole) == (1, "sharper (0.70 against 0.50)")
    assert Rules().compare(inserted.over(((0.0, 4.0),)), whole)[0] == -1


def test_sharp_edges_of_coarse_encoding_make_one_doubt() -> None:
    fine, coarse = (contender(measured=picture(detail=d, coarseness=c)) for d, c in ((0.5, 8.0), (0.7, 20.0)))
    assert not Rules().replaces(fine, coarse)[0] and not Rules().replaces(coarse, fine)[0]


def test_codecs_are_compared_only_where_bits_and_their_worth_agree() -> None:
    h264, hevc = contender(size=12_000_000), contender(size=10_000_000, codec="hevc")
    assert not Rules().replaces(h264, hevc)[0] and not Rules().replaces(hevc, h264)[0]
    assert Rules().replaces(contender(size=20_000_000), hevc)[0]


def test_of_two_codecs_the_finer_quantiser_is_better_however_many_bits_it_takes() -> None:
    fine = contender(size=9_000_000, measured=picture(coarseness=8.0))
    coarse = contender(size=20_000_000, codec="mpeg4", measured=picture(coarseness=15.0))
    found, words = Rules().replaces(fine, coarse)
    assert found and words == "encoded more finely (in steps of 8.0 levels against 15.0)"
    assert not Rules().replaces(coarse, fine)[0]


def test_equal_quantisers_of_two_codecs_leave_it_to_the_container() -> None:
    h264 = contender(measured=picture(coarseness=8.0))
    vp9 = contender(codec="vp9", container="matroska,webm", measured=picture(coarseness=8.2))
    assert Rules().compare(h264, vp9) == (1, "a container that more programs can use")


def test_pictures_of_other_shapes_do_not_replace_each_other() -> None:
    wide, square = contender(360), contender(480, width=480)
    assert not Rules().replaces(wide, square)[0] and not Rules().replaces(square, wide)[0]


def test_hdr_comes_first() -> None:
    assert Rules().compare(contender(720, hdr=True), contender(1080))[0] == 1


def test_a_language_more_is_not_redundant() -> None:
    both, one = probe(9.0, audio_languages=("eng", "deu")), probe(9.0, audio_languages=("eng",))
    assert Rules().missing_languages(both, one) == ("deu sound",)
    assert Rules().missing_languages(one, both) == ()
    assert Rules().missing_languages(probe(9.0, subtitle_languages=("und",)), one) == ("subtitles",)
    assert Rules(languages=False).missing_languages(both, one) == ()


def test_the_centre_of_its_copies_may_be_what_is_kept() -> None:
    rules = Rules(prefer=(Criterion("centre"),))
    centre, outer = (replace(contender(height), nearness=near) for height, near in ((360, 2.7), (1080, 1.9)))
    assert rules.replaces(centre, outer) == (True, "nearer to all copies taken together")
    assert not rules.replaces(outer, centre)[0]


def test_criteria_are_taken_in_the_order_given() -> None:
    rules = Rules(prefer=(Criterion("folder", order=("/best", "/good")), Criterion("resolution")))
    best, good = contender(360, path="/best/a.mp4"), contender(1080, path="/good/a.mp4")
    assert rules.compare(best, good) == (1, "in a preferred folder")
    assert rules.compare(good, contender(2160, path="/bestial/a.mp4"))[0] == 1


def test_a_file_of_rules_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        f"""
        version = 1
        protected = ["{tmp_path.as_posix()}/mine"]
        accept_loss = 2.5
        languages = false
        [[prefer]]
        by = "name"
        order = ["*remastered*"]
        [[prefer]]
        by = "resolution"
        tolerance = 0.1
        """
    )
    rules = read_rules(tmp_path / "rules.toml")
    assert rules == Rules(
        prefer=(Criterion("name", 0.0, ("*remastered*",)), Criterion("resolution", 0.1)),
        protected=(str(tmp_path / "mine"),),
        accept_loss=2.5,
        languages=False,
    )
    assert not rules.touchable(str(tmp_path / "mine" / "a.mp4"))
    assert rules.touchable(str(tmp_path / "mine too" / "a.mp4"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "version"),
        ({"version": 2}, "version 1"),
        ({"version": 1, "protect": []}, "'protect'"),
        ({"version": 1, "protected": "/a"}, "a list"),
        ({"version": 1, "accept_loss": -1}, "from 0"),
        ({"version": 1, "prefer": [{"by": "beauty"}]}, "resolution"),
        ({"version": 1, "prefer": [{"by": "folder"}]}, "order"),
        ({"version": 1, "prefer": [{"by": "bits", "weight": 1}]}, "'weight'"),
    ],
)
def test_wrong_rules_are_refused_in_words(given: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        parse_rules(given, "rules.toml")
    assert str(error.value).startswith("rules.toml: ")
    assert "\n" not in str(error.value)
