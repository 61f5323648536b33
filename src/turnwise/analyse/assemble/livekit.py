"""Turns of LiveKit Agents: `user_turn` and `agent_turn` spans, siblings that time alone joins.

A turn is a turn with speech. An agent turn that only asked for tools (up to 1.6 every model step
is a turn of its own) belongs to the one that spoke its result; one that failed for good leaves its
error on the caller's turn that it should have answered.

Source: livekit-agents 1.5.17 and 1.8.9, recorded; tests/clients/emitters/README.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from turnwise.analyse.assemble.drafts import (
    Conversation,
    Draft,
    failure,
    first_of,
    joined,
    latest_end,
    longer,
)
from turnwise.analyse.assemble.scene import Key, Scene, end_of, key_of
from turnwise.model.observation import Level, Observation, Step
from turnwise.model.session import Speaker

_TURNS = {Step.USER_TURN: Speaker.USER, Step.AGENT_TURN: Speaker.AGENT}
_PARTS = {
    Step.USER_SPEAKING: Speaker.USER,
    Step.EOU_WAIT: Speaker.USER,
    Step.EOU_DETECTION: Speaker.USER,
    Step.AGENT_SPEAKING: Speaker.AGENT,
    Step.LLM_NODE: Speaker.AGENT,
    Step.TTS: Speaker.AGENT,
    Step.TOOL: Speaker.AGENT,
}
"""Steps right below a turn: they stand for it while it has not arrived."""

_SOUND_NS = 500_000_000
"""Speech without a transcript is a turn from this length on: shorter is a cough or a backchannel.

voice.md 1.5, "Empty STT"."""

PROGRAM = "programmatic"
"""`lk.interruption.source` of a turn that no voice cut."""


@dataclass(slots=True)
class _Group:
    """A turn span and what lies below it, or its parts alone while it is missing."""

    id: str
    trace_id: str
    speaker: Speaker
    head: Observation | None = None
    members: list[Observation] = field(default_factory=list)
    merged: list["_Group"] = field(default_factory=list)

    def of(self, *steps: Step) -> list[Observation]:
        return [each for each in self.members if each.step in steps]

    @property
    def start_ns(self) -> int:
        return self.head.start_ns if self.head else self.members[0].start_ns

    @property
    def end_ns(self) -> int | None:
        return self.head.end_ns if self.head else latest_end(self.members)

    @property
    def spans(self) -> list[Observation]:
        return [each for group in (*self.merged, self) for each in group.members]

    @property
    def failure(self) -> str | None:
        """The failure for good; up to 1.6 only the model's own spans tell of it."""
        if self.head is not None and (error := failure(self.head)) is not None:
            return error
        requests = self.of(Step.LLM_NODE) or self.of(Step.LLM)
        return failure(requests[-1]) if requests else None


def converse(scene: Scene) -> Conversation:
    """The turns of a LiveKit session."""
    groups = _groups(scene)
    users = [group for group in groups if group.speaker is Speaker.USER]
    agents = _merge_silent([group for group in groups if group.speaker is Speaker.AGENT], users)
    is_mute = not any(each.voice.user_text or each.voice.agent_text for each in scene.observations)
    answers = [each.start_ns for each in scene.observations if each.step is Step.AGENT_SPEAKING]
    heard = [(group, _user_draft(group, answers)) for group in users]
    turns = [draft for group, draft in heard if is_mute or _is_turn(group, draft)]
    noise = [draft for group, draft in heard if not is_mute and not _is_turn(group, draft)]
    turns.sort(key=lambda draft: draft.place)
    drafts = {draft.key: draft for draft in turns}
    proof = _proof(scene)
    pairing = _Pairing(turns)
    for group in agents:
        spoke = any(_spoke(part, proof) for part in (*group.merged, group))
        asked = pairing.asked_by(group, spoke=spoke)
        if asked is not None:
            drafts.setdefault(asked.key, asked)
        if spoke:
            answer = _agent_draft(group, asked)
            drafts[answer.key] = answer
        elif asked is not None and (error := group.failure) is not None:
            asked.error = error
            asked.spans.extend(group.spans)
    return Conversation(list(drafts.values()), noise)


