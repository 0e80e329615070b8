"""What pages show of calls, searches and events; and that nothing anybody typed becomes markup."""

import re
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from archive.adapters.ffmpeg.accepted import ACCEPTED
from archive.audit.event import EventType
from archive.calls.asked import Found
from archive.calls.call import AgentRef, ClientRef, Direction, Failure, Kind, State, TranscriptRef
from archive.calls.facets import Facet, Facets
from archive.calls.history import ShownEvent, ShownObject
from archive.calls.listen import HeardBy
from archive.calls.moments import Moment
from archive.calls.reasons import ReasonRequired
from archive.calls.showing import FoundCall
from archive.calls.transcript import Segment, Transcript, Word
from archive.http.pages import words
from archive.http.pages.access_views import AccessView, GlassView
from archive.http.pages.asking import read
from archive.http.pages.found import search_view
from archive.http.pages.heard import Rights, Seen, call_view
from archive.http.pages.listens import Heard
from archive.http.pages.missing import until_of
from archive.http.pages.office_views import AuditView
from archive.http.pages.rendering import render
from archive.http.pages.sentences import about, asides, event_view
from archive.http.pages.times import zone
from archive.http.pages.turning import Asked, why_view
from archive.http.pages.views import Piece, UploadView
from archive.policy.actions import Role
from archive.policy.scope import AllCalls, Nothing
from archive.ports import Listen, Played, StoredTranscript
from tests.unit.pages_made import NOW, UID, call, event, frame

UTC = zone("UTC", "UTC")
EVIL = "<script>alert(1)</script>\"'><img src=x>"
ALL = Rights(read=True, listen=True, download=True, retry=True, audit=True)
NOTHING_HEARD = Heard(HeardBy(call(), True, (), 0, 0), {})


MOMENT = Moment(21.4, 25.0, "Client", "the refund you promised", ((4, 10),))
ANSWER = Found(items=(FoundCall(call(), (MOMENT,), ("never",)),), total=1)


# ---- search ----------------------------------------------------------------------------------------------------


def test_a_moment_opens_three_seconds_early_and_marks_its_words() -> None:
    view = search_view(read([("q", "refund never")], UTC), ANSWER, AllCalls(), 20)
    (moment,) = view.rows[0].moments
    assert moment.href == f"/calls/{UID}?moment=21.4&q=refund+never"
    assert (moment.at, moment.clock, moment.side) == (18.4, "0:21", "client")
    assert moment.pieces == (Piece("the ", False), Piece("refund", True), Piece(" you promised", False))
    assert view.rows[0].missing == "Without: never"
    assert view.rows[0].hears


def test_a_moment_at_the_beginning_opens_at_the_beginning() -> None:
    early = structs.replace(MOMENT, start=1.0)
    answer = structs.replace(ANSWER, items=(FoundCall(call(), (early,)),))
    assert search_view(read([], UTC), answer, AllCalls(), 20).rows[0].moments[0].at == 0


def test_who_may_not_hear_gets_no_play_button() -> None:
    assert not search_view(read([], UTC), ANSWER, Nothing(), 20).rows[0].hears
    silent = structs.replace(ANSWER, items=(FoundCall(call(rendition=None), (MOMENT,)),))
    assert not search_view(read([], UTC), silent, AllCalls(), 20).rows[0].hears


def test_facets_switch_on_and_off_and_chips_take_their_names_from_what_was_found() -> None:
    facets = Facets(partners=(Facet("Northwind", 9, "p7"),), clients=(Facet("Harbour Dental", 2, "c3"),))
    pairs = [("q", "refund"), ("partner", "Northwind"), ("client", "c3")]
    view = search_view(read(pairs, UTC), structs.replace(ANSWER, facets=facets), AllCalls(), 20)
    assert [(chip.label, chip.value, chip.href) for chip in view.chips] == [
        ("Partner", "Northwind", "/?q=refund&client=c3"),
        ("Client", "Harbour Dental", "/?q=refund&partner=Northwind"),
    ]
    partner = view.facets[0].choices[0]
    assert (partner.on, partner.href, partner.count) == (True, "/?q=refund&client=c3", 9)


def test_an_id_from_elsewhere_shows_no_name() -> None:
    view = search_view(read([("client", "c-foreign")], UTC), Found(), AllCalls(), 20)
    assert view.chips[0].value == "the one chosen"


def test_no_result_says_what_to_lift() -> None:
    view = search_view(read([("q", "zeppelin"), ("kind", "voicemail")], UTC), Found(), AllCalls(), 20)
    assert view.empty
    assert [(link.label, link.href) for link in view.empty.lifts] == [
        ("Search without Kind voicemail", "/?q=zeppelin"),
        ("Show all calls with these filters", "/?kind=voicemail"),
    ]


