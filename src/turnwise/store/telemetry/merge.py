"""How partial updates become one record. Pure functions: any order and repetition ends the same.

The stamps of an observation are JSON text of an object: field name to an integer that orders the
updates, "*" for all fields that are not listed. A field of `voice` is listed as "voice.<field>", a
key of `run` as "run.<key>". A key of `metadata` may be listed as "metadata.<key>"; then metadata is merged key by key.
A field without a stamp is a placeholder: any stamped value replaces it.
"""

from dataclasses import MISSING, fields, replace
from typing import Any

import msgspec

from turnwise.model.observation import Observation, Voice
from turnwise.store.telemetry.rows import NO_VOICE, NS_PER_DAY

_KEY = frozenset({"project_id", "trace_id", "span_id", "version", "stamps", "voice", "run"})
# These mean nothing without the field that they go with.
_FOLLOWS = {"session_rank": "session_ref", "cost_source": "cost_details"}
# What the store's own `complete` made of a record is made anew after a merge.
_SENT_COSTS = frozenset({None, "reported"})
_ALL = "*"
_METADATA = "metadata."
_UNSTAMPED = -1

_VOICE_DEFAULTS = {f"voice.{item.name}": getattr(NO_VOICE, item.name) for item in fields(Voice)}

_stamps_decoder = msgspec.json.Decoder(dict[str, int])
_sorting_encoder = msgspec.json.Encoder(order="sorted")


def _default(item: Any) -> Any:
    if item.default is not MISSING:
        return item.default
    return None if item.default_factory is MISSING else item.default_factory()


_DEFAULTS: dict[str, Any] = {
    item.name: _default(item) for item in fields(Observation) if item.name not in _KEY
}
_SINGLE = tuple(name for name in _DEFAULTS if name not in _FOLLOWS)

Said = dict[str, tuple[int, Any]]
"""Field name to (stamp, value), for the fields that a record says anything about."""


def merge_observations(stored: Observation | None, update: Observation) -> Observation:
    """The stored observation with a partial update applied.

    Newer stamps win per field, null never clears; equal stamps are settled by the values, so that
    order does not matter. The one exception is a start on another day: there the stored one stays,
    unless it was a placeholder, because it is part of the row's key.

    Args:
        stored: None, a merged observation, or a whole record, which counts as stamped with 0.
        update: its `stamps` must not be None.

    Raises:
        ValueError: the stamps are no object of integers.
    """
    new = _said(update)
    if stored is None:
        return _record(update, new)
    old = _said(stored)
    if stored.cost_source not in _SENT_COSTS:
        old.pop("cost_details", None)
    if _has_another_day(old, new):
        del new["start_ns"]
    merged = dict(old)
    for name, found in new.items():
        kept = merged.get(name)
        if kept is None or _wins(found, kept):
            merged[name] = found
    return _record(update, merged)


def merge_bodies(stored: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """A session fact's body with an update applied: newer wins per key, null never clears.

    `metadata` objects are merged key by key in the same way.
    """
    merged = {name: value for name, value in stored.items() if value is not None}
    for name, value in update.items():
        if value is None:
            continue
        before = merged.get(name)
        if name == "metadata" and isinstance(before, dict) and isinstance(value, dict):
            value = before | {key: item for key, item in value.items() if item is not None}
        merged[name] = value
    return merged


def _said(observation: Observation) -> Said:
    stamps: dict[str, int] = {_ALL: 0}
    if observation.stamps is not None:
        stamps = _read(observation.stamps)
    said: Said = {}
    for name in _SINGLE:
        value: Any = getattr(observation, name)
        listed = name in stamps
        if value is None or (not listed and value == _DEFAULTS[name]):
            continue
        if name == "session_ref":
            value = (value, observation.session_rank)
        elif name == "cost_details":
            value = (value, observation.cost_source)
        said[name] = (stamps.get(name, stamps.get(_ALL, _UNSTAMPED)), value)
    _split_metadata(said, stamps)
    if observation.voice is not NO_VOICE:
        whole = stamps.get("voice", stamps.get(_ALL, _UNSTAMPED))
        for name, default in _VOICE_DEFAULTS.items():
            value = getattr(observation.voice, name[6:])
            if value is not None and value != default:
                said[name] = (stamps.get(name, whole), value)
    whole = stamps.get("run", stamps.get(_ALL, _UNSTAMPED))
    for key, text in observation.run.items():
        said[f"run.{key}"] = (stamps.get(f"run.{key}", whole), text)
    return said


def _split_metadata(said: Said, stamps: dict[str, int]) -> None:
    """Take metadata apart that is ordered key by key; what is no object stays whole."""
    whole = said.get("metadata")
    if whole is None or not any(name.startswith(_METADATA) for name in stamps):
        return
    found = _object(whole[1])
    if found is not None:
        del said["metadata"]
        for key, value in found.items():
            if value is not None:
                said[_METADATA + key] = (stamps.get(_METADATA + key, whole[0]), value)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, dict) else None


def _read(stamps: str) -> dict[str, int]:
    try:
        return _stamps_decoder.decode(stamps)
    except msgspec.MsgspecError as error:
        raise ValueError("stamps are no object of integers") from error


def _has_another_day(old: Said, new: Said) -> bool:
    kept, moved = old.get("start_ns"), new.get("start_ns")
    if kept is None or moved is None or kept[0] == _UNSTAMPED:
        return False
    return bool(kept[1] // NS_PER_DAY != moved[1] // NS_PER_DAY)


def _wins(found: tuple[int, Any], kept: tuple[int, Any]) -> bool:
    if found[0] != kept[0]:
        return found[0] > kept[0]
    return _sorting_encoder.encode(found[1]) > _sorting_encoder.encode(kept[1])


def _record(key: Observation, said: Said) -> Observation:
    values: dict[str, Any] = dict(_DEFAULTS)
    voice: dict[str, Any] = {}
    run: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    for name, (_, value) in said.items():
        if name.startswith("voice."):
            voice[name[6:]] = value
        elif name.startswith("run."):
            run[name[4:]] = value
        elif name.startswith(_METADATA):
            metadata[name.removeprefix(_METADATA)] = value
        elif name == "session_ref":
            values["session_ref"], values["session_rank"] = value
        elif name == "cost_details":
            values["cost_details"], values["cost_source"] = value
        else:
            values[name] = value
    if metadata:
        whole = _object(values["metadata"]) if values["metadata"] is not None else None
        values["metadata"] = _sorting_encoder.encode({**(whole or {}), **metadata}).decode()
    stamps = {name: stamp for name, (stamp, _) in said.items() if stamp != _UNSTAMPED}
    return replace(
        key,
        **values,
        voice=Voice(**voice) if voice else NO_VOICE,
        run=run,
        stamps=_sorting_encoder.encode(stamps).decode(),
    )
