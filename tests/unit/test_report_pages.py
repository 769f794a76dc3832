"""Figures and report of a small asymmetrical head whose field is known at every point."""

import base64
import io
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from spheres import mapped, sphere_head
from tmsim.coil.types import Coil, Segments
from tmsim.core import InputError, Surface
from tmsim.course import cohort, schedule_of, trials
from tmsim.field import Beta, LinearSpread, Normal, Spread, Uncertainty
from tmsim.field.study import Source, Variable
from tmsim.field.types import EField, ErrorEstimate, FiniteElements, Metrics, RegionRow
from tmsim.neuron import recruit
from tmsim.neuron.dose import compare_doses, simulated_threshold
from tmsim.neuron.motor import (
    draw_subject,
    hunt,
    mep_trace,
    paired_pulse,
    recruitment_curve,
    with_threshold,
)
from tmsim.placement.types import Placement
from tmsim.plasticity import default_model, draw_people, respond
from tmsim.pulse import PercentMSO, PercentRMT, protocol, waveform
from tmsim.report.charts import curves_figure, slices_figure
from tmsim.report.figures import magnitude_figure, normal_figure, placement_figure
from tmsim.report.html import numbers_of, page, region_text, slopes_of, three_digits, write_report
from tmsim.report.layout import letters
from tmsim.report.types import ReportInput
from tmsim.result import (
    BlockResult,
    FieldUncertainty,
    Hearing,
    Link,
    Muscle,
    Response,
    Session,
    Site,
    Transmission,
    Weeks,
)
from tmsim.safety import check_session
from tmsim.sensation import hear, scalp_to_cortex
from tmsim.transmitters import PrefrontalDrive, session_binding, session_release

HALF_WIDTHS_m = np.array([0.076, 0.092, 0.084])  # of the head: right, front, up
SLOPE = 2e6


def small_coil():
    angle = np.linspace(0, 2 * np.pi, 25)
    loop = np.column_stack([0.03 * np.cos(angle), 0.03 * np.sin(angle), np.full(25, -0.004)])
    wire = Segments(starts_m=loop[:-1], ends_m=loop[1:], turns=np.ones(24))
    corners = np.array([[x, y, z] for x in (-0.035, 0.035) for y in (-0.035, 0.035) for z in (-0.008, 0.0)])
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    return Coil(
        name="loop",
        label="Loop <test>",
        elements=(wire,),
        casing=Surface(points_m=corners, triangles=faces),
        handle_m=np.array([[0, -0.035, -0.004], [0, -0.09, -0.004]]),
        didt_max_A_per_s=1e8,
        note="A loop made for tests.",
    )


def field_of(head, magnitude, direction=(0.0, 1.0, 0.0)):
    """A field whose size at a point is ``magnitude`` of it."""
    E = magnitude(head.centers_m)[:, None] * np.array(direction)
    return EField(
        E_V_per_m=E,
        cortex_V_per_m=magnitude(head.cortex.points_m)[:, None] * np.array(direction),
        points_V_per_m=np.empty((0, 3)),
        didt_A_per_s=SLOPE,
        method=FiniteElements(order=2),
        unknowns=12345,
        iterations=17,
        relative_residual=3e-7,
        error=ErrorEstimate(method="the difference between orders", median=0.043, p95=0.121),
    )


def regions(count):
    return tuple(
        RegionRow(region=f"L_part{k}", area_m2=1e-4 * (k + 1), mean_V_per_m=0.1 * k, p99_V_per_m=0.2 * k,
                  mean_normal_V_per_m=-0.05 * k) for k in range(count)
    )  # fmt: skip