def test_more_calls_lead_to_the_next_rows() -> None:
    many = structs.replace(ANSWER, total=41)
    assert search_view(read([("after", "20")], UTC), many, AllCalls(), 20).next == "/?after=40"
    assert search_view(read([("after", "40")], UTC), many, AllCalls(), 20).next == ""


def test_a_search_that_is_down_or_corrected_says_so() -> None:
    answer = structs.replace(ANSWER, degraded="Search is away.", corrected="refund promised", indexing=2)
    view = search_view(read([("q", "refnd")], UTC), answer, AllCalls(), 20)
    assert [note.text for note in view.notes] == [
        "Search is away.",
        "Showing results for refund promised.",
        "Still indexing 2 calls; what was said on them or just changed can't be found yet.",
    ]
    assert view.notes[1].href == "/?q=%22refnd%22"


# ---- call ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({}, "Harbour Dental called Northwind, with Priya Nair"),
        ({"direction": Direction.OUTBOUND, "agent": None}, "Northwind called Harbour Dental"),
        ({"kind": Kind.VOICEMAIL, "agent": None}, "Harbour Dental left Northwind a message"),
        (
            {"direction": None, "client": None, "partner": None, "agent": None},
            "Unknown caller and unassigned",
        ),
    ],
)
def test_headings(changes: dict[str, object], heading: str) -> None:
    assert words.heading_of(call(**changes)) == heading


def spoken(*segments: Segment) -> StoredTranscript:
    return StoredTranscript(1, "imported", NOW, "cc", Transcript(segments))


def test_words_know_their_place_as_scripts_count() -> None:
    segment = Segment(
        5.0,
        8.0,
        "😀 the refund",
        "x",
        1,
        (Word("the", 5.5, 5.7), Word("gone", 6, 7), Word("refund", 6.25, 7)),
    )
    view = call_view(Seen(call=call(), rights=ALL, transcript=spoken(segment), heard=NOTHING_HEARD), frame())
    assert view.segments[0].words == "3:5.5 7:6.25"
    assert view.segments[0].side == "client"


def test_a_moment_marks_the_segment_it_lies_in() -> None:
    transcript = spoken(Segment(0, 2, "One.", "A"), Segment(4, 6, "Two.", "A"), Segment(8, 9, "Three.", "B"))
    seen = Seen(call=call(), rights=ALL, transcript=transcript, heard=NOTHING_HEARD, at=5.0, query="two")
    view = call_view(seen, frame())
    assert [segment.current for segment in view.segments] == [False, True, False]
    assert [segment.turn for segment in view.segments] == [True, False, True]
    assert view.segments[1].href == "?t=4&q=two"
    assert (view.start, view.start_clock) == (5.0, "0:05")


def test_a_moment_marks_its_own_line_and_is_heard_from_before_it() -> None:
    transcript = spoken(Segment(0, 2, "One.", "A"), Segment(4.036, 6, "Two.", "A"))
    for at, start in ((4.04, 1.04), (4.03, 1.03)):  # an address rounds up, or down
        seen = Seen(call=call(), rights=ALL, transcript=transcript, heard=NOTHING_HEARD, at=at, lead=3.0)
        view = call_view(seen, frame())
        assert [segment.current for segment in view.segments] == [False, True]
        assert view.start == pytest.approx(start)
    first = call_view(structs.replace(seen, at=1.0), frame())
    assert (first.start, first.segments[0].current) == (0.0, True)


def test_who_may_read_but_not_hear_has_no_player_and_is_told_whom_to_ask() -> None:
    rights = structs.replace(ALL, listen=False, download=False, audit=False)
    view = call_view(Seen(call=call(), rights=rights, transcript=None, heard=NOTHING_HEARD), frame())
    assert not view.player
    assert not view.downloads
    assert not view.history
    assert [note.text for note in view.notes] == [
        "You may read this call, but not hear it. Compliance can give you access."
    ]


def test_a_failed_call_says_why_and_offers_another_try_to_those_who_may() -> None:
    broken = call(
        state=State.FAILED, failure=Failure("no_audio", "The file holds no sound.", False), rendition=None
    )
    for retry in (True, False):
        rights = structs.replace(ALL, retry=retry)
        view = call_view(Seen(call=broken, rights=rights, transcript=None, heard=NOTHING_HEARD), frame())
        assert view.notes[0].retry is retry
        assert "The file holds no sound." in view.notes[0].text


def test_a_call_under_way_shows_its_steps() -> None:
    working = call(state=State.TRANSCRIBING, transcript=TranscriptRef(1, "imported"))
    view = call_view(Seen(call=working, rights=ALL, transcript=None, heard=NOTHING_HEARD), frame())
    assert [step.tone for step in view.steps] == ["past", "past", "now", "later", "later"]


