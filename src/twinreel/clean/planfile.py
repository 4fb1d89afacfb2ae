"""A plan as a file: JSON that a person can read, with everything that applying and undoing it needs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinreel.clean.model import Action, Deed, File, Move, Plan, Remark
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text, text_to_path
from twinreel.store.writing import written

VERSION = 1


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values; paths as in exports."""
    return {
        "twinreel_plan": VERSION,
        "id": plan.id,
        "made_at": plan.made_at,
        "freed": plan.freed,
        "protected": [path_to_text(folder) for folder in plan.protected],
        "actions": [_action_to_json(action) for action in plan.actions],
        "remarks": [
            {**dataclasses.asdict(remark), "path": path_to_text(remark.path), "kept": [*map(path_to_text, remark.kept)]}
            for remark in plan.remarks
        ],
    }


def plan_from_json(values: Any, where: str) -> Plan:
    """The plan of ``plan_to_json``. UserError, naming ``where`` it came from, for anything else."""
    if not isinstance(values, Mapping) or "twinreel_plan" not in values:
        raise UserError(f"{where} is no plan: make one with `twinreel plan --out FILE`")
    if values["twinreel_plan"] != VERSION:
        raise UserError(f"{where} has version {values['twinreel_plan']!r}; this twinreel knows version {VERSION}")
    try:
        return Plan(
            id=_name(values["id"]),
            made_at=float(values["made_at"]),
            protected=tuple(text_to_path(folder) for folder in values["protected"]),
            actions=tuple(_action(action) for action in values["actions"]),
            remarks=tuple(_remark(remark) for remark in values["remarks"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where} is a damaged plan ({type(error).__name__}: {error}): make it again") from error


def write_plan(plan: Plan, path: Path) -> None:
    """Writes it, whole or not at all. UserError where that cannot be done."""
    with written(path) as unfinished:
        unfinished.write_text(json.dumps(plan_to_json(plan), indent=1) + "\n", encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """UserError where it is not there, no plan, or of another version."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the plan {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"{path} is no plan: make one with `twinreel plan --out FILE`") from error
    return plan_from_json(values, str(path))


def _action_to_json(action: Action) -> dict[str, Any]:
    return {
        **dataclasses.asdict(action),
        "deed": action.deed.value,
        "file": _file_to_json(action.file),
        "kept": [_file_to_json(file) for file in action.kept],
        "target": None if action.target is None else path_to_text(action.target),
        "sides": [{"source": path_to_text(m.source), "target": path_to_text(m.target)} for m in action.sides],
    }


def _file_to_json(file: File) -> dict[str, Any]:
    return {
        **dataclasses.asdict(file),
        "path": path_to_text(file.path),
        "real": path_to_text(file.real),
        "sides": [path_to_text(side) for side in file.sides],
        "names": [path_to_text(name) for name in file.names],
    }


def _name(value: Any) -> str:
    """An id names a file: it may not lead anywhere."""
    if not isinstance(value, str) or not value.isalnum():
        raise ValueError(f"id {value!r}")
    return value


def _file(values: Mapping[str, Any]) -> File:
    paths = {"path": text_to_path(values["path"]), "real": text_to_path(values["real"])}
    lists = {key: tuple(text_to_path(path) for path in values[key]) for key in ("sides", "names")}
    return File(**{**values, **paths, **lists})


def _action(values: Mapping[str, Any]) -> Action:
    return Action(
        **{
            **values,
            "deed": Deed(values["deed"]),
            "file": _file(values["file"]),
            "kept": tuple(_file(file) for file in values["kept"]),
            "target": None if values["target"] is None else text_to_path(values["target"]),
            "sides": tuple(Move(text_to_path(m["source"]), text_to_path(m["target"])) for m in values["sides"]),
        }
    )


def _remark(values: Mapping[str, Any]) -> Remark:
    return Remark(
        text_to_path(values["path"]),
        tuple(text_to_path(path) for path in values["kept"]),
        float(values["share"]),
        tuple((float(start), float(stop)) for start, stop in values["unique"]),
        values["reason"],
    )