def _groups(scene: Scene) -> list[_Group]:
    """Turn spans with their descendants, ascending by start."""

    def stands_for_turn(each: Observation) -> bool:
        return each.step in _TURNS or (each.step in _PARTS and scene.is_orphan(each))

    owners = scene.nearest(stands_for_turn)
    groups: dict[Key, _Group] = {}
    for observation in scene.observations:
        owner = owners.get(key_of(observation))
        if owner is None:
            continue
        is_head = owner.step in _TURNS
        span_id = owner.span_id if is_head else owner.parent_span_id or owner.span_id
        speaker = _TURNS[owner.step] if is_head else _PARTS[owner.step]
        key = owner.trace_id, span_id
        group = groups.setdefault(key, _Group(span_id, owner.trace_id, speaker))
        if observation is owner and is_head:
            group.head = observation
        group.members.append(observation)
    found = sorted(groups.values(), key=lambda each: (each.start_ns, each.trace_id, each.id))
    _place_strays(scene, found, owners)
    return found


def _place_strays(scene: Scene, groups: list[_Group], owners: dict[Key, Observation]) -> None:
    """Requests whose wrapper never came: into the agent turn during which they began."""
    agents = [group for group in groups if group.speaker is Speaker.AGENT]
    starts = [group.start_ns for group in agents]
    for observation in scene.observations:
        if key_of(observation) in owners or not scene.is_orphan(observation):
            continue
        if observation.step in (Step.LLM, Step.TTS_REQUEST):
            at = bisect_right(starts, observation.start_ns) - 1
            if at >= 0 and observation.start_ns <= (agents[at].end_ns or observation.start_ns):
                agents[at].members.append(observation)


def _proof(scene: Scene) -> frozenset[Step]:
    """Which steps prove that an agent turn without its own span was heard.

    An export filter that keeps only model spans loses playout and turns altogether; then the
    synthesis has to do.
    """
    steps = {each.step for each in scene.observations}
    if steps & {Step.AGENT_SPEAKING, Step.AGENT_TURN}:
        return frozenset({Step.AGENT_SPEAKING})
    return frozenset({Step.TTS} if Step.TTS in steps else {Step.LLM_NODE})


def _spoke(group: _Group, proof: frozenset[Step]) -> bool:
    if group.of(Step.AGENT_SPEAKING):
        return True
    if group.head is not None:
        return bool(group.head.voice.agent_text)
    return any(
        each.voice.tts_ttfb_ns is not None or each.voice.agent_text for each in group.of(*proof)
    )


def _merge_silent(agents: list[_Group], users: list[_Group]) -> list[_Group]:
    """Steps without speech go into the turn that follows, unless the caller speaks before it."""
    following = {
        each.head.voice.parent_generation_id: each
        for each in reversed(agents)
        if each.head is not None and each.head.voice.parent_generation_id is not None
    }
    begins = [user.start_ns for user in users]
    kept: list[_Group] = []
    for index, group in enumerate(agents):
        successor = None
        if _is_step(group):
            successor = _named_successor(group, following)
            if successor is None and index + 1 < len(agents) and group.failure is None:
                follower = agents[index + 1]
                quiet = bisect_right(begins, group.start_ns) == bisect_right(
                    begins, follower.start_ns
                )
                successor = follower if quiet else None
        if successor is None or successor is group:
            kept.append(group)
        else:
            successor.merged[:0] = [*group.merged, group]
    return kept


def _named_successor(group: _Group, following: dict[str, _Group]) -> _Group | None:
    generation = group.head.voice.generation_id if group.head else None
    successor = following.get(generation) if generation is not None else None
    return successor if successor is not None and successor.start_ns >= group.start_ns else None