def response_of(head, field):
    """A dose of 120 % of a threshold of 40 %MSO, and a subject who has it."""
    pulse = waveform("magpro-x100-biphasic")
    threshold = simulated_threshold(1.2, 1e6, 60.0, 1e8)
    site = Site(target="hand knob", place_m=np.array([-0.05, 0.01, 0.01]), scalp_to_cortex_m=0.0151,
                drive_V_per_m=1.2)  # fmt: skip
    doses = compare_doses(threshold, 120, site_drive_V_per_m=0.9, didt_A_per_s=1e6, deeper_m=0.002,
                          didt_max_A_per_s=1e8)  # fmt: skip
    subject = with_threshold(draw_subject(7), 40.0)
    muscle = Muscle(
        subject=subject,
        curve=recruitment_curve(subject, [30.0, 40.0, 50.0, 60.0]),
        hunt=hunt(subject),
        trace=mep_trace(subject, 48.0, 1e-3),
        pairs=(paired_pulse(subject, "SICI"),),
    )
    return Response(
        waveform=pulse,
        didt_max_A_per_s=1e8,
        field=field,
        hand=site,
        target=site,
        threshold=threshold,
        doses=doses,
        recruitment=recruit(head, field.scaled_to(60e6), pulse),
        muscle=muscle,
        missing="",
    )


def session_of(head, field):
    """Theta burst at 120 %RMT in ten people."""
    held = protocol("itbs600")
    block = held.blocks[0]
    group = respond(draw_people(7, 10), default_model(block.train).after_effect(block.train, PercentRMT(120)))
    return Session(
        protocol=held,
        intensity=PercentRMT(120),
        percent_mso=60.0,
        findings=check_session(held, device="magstim-rapid2", percent_mso=60.0),
        blocks=(BlockResult(block=block, group=group, missing=""),),
        hearing=(Hearing(ear="left", sound=hear(block.train, PercentMSO(60), 0.11)),),
        scalp=scalp_to_cortex(head, field, waveform("magpro-x100-biphasic")),
    )


def transmission_of():
    """One pulse a second for ten seconds over a prefrontal cortex of which a tenth fires."""
    drive = PrefrontalDrive(pulses_Hz=np.ones(10), share=0.1)
    release = session_release(drive, aftermath_s=10.0)
    return Transmission(share=0.1, release=release, binding=session_binding(release), over_course=None)


def uncertainty_of(head):
    sources = (Source(name="grey_matter", label="conductivity of grey matter"),
               Source(name="gap", label="coil off the scalp"))  # fmt: skip
    variables = (
        Variable(name="sigma", source=sources[0], unit="S/m", distribution=Beta(0.1, 0.6), nominal=0.275),
        Variable(name="gap", source=sources[1], unit="m", distribution=Normal(0.0, 0.00087), nominal=0.0),
    )
    known = {"readout": "peak", "label": "peak of <E>", "nominal": -1.6}
    linear = LinearSpread(**known, derivative=(0.75, 15.0), sd_by_source=(0.08, 0.06), sd=0.1)
    spread = Spread(**known, mean=-1.5, sd=0.12, low=-1.71, high=-1.31,
                    first_order=(0.7, 0.25), total=(0.75, 0.3), unexplained=0.01)  # fmt: skip
    mean = np.linspace(0.5, 1.5, len(head.cortex.points_m))
    drawn = Uncertainty(sources=sources, spreads=(spread,), n_draws=40, seed=0, cortex_nominal_V_per_m=mean,
                        cortex_mean_V_per_m=mean, cortex_sd_V_per_m=0.1 * mean**2,
                        cortex_first_order=np.stack([mean, 1.6 - mean]) / 2)  # fmt: skip
    return FieldUncertainty(variables=variables, sources=sources, linear=(linear,), drawn=drawn)


def weeks_of():
    """Ten sessions of theta burst in twenty people, of whom half get sham."""
    schedule = schedule_of(protocol("itbs600"), sessions=10, missed=("3",))
    cohorts = tuple(cohort(schedule, n=10, arm=arm, seed=7) for arm in ("active", "sham"))
    return Weeks(schedule=schedule, cohorts=cohorts, trials=trials("depression"), missing="")


@pytest.fixture(scope="module")
def head():
    plain = sphere_head((0.055, 0.066, 0.070, 0.076, 0.084), (1, 2, 3, 4, 5), cell_m=0.009, jitter=0)
    shaped = mapped(plain, lambda points: points * HALF_WIDTHS_m / 0.084)
    note = "This head is made of spheres."
    return replace(shaped, head_to_mni=np.eye(4), origin=replace(shaped.origin, note=note))