def test_a_listen_shows_its_three_facts() -> None:
    made = call()
    assert made.rendition
    played = (Played(10.0, 30.0, NOW, 20.0), Played(25.0, 35.0, NOW, 10.0))
    listen = Listen(
        1,
        "l1",
        1,
        UID,
        "u2",
        "s",
        NOW,
        NOW,
        made.rendition,
        delivered=((0, 250), (500, 750)),
        reported=played,
    )
    heard = Heard(HeardBy(made, True, (listen, listen), 2, 1), {"u2": "Person B"})
    view = call_view(Seen(call=made, rights=ALL, transcript=None, heard=heard), frame())
    first = view.heard.listens[0]
    assert (first.person, first.delivered, first.reported) == ("Person B", "3:16", "0:30")
    assert view.heard.summary == "2 listens by 1 person"


# ---- events ----------------------------------------------------------------------------------------------------


def test_an_event_reads_as_a_sentence() -> None:
    details = {"reported_ms": 90_000, "delivered_ms": 130_000}
    view = event_view(
        event("listen.closed", call=UID, details=details, purpose="case 4711"), {UID: call()}, {}
    )
    assert (view.who, view.sentence, view.call) == (
        "Person B",
        "closed",
        "Harbour Dental - Northwind, 2026-11-02 09:14",
    )
    assert view.asides == ("player reported 1:30, delivered 2:10", "reason: case 4711", "10.0.0.7")
    assert view.clock == "2026-11-22 08:02:11 UTC"


def test_a_call_that_the_reader_may_not_see_stays_an_id() -> None:
    assert event_view(event("call.viewed", call=UID), {}, {}).call == UID


def test_a_refusal_names_what_was_refused() -> None:
    denied = event(
        "call.denied", call=UID, outcome="denied", reason_code="out_of_scope", details={"action": "listen"}
    )
    view = event_view(denied, {}, {})
    assert (view.sentence, view.tone, view.asides[0]) == (
        "was refused listening to",
        "denied",
        "outside their calls",
    )


def test_an_erased_text_is_not_shown() -> None:
    erased = event("search.performed", details={"query": {"sha256": "00"}, "total": 3, "shown": []})
    assert event_view(erased, {}, {}).sentence == "listed calls"


SAMPLE = {
    "bytes": 1200,
    "total": 3,
    "shown": [],
    "reported_ms": 1,
    "delivered_ms": 1,
    "what": "original",
    "to": "u9",
    "version": 1,
    "action": "edit",
}


@pytest.mark.parametrize("type", EventType)
def test_every_event_has_its_sentence(type: EventType) -> None:
    view = event_view(event(type.value, details=SAMPLE), {}, {})
    assert view.sentence
    assert view.raw


# ---- every page -------------------------------------------------------------------------------------------------


def test_nothing_typed_becomes_markup() -> None:
    evil = call(
        client=ClientRef(3, "c3", EVIL, EVIL),
        agent=AgentRef(4, "a4", EVIL),
        labels=(EVIL,),
        note=EVIL,
        source=EVIL,
    )
    moment = Moment(1.0, 2.0, EVIL, EVIL, ((0, 8),))
    answer = Found(items=(FoundCall(evil, (moment,), (EVIL,)),), total=1, degraded=EVIL, corrected=EVIL)
    seen = Seen(
        call=evil, rights=ALL, transcript=spoken(Segment(0, 1, EVIL, EVIL)), heard=NOTHING_HEARD, query=EVIL
    )
    told = event("session.denied", details={"email": EVIL}, purpose=EVIL, body=b'{"a": "<script>"}')
    pages = [
        render(
            "search.html",
            frame(Role.COMPLIANCE),
            search_view(read([("q", EVIL), ("label", EVIL)], UTC), answer, AllCalls(), 20),
        ),
        render("call.html", frame(Role.COMPLIANCE, name=EVIL), call_view(seen, frame())),
        render("audit.html", frame(Role.AUDITOR), _audit(told)),
    ]
    for html in pages:
        assert "<script>" not in html
        assert "<img src=x" not in html


def _audit(told: ShownEvent) -> AuditView:
    return AuditView(title="Audit", heading="Audit", events=(event_view(told, {}, {}),), about=EVIL)


@pytest.mark.parametrize(
    ("role", "entries", "home"),
    [
        (Role.PARTNER_MANAGER, ["Upload", "Access"], "/"),
        (Role.COMPLIANCE, ["Audit", "Access"], "/"),
        (Role.AUDITOR, ["Audit", "Access"], "/audit"),
        (Role.ADMINISTRATOR, ["Access", "People", "System"], "/people"),
        (Role.AGENT, ["Access"], "/"),
    ],
)
def test_the_bar_shows_only_what_one_may_use(role: Role, entries: list[str], home: str) -> None:
    made = frame(role)
    assert [entry.label for entry in made.entries] == entries
    assert made.home == home