def _is_step(group: _Group) -> bool:
    """Whether it is a model step that was not heard: nothing played, nothing said."""
    if group.head is None or group.head.end_ns is None:
        return False
    return not group.of(Step.AGENT_SPEAKING) and not group.head.voice.agent_text


def _words_of(speaking: list[Observation], answers: list[int]) -> list[Observation]:
    """The speech that the transcript is of.

    A span that begins with a cough goes on over the agent's next words until the caller speaks
    again: what lies before the last of these words is no part of the turn.
    """
    if not speaking:
        return []
    at = bisect_left(answers, speaking[-1].start_ns) - 1
    if at < 0:
        return speaking
    return [each for each in speaking if each.start_ns > answers[at]]


def _user_draft(group: _Group, answers: list[int]) -> Draft:
    pieces = group.of(Step.USER_SPEAKING)
    speaking = _words_of(pieces, answers)
    head = group.head
    start_ns = speaking[0].start_ns if speaking else group.start_ns
    end_ns = latest_end(speaking) if speaking else group.end_ns
    draft = Draft(
        id=group.id,
        speaker=Speaker.USER,
        start_ns=start_ns,
        end_ns=end_ns,
        trace_id=group.trace_id,
        spans=list(group.members),
        onsets=[each.start_ns for each in pieces] or [start_ns],
    )
    if head is not None:
        voice = head.voice
        draft.text, draft.confidence = voice.user_text, voice.confidence
        draft.stt_ns, draft.eou_delay_ns = voice.stt_ns, voice.eou_delay_ns
        draft.model, draft.error = head.model, failure(head)
    draft.resumed = _resumed(group)
    draft.detection_delay_ns = _detection_delay(group.members)
    return draft


def _resumed(group: _Group) -> int | None:
    """How often the caller went on while the end of the turn was awaited."""
    told = group.head.voice.eou_resumed if group.head is not None else None
    waits = [each.voice.eou_outcome for each in group.of(Step.EOU_WAIT)]
    if told is not None or not waits:
        return told
    return sum(outcome == "user_resumed" for outcome in waits)


def _is_turn(group: _Group, draft: Draft) -> bool:
    """Whether the caller said something, or nobody can know yet."""
    if draft.text or draft.error or draft.stt_ns is not None or group.head is None:
        return True
    heard = sum(end_of(each) - each.start_ns for each in group.of(Step.USER_SPEAKING))
    return heard >= _SOUND_NS


def _detection_delay(members: Iterable[Observation]) -> int | None:
    return first_of(each.voice.detection_delay_ns for each in members)


class _Pairing:
    """Finds the caller's turn that an agent turn answers; agent turns are asked in time order."""

    def __init__(self, users: list[Draft]) -> None:
        self._users = users
        self._starts = [user.start_ns for user in users]
        self._answered: set[tuple[str | None, str]] = set()
        self._made: dict[tuple[str, str], Draft] = {}

    def asked_by(self, group: _Group, *, spoke: bool) -> Draft | None:
        """The turn that the group answers; made from the group where no span stands for it."""
        heads = [each.head for each in (*group.merged, group) if each.head is not None]
        text = next((head.voice.user_text for head in heads if head.voice.user_text), None)
        begun = group.merged[0].start_ns if group.merged else group.start_ns
        at = bisect_right(self._starts, begun) - 1
        last = self._users[at] if at >= 0 else None
        is_answer = text is not None or any(head.voice.e2e_ns is not None for head in heads)
        if last is not None and (last.text == text or last.key not in self._answered):
            if is_answer or group.failure is not None:
                self._complete(last, heads, spoke=spoke)
                return last
            return None
        return self._typed(group, text, begun) if text is not None else None

    def _complete(self, user: Draft, heads: list[Observation], *, spoke: bool) -> None:
        if spoke:
            self._answered.add(user.key)
        user.stt_ns = first_of([user.stt_ns, *(head.voice.stt_ns for head in heads)])
        user.eou_delay_ns = first_of(
            [user.eou_delay_ns, *(head.voice.eou_delay_ns for head in heads)]
        )

    def _typed(self, group: _Group, text: str, start_ns: int) -> Draft:
        """A turn that was typed: it takes no time. Steps of one answer share it."""
        heads = [each.head for each in (*group.merged, group) if each.head is not None]
        parents = {head.voice.parent_generation_id for head in heads}
        known = next(
            (self._made[each, text] for each in parents if each and (each, text) in self._made),
            None,
        )
        draft = known or Draft(
            id=f"{(group.merged or [group])[0].id}:user",
            speaker=Speaker.USER,
            start_ns=start_ns,
            end_ns=start_ns,
            text=text,
            trace_id=group.trace_id,
            spans=heads[:1],
        )
        for head in heads:
            if head.voice.generation_id is not None:
                self._made[head.voice.generation_id, text] = draft
        return draft