@pytest.fixture(scope="module")
def report(head):
    """The coil on the left ear, its handle to the front; the field is strong at the upper left front."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([(0, 0, 1), (0, -1, 0), (1, 0, 0)])
    matrix[:3, 3] = (-0.081, 0, 0)
    target = np.array([-0.05, 0.01, 0.01])
    pose = Placement(matrix=matrix, target="hand knob", target_m=target, scalp_m=np.array([-0.076, 0, 0]),
                     gap_m=0.004, lifted_m=0.001, angle_rad=np.pi / 4, reference="midline")  # fmt: skip
    metrics = Metrics(
        p999_V_per_m=2.345,
        peak_m=(-0.03, 0.04, 0.02),
        volume_50_m3=7.77e-6,
        volume_75_m3=1.23e-6,
        area_50_m2=5.43e-4,
        area_75_m2=0.98e-4,
        half_depth_m=0.01416,
        spread_m2=0.00148,
        target_m=tuple(target),
        target_mean_V_per_m=1.357,
        target_normal_V_per_m=-0.864,
        target_tangential_V_per_m=1.02,
        target_radius_m=0.005,
        regions=regions(18),
    )
    field = field_of(head, lambda p: 1.2 - (p @ np.array([10.0, -5.0, -4.0])))
    return ReportInput(
        head=head,
        coil=small_coil(),
        pose=pose,
        field=field,
        metrics=metrics,
        uncertainty=uncertainty_of(head),
        chain=(Link(name="field", sentence="A field <arises>.", evidence="Physics."),),
        response=response_of(head, field),
        session=session_of(head, field),
        transmission=transmission_of(),
        brain=None,
        weeks=weeks_of(),
        plan_toml='[coil]\nsource = "<loop>"\n',
        provenance={"tmsim": "0.0.test", "seed": "7"},
        citations=("Deng2013",),
    )


@dataclass
class Seen(HTMLParser):
    """What a browser would fetch, show and follow."""

    def __post_init__(self):
        super().__init__()
        self.fetched, self.links, self.images, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        given_ = dict(attrs)
        if tag in ("script", "iframe", "object", "embed", "link"):
            self.fetched.append(tag)
        if tag == "img":
            self.images.append(given_)
        if "href" in given_:
            self.links.append(given_["href"])

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def html(report):
    return page(report)


@pytest.fixture(scope="module")
def seen(html):
    parser = Seen()
    parser.feed(html)
    return parser


def test_the_report_is_one_file_that_asks_for_nothing_else(html, seen):
    assert not seen.fetched
    assert all(image["src"].startswith("data:image/png;base64,") for image in seen.images)
    assert all(link.startswith("https://doi.org/10.") for link in seen.links)
    without_links = re.sub(r'href="[^"]*"', "", html)
    assert "http" not in without_links
    assert not re.search(r"url\(|@import|srcset", html)
    assert len(html) < 8e6


def test_every_image_of_the_report_decodes_at_its_stated_size(seen):
    assert len(seen.images) == 16
    for image in seen.images:
        pixels = imread(io.BytesIO(base64.b64decode(image["src"].split(",")[1])), format="png")
        assert pixels.shape[:2] == (int(image["height"]), int(image["width"]))
        assert np.isfinite(pixels).all()
        assert pixels.std() > 0.05
        assert image["alt"]


def test_the_numbers_in_the_report_are_those_of_the_metrics(seen):
    text = seen.text
    for shown in (
        "At 2 A/µs the field in the brain reaches 2.35 V/m",  # 2.345 at the run's slope
        "1.17 V/m for each A/µs",
        "117 V/m at the coil's largest slope, 100 A/µs",
        "Peak |E| 2.35 1.17 117 V/m ± 4.3 %",
        "Target, mean |E| 1.36 0.678 67.8 V/m",
        "Target, normal −0.864 −0.432 −43.2 V/m",
        "Target, tangential 1.02 0.510 51.0 V/m",
        "Area above 50 % 5.43 same same cm²",
        "Area above 75 % 0.980 same same cm²",
        "Volume above 50 % 7.77 same same cm³",
        "Volume above 75 % 1.23 same same cm³",
        "Half-depth d½ 14.2 same same mm",
        "Spread S½ 14.8 same same cm²",
        "95th percentile is 12 %",
        "37.4 mm from the target",
        "58 % of that peak",
        "−30.0, 40.0, 20.0 mm",
        "left part17 18.0 1.70 3.40 −0.850",
        "3 more regions",
        "at 45° to the midline",
        "5.0 mm from the scalp, 1.0 mm more than asked for",
        "finite elements of second order (12,345 unknowns)",
        "grey matter 0.275",
        "This head is made of spheres.",
        "A loop made for tests.",
        "0.0.test",
    ):
        assert shown in text, shown
    assert text.index("left part17") < text.index("left part3 ") < text.index("left part2 ")
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_the_report_says_how_far_the_field_may_be_off_and_what_from(seen, report):
    text = seen.text
    # At 2 A/us fields are twice those of the study; percentages are of the planned field or of the mean.
    assert "Peak of <E> −3.20 −3.00 8.0 % −3.42 to −2.62" in text
    assert "the peak of <E> scatters by 8.0 %; 70 % of the variance is from the conductivity of" in text
    assert "Conductivity of grey matter 0.1 to 0.6 S/m 5.0 %" in text
    assert "Coil off the scalp SD 0.87 mm 3.8 %" in text
    assert "All together 6.2 %" in text
    linear = replace(report, uncertainty=replace(report.uncertainty, drawn=None))
    assert "64 % of the variance is from the conductivity of grey matter" in page(linear)
    assert "How far the field may be off" not in page(replace(report, uncertainty=None))


def test_text_from_outside_is_shown_and_never_run(html, seen):
    assert 'source = "<loop>"' in seen.text
    assert "<loop>" not in html
    assert "<test>" not in html


def test_each_convention_has_the_pose_in_its_own_axes(html, report):
    blocks = re.findall(r"<h3>(SimNIBS|Brainsight|Localite)</h3>.*?<pre>(.*?)</pre>", html, re.DOTALL)
    found = {name: np.array([row.split() for row in text.split("\n")], dtype=float) for name, text in blocks}
    axes = {name: matrix[:3, :3] for name, matrix in found.items()}
    np.testing.assert_allclose(found["SimNIBS"], report.pose.to_simnibs_mm(), atol=1e-4)
    np.testing.assert_allclose(axes["Brainsight"], axes["SimNIBS"] * [-1, 1, -1], atol=1e-4)
    x, y, z = axes["SimNIBS"].T
    np.testing.assert_allclose(axes["Localite"], np.column_stack([z, -y, x]), atol=1e-4)
    for matrix in found.values():
        np.testing.assert_allclose(matrix[:3, 3], (-81, 0, 0), atol=1e-4)


def test_the_report_is_written_whole_or_not_at_all(report, html, tmp_path):
    with pytest.raises(InputError):
        write_report(report, tmp_path / "missing" / "report.html")
    write_report(report, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == html  # and the same bits twice
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_the_report_tells_the_dose_by_three_rules_and_who_has_the_threshold(report):
    parser = Seen()
    parser.feed(page(report))
    text = parser.text
    # 60 V/m of drive at 1.2 V/m for each A/us are 50 A/us, half of this stimulator's 100.
    assert "50 A/µs, 50 %MSO" in text
    for dose in report.response.doses:
        assert f"{dose.rule}" in text
    assert "percent of motor threshold (this report) 60 A/µs 60 120 54.0" in re.sub(r"\s+", " ", text)
    assert "40.0 %MSO" in text  # the subject's own


def test_the_report_tells_the_session_and_gives_no_clearance(report):
    parser = Seen()
    parser.feed(page(report))
    text = re.sub(r"\s+", " ", parser.text)
    assert "Intermittent theta burst of the left DLPFC draft" in text
    assert "600 pulses at 120 %RMT (60 %MSO) in 3.3 min; the last pulse comes at 3.2 min" in text
    # A plain Rapid2 gives 25 Hz at 60 %MSO, half of what theta burst needs.
    assert "stop · device rate" in text
    assert text.index("stop ·") < text.index("info ·")
    assert re.search(r"\bsafe\b|cleared", text) is None
    assert "10 people drawn" not in text  # that is in the picture
    assert "respond as expected" in text


def test_the_report_tells_transmitters_with_their_evidence_and_claims_no_unknown_sign(report):
    parser = Seen()
    parser.feed(page(report))
    text = re.sub(r"\s+", " ", parser.text)
    assert "10 % of the layer 5 cells of the left rostral middle frontal cortex fire" in text
    assert "dopamine human +" in text
    # Both signs: from less to more.
    assert re.search(r"serotonin animal, sign unknown −\d+ to \+\d+ %", text)
    assert re.search(r"noradrenaline extrapolated, sign unknown −\d+ to \+\d+ %", text)


def test_the_report_begins_with_the_chain_in_plain_words(report):
    parser = Seen()
    parser.feed(page(report))
    text = re.sub(r"\s+", " ", parser.text)
    assert "How it works, in short field A field <arises>. Physics." in text
    assert text.index("in short") < text.index("Where the coil sits")


def test_the_report_tells_the_weeks_as_figures_of_trials_and_no_prediction(report):
    parser = Seen()
    parser.feed(page(report))
    text = re.sub(r"\s+", " ", parser.text)
    assert "9 sessions of 10 planned over 12 days, 5,400 pulses" in text
    assert "They predict no one's course" in text
    active, sham = report.weeks.cohorts
    assert f"from {active.mean[0]:.1f} to {active.mean[-1]:.1f} points" in text
    assert f"in the sham arm from {sham.mean[0]:.1f} to {sham.mean[-1]:.1f}" in text
    assert "cure" not in text


def test_what_is_unknown_is_left_out(report):
    bare = replace(
        report,
        coil=replace(report.coil, casing=None, handle_m=None, didt_max_A_per_s=None, note=""),
        head=replace(report.head, head_to_mni=None),
        field=replace(report.field, error=None),
        metrics=replace(report.metrics, target_m=None, target_mean_V_per_m=None, target_normal_V_per_m=None,
                        target_tangential_V_per_m=None, regions=()),
        citations=(),
        session=None,
        weeks=None,
        transmission=None,
        response=replace(report.response, didt_max_A_per_s=None, threshold=None, hand=None, target=None,
                         doses=(), recruitment=None, muscle=None, missing="there is no cortex"),
    )  # fmt: skip
    parser = Seen()
    parser.feed(page(bare))
    text = parser.text
    assert "No error estimate was made" in text
    assert "There is no motor threshold: there is no cortex." in text
    for absent in (
        "MNI",
        "At the target",
        "full output",
        "References",
        "By cortical region",
        "±",
        "Who fires",
        "virtual subject",
    ):
        assert absent not in text
    assert slopes_of(bare) == (SLOPE, 1e6)
    assert not any(row.name.startswith("Target") for row in numbers_of(bare))


@given(st.floats(1e-4, 1e5) | st.floats(-1e5, -1e-4))
def test_three_digits_are_three_digits(value):
    assert float(three_digits(value).replace("−", "-")) == pytest.approx(value, rel=5.1e-3)
    assert "e" not in three_digits(value)


def test_atlas_labels_become_words():
    assert region_text("L_rostralmiddlefrontal") == "left rostral middle frontal"
    assert region_text("R_lateralorbitofrontal") == "right lateral orbitofrontal"
    assert region_text("R_precentral") == "right precentral"
    assert region_text("unassigned") == "outside the atlas"


def test_directions_have_their_anatomical_letters():
    assert [letters(np.array(d)) for d in ((-1, 0, 0), (0, 1, 0), (0, 0, -1))] == ["L", "A", "I"]
    assert letters(np.array([0.8, -0.6, 0.0])) == "RP"


# Pictures: pixels are read back from the figures.


def image_of(ax):
    return np.asarray(ax.images[0].get_array()) / 255


def edge_letters(ax):
    """Letters at the left, right, upper and lower edge."""
    found = [text for text in ax.texts if text.get_transform() == ax.transAxes]
    assert len(found) == 4
    places = np.array([text.get_position() for text in found])
    ends = (places[:, 0].argmin(), places[:, 0].argmax(), places[:, 1].argmax(), places[:, 1].argmin())
    return [found[k].get_text() for k in ends]


def painted(image, colours, share):
    """Pixels of the hue of a colour map at ``share`` of its range."""
    wanted = np.array(colours(share)[:3])
    rgb = image[..., :3]
    cosine = (rgb @ wanted) / np.maximum(np.linalg.norm(rgb, axis=-1) * np.linalg.norm(wanted), 1e-9)
    return (cosine > 0.99) & (image[..., 3] > 0.9)


def test_each_view_of_the_placement_has_its_letters(report):
    figure = placement_figure(report.head, report.coil, report.pose, report.metrics.target_m)
    assert [ax.get_title() for ax in figure.axes] == ["from the left", "from the front", "from above"]
    assert [edge_letters(ax) for ax in figure.axes] == [list("APSI"), list("RLSI"), list("LRAP")]


def test_the_coil_is_drawn_on_its_side_of_the_head(report):
    figure = placement_figure(report.head, report.coil, report.pose)
    middles = []
    for ax in figure.axes:
        image = image_of(ax)
        copper = (image[..., 0] > 1.6 * image[..., 2]) & (image[..., 0] > 0.3) & (image[..., 3] > 0.9)
        assert copper.sum() > 100
        shown = np.nonzero(image[..., 3] > 0.2)[1]
        middles.append(np.nonzero(copper)[1].mean() - shown.mean())
    # On the left ear: in the front view to the onlooker's right, from above to the left.
    assert middles[1] > 50
    assert middles[2] < -50


def test_the_scale_bar_is_as_long_as_it_says(report):
    field, metrics = report.field, report.metrics
    cortex_mm = np.ptp(report.head.cortex.points_m, axis=0) * 1e3
    head_mm = np.ptp(report.head.skin.points_m, axis=0) * 1e3
    bare = replace(report.coil, casing=None, handle_m=None)
    cases = [
        (magnitude_figure(report.head, bare, report.pose, field, metrics), 2, cortex_mm[0]),  # from above
        (slices_figure(report.head, field, replace(metrics, peak_m=(0.0, 0.0, 0.0))), 2, head_mm[0]),
    ]
    for figure, panel, width_mm in cases:
        (bar,) = [line for line in figure.axes[0].lines if line.get_gid() == "scale bar"]
        mm_per_px = 50 / np.ptp(np.asarray(bar.get_xdata(), dtype=float))
        columns = np.nonzero(image_of(figure.axes[panel])[..., 3] > 0.5)[1]
        assert (np.ptp(columns) + 1) * mm_per_px == pytest.approx(width_mm, rel=0.01)
        # A pixel of the image is a pixel of the figure: nothing is resampled.
        box = figure.axes[panel].get_position()
        assert box.width * figure.bbox.width == pytest.approx(image_of(figure.axes[panel]).shape[1])


@pytest.mark.parametrize(
    ("axis", "sign", "panel", "side"),
    [
        (0, -1, 2, "left"),  # the person's left, from above
        (1, 1, 2, "top"),
        (1, 1, 1, "left"),  # the front, from the left
        (2, 1, 1, "top"),
    ],
)
def test_a_strong_field_is_painted_on_its_side_of_the_cortex(report, axis, sign, panel, side):
    field = field_of(report.head, lambda p: (sign * p[:, axis] > 0.02).astype(float))
    metrics = replace(report.metrics, p999_V_per_m=1.0)
    figure = magnitude_figure(report.head, report.coil, report.pose, field, metrics)
    assert on_side(painted(image_of(figure.axes[panel]), mpl.colormaps["viridis"], 1.0), side)


@pytest.mark.parametrize(
    ("axis", "sign", "panel", "side"),
    [
        (0, -1, 1, "left"),  # coronal: left is left
        (2, 1, 1, "top"),
        (0, -1, 2, "left"),  # axial: left is left
        (1, 1, 2, "top"),
        (1, 1, 0, "right"),  # sagittal: the face to the right
        (2, 1, 0, "top"),
    ],
)
def test_a_strong_field_is_painted_on_its_side_of_the_slices(report, axis, sign, panel, side):
    field = field_of(report.head, lambda p: (sign * p[:, axis] > 0.02).astype(float))
    metrics = replace(report.metrics, p999_V_per_m=1.0, peak_m=(0.0, 0.0, 0.0))
    figure = slices_figure(report.head, field, metrics)
    assert on_side(painted(image_of(figure.axes[panel]), mpl.colormaps["viridis"], 1.0), side)
    assert [edge_letters(ax) for ax in figure.axes[:3]] == [list("PASI"), list("LRSI"), list("LRAP")]


def on_side(mask, side):
    rows, columns = np.nonzero(mask)
    assert len(rows) > 500
    middle = np.array(mask.shape) / 2
    if side in ("left", "right"):
        off = (columns - middle[1]) * (1 if side == "right" else -1)
    else:
        off = -(rows - middle[0])
    return (off > 0).mean() > 0.99


def test_the_hot_spot_is_marked_where_it_is(report):
    """A field in one small ball only: the mark must lie on the painted spot."""
    spot = np.array([-0.045, 0.03, 0.0])
    field = field_of(report.head, lambda p: (np.linalg.norm(p - spot, axis=1) < 0.012).astype(float))
    metrics = replace(report.metrics, p999_V_per_m=1.0, peak_m=tuple(spot))
    figure = slices_figure(report.head, field, metrics)
    for ax in figure.axes[:3]:
        rows, columns = np.nonzero(painted(image_of(ax), mpl.colormaps["viridis"], 1.0))
        (mark,) = [line for line in ax.lines if line.get_gid() == "hot spot"]
        found = np.array([mark.get_xdata()[0], mark.get_ydata()[0]], dtype=float)
        assert np.hypot(*(found - (columns.mean(), rows.mean()))) < 12  # 4 mm: half an element


def test_outward_is_red_and_inward_is_blue(report):
    front = field_of(report.head, lambda p: np.ones(len(p)), direction=(0.0, 0.0, 1.0))
    figure = normal_figure(report.head, report.coil, report.pose, front, report.metrics)
    image = image_of(figure.axes[1])  # from the side: E points up, out of the upper cortex, into the lower
    red, blue = ((image[..., a] - image[..., b] > 0.15) & (image[..., 3] > 0.9) for a, b in ((0, 2), (2, 0)))
    assert on_side(red, "top")
    assert on_side(blue[::-1], "top")
    low, high = figure.axes[3].get_ylim()
    assert low == -high


def test_the_depth_curve_is_the_field_along_the_axis(report):
    """A field that falls by 10 V/m a metre from the left: from the left ear it falls as it goes in."""
    field = field_of(report.head, lambda p: 1.2 - 10 * p[:, 0])
    figure = curves_figure(report.head, report.pose, field, report.metrics)
    (curve,) = figure.axes[0].lines
    depth_mm, values = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    expected = 1.2 - 10 * (-HALF_WIDTHS_m[0] + 1e-3 * depth_mm)
    assert np.abs(values - expected).max() < 0.1  # an element is 10 mm wide
    assert np.abs((values - expected).mean()) < 0.02
    assert "2 A/µs" in figure.axes[0].get_ylabel()


def test_the_depth_curve_says_so_when_the_axis_misses_the_head(report):
    matrix = np.array(report.pose.matrix)
    matrix[:3, :3] = matrix[:3, :3] @ np.diag([-1, 1, -1])
    figure = curves_figure(report.head, replace(report.pose, matrix=matrix), report.field, report.metrics)
    assert "misses" in figure.axes[0].texts[0].get_text()


def test_the_area_curve_counts_cortex_above_a_field(report):
    field = field_of(report.head, lambda p: 1 + (p[:, 0] < -0.02) + (p[:, 0] < -0.04))
    figure = curves_figure(report.head, report.pose, field, report.metrics)
    curve = figure.axes[1].lines[0]
    values, area_cm2 = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    cortex = report.head.cortex
    for level, x in ((1.5, -0.02), (2.5, -0.04)):
        expected = cortex.point_areas_m2[cortex.points_m[:, 0] < x].sum() * 1e4
        assert area_cm2[values > level].max() == pytest.approx(expected)
    assert area_cm2[-1] == pytest.approx(cortex.areas_m2.sum() * 1e4)