def test_the_upload_page_offers_what_is_accepted_and_nothing_else() -> None:
    view = UploadView(most_bytes=1, partners=(), teams=(), kinds=(), directions=())
    (offered,) = re.findall(r'name="audio" accept="([^"]+)"', render("upload.html", frame(), view))
    accepted = {f".{name.lower()}" for name in re.findall(r"\w+", ACCEPTED) if name not in {"Send", "or"}}
    assert set(re.findall(r"\.\w+", offered)) == accepted | {".mp4", ".opus", ".aif"}


def test_both_people_of_a_change_stand_in_its_event() -> None:
    details = {"to": "p1", "role": "agent", "asked_by": "console", "agreed_by": "p2"}
    given = event("grant.given", details=details)
    assert set(about(given)) == {"p1", "console", "p2"}
    shown = list(asides(given, {"p1": "Jo", "p2": "Carla"}))
    assert shown[:2] == ["to Jo", "Agent"]
    assert "asked by Console, agreed by Carla" in shown
    entered = event("group.entered", object=ShownObject("group", "g1"), details={"member": "p1"})
    assert list(asides(entered, {"p1": "Jo", "g1": "Hearers"}))[:2] == ["member: Jo", "Hearers"]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("all", "on all calls"),
        ("partner:Northwind,Contoso", "on calls of Northwind,Contoso"),
        ("call:1,2", "on 2 calls"),
        ("client:Jo and partner:Northwind", "on client:Jo and partner:Northwind"),
    ],
)
def test_a_grant_tells_on_what(where: str, words: str) -> None:
    told = event("grant.given", details={"to": "p1", "role": "agent", "where": where})
    assert words in list(asides(told, {}))


def test_a_grant_on_one_call_names_the_call_where_the_reader_may_see_it() -> None:
    given = event("grant.given", call="c1", details={"to": "p1", "where": "call:c1"})
    shown = event_view(given, {"c1": call(uid="c1")}, {})
    assert (shown.sentence, shown.call_href) == ("gave access to", "/audit/calls/c1")
    assert shown.call != "c1"
    assert event_view(given, {}, {}).call == "c1"
    assert not any(aside.startswith("on ") for aside in shown.asides)


@pytest.mark.parametrize("type", EventType)
def test_what_was_denied_reads_as_denied(type: EventType) -> None:
    told = event(type.value, details=SAMPLE, call="c1", outcome="denied", reason_code="wrong_password")
    refusal = ("refused", "dropped", "which ended")
    assert any(word in event_view(told, {}, {}).sentence for word in refusal)


@pytest.mark.parametrize("type", ["call.sealed", "call.unsealed"])
def test_why_a_call_was_sealed_stands_in_the_log(type: str) -> None:
    assert "reason: A complaint" in list(asides(event(type, details={"reason": "A complaint"}), {}))


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (("listen",), "are heard."),
        (("listen", "download"), "are heard or taken away."),
        (("listen", "read", "download"), "are heard, read or taken away."),
    ],
)
def test_a_reason_is_asked_for_before_what_the_rule_covers(actions: tuple[str, ...], words: str) -> None:
    required = ReasonRequired("Say why.", field="reason", explanation=None, masks=())
    asked = Asked(**dict.fromkeys(actions, required))
    view = why_view(asked, asked.listen)
    assert view
    assert view.explanation.endswith(words)
    assert why_view(asked, None) is None


def test_nothing_waits_is_not_said_beside_emergency_access_that_nobody_saw() -> None:
    def shown(*, unseen: bool) -> str:
        view = AccessView(
            looks=False,
            calls=False,
            requests=(),
            changes=0,
            looks_at_changes=True,
            glass=(_glass(unseen=unseen),),
            broken=None,
            mine=(),
            abouts=(),
            ask=until_of(frame(), timedelta(days=90)),
        )
        return render("access.html", frame(Role.COMPLIANCE), view)

    assert "Nothing waits for you." in shown(unseen=False)
    assert "Nothing waits for you." not in shown(unseen=True)


def _glass(*, unseen: bool) -> GlassView:
    since = datetime(2026, 2, 10, 9, 0, tzinfo=UTC)
    return GlassView(
        uid="g1",
        who="Ada",
        where="all calls",
        since=since,
        until=since,
        ended_at=since,
        reason="A child is missing",
        over=True,
        unseen=unseen,
        ends=False,
    )