def _agent_draft(group: _Group, asked: Draft | None) -> Draft:
    everything = group.spans
    heads = [each for each in everything if each.step is Step.AGENT_TURN]
    speaking = [each for each in everything if each.step is Step.AGENT_SPEAKING]
    voiced = [each for each in everything if each.voice.tts_ttfb_ns is not None]
    nodes = _nodes(group)
    node = _speaking_node(nodes, voiced)
    written = joined(each.voice.agent_text for each in nodes)
    spoken = joined(each.voice.agent_text for each in heads)
    interrupted = any(each.voice.interrupted for each in heads)
    text = spoken if heads else written
    draft = Draft(
        id=group.id,
        speaker=Speaker.AGENT,
        start_ns=speaking[0].start_ns if speaking else group.start_ns,
        end_ns=latest_end(speaking) if speaking else group.end_ns,
        trace_id=group.trace_id,
        text=text,
        full_text=longer(written, text),
        llm_ns=node.voice.llm_ttft_ns if node else None,
        tts_ns=first_of(each.voice.tts_ttfb_ns for each in voiced),
        e2e_ns=first_of(each.voice.e2e_ns for each in heads),
        interrupted=interrupted,
        error=group.failure,
        model=_model(everything, node),
        spans=everything,
        detection_delay_ns=_detection_delay(everything),
        pauses=_pauses(speaking),
        was_cut_by_program=any(each.voice.interruption_source == PROGRAM for each in heads),
        is_text_cut=interrupted and spoken is not None,
    )
    if asked is not None:
        draft.floor_ns = max(draft.start_ns, asked.start_ns)
    return draft


def _pauses(speaking: list[Observation]) -> list[tuple[int, int, int]]:
    """Start of each piece of playout that another one follows, its end, and when that begins."""
    ordered = sorted(speaking, key=lambda each: each.start_ns)
    return [
        (piece.start_ns, end_of(piece), following.start_ns)
        for piece, following in pairwise(ordered)
        if piece.end_ns is not None
    ]


def _nodes(group: _Group) -> list[Observation]:
    """The model steps of a turn, not those of a model that a tool asked."""
    found: list[Observation] = []
    for part in (*group.merged, group):
        nodes = [each for each in part.of(Step.LLM_NODE) if each.parent_span_id == part.id]
        found.extend(nodes or part.of(Step.LLM))
    return found


def _speaking_node(nodes: list[Observation], voiced: list[Observation]) -> Observation | None:
    """The first model step whose words were voiced, by its text or by what follows it."""
    spoke = next((each for each in nodes if each.voice.agent_text), None)
    if spoke is not None or not nodes:
        return spoke
    if not voiced:
        return nodes[-1]
    begun = [each for each in nodes if each.start_ns <= voiced[0].start_ns]
    return begun[-1] if begun else nodes[0]


def _model(everything: list[Observation], node: Observation | None) -> str | None:
    below = [
        each
        for each in everything
        if each.step is Step.LLM and node is not None and each.parent_span_id == node.span_id
    ]
    candidates = [*below, *([node] if node else [])]
    return next(
        (each.model for each in candidates if each.model and each.level != Level.ERROR), None
    )
