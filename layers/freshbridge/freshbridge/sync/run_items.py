"""How runs, parts and standings are written as items of the SyncTable.

Pure. `pk` the instance's id: `sk` "sync#<object>" is the standing, "run#<run id>#<object>" a run.
`pk` "parts#<instance>#<run id>#<object>": `sk` the part's name. What is counted or compared in a
condition is an attribute of its own; all the rest is one JSON text, `body`. Runs and parts expire.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from freshbridge.sync.feeds.feed import Scope
from freshbridge.sync.run import Counts, Kind, Part, PartState, Run, Stage, Standing

STANDING, RUN, PARTS = "sync#", "run#", "parts#"
COUNTS = tuple(field.name for field in fields(Counts))
Item = dict[str, Any]
NO_RETRY = {"S": "{}"}


def text(value: str) -> dict[str, str]:
    """A string attribute."""
    return {"S": value}


def number(value: float) -> dict[str, str]:
    """A number attribute."""
    return {"N": repr(value) if isinstance(value, float) else str(value)}


def standing_key(instance_id: str, name: str) -> Item:
    """The key of a standing."""
    return {"pk": text(instance_id), "sk": text(f"{STANDING}{name}")}


def run_key(run: Run) -> Item:
    """The key of a run."""
    return run_key_of(run.instance_id, run.object, run.run_id)


def run_key_of(instance_id: str, name: str, run_id: str) -> Item:
    """The key of the run of one object."""
    return {"pk": text(instance_id), "sk": text(f"{RUN}{run_id}#{name}")}


def parts_pk(run: Run) -> str:
    """What all parts of a run are kept under."""
    return f"{PARTS}{run.instance_id}#{run.run_id}#{run.object}"


def part_key(run: Run, name: str) -> Item:
    """The key of a part."""
    return {"pk": text(parts_pk(run)), "sk": text(name)}


def standing_of(item: Mapping[str, Any] | None) -> Standing:
    """The standing that an item tells; a new one for none."""
    if not item or "body" not in item:
        return Standing()
    kept = json.loads(item["body"]["S"])
    kept["doubts"] = tuple(kept.get("doubts", ()))
    return Standing(
        run_id=item["run_id"]["S"],
        lease_until=float(item["lease_until"]["N"]),
        retry=json.loads(item.get("last_retry", NO_RETRY)["S"]),
        **kept,
    )


def standing_body(standing: Standing) -> str:
    """All of a standing but its lease, and why the run under way waits."""
    kept = asdict(standing)
    del kept["run_id"], kept["lease_until"], kept["retry"]
    return _json(kept)


def run_item(run: Run, expires_at: int) -> Item:
    """A run as it is written first."""
    kept = asdict(run)
    counts = kept.pop("counts")
    own = {name: kept.pop(name) for name in ("stage", "open", "failed", "kind", "children_run")}
    return {
        **run_key(run),
        "stage": text(own["stage"].value),
        "kind": text(own["kind"].value),
        "children_run": text(own["children_run"]),
        **{name: number(value) for name, value in counts.items()},
        "open": number(own["open"]),
        "failed": number(own["failed"]),
        "body": text(_json(kept)),
        "expires_at": number(expires_at),
    }


def run_body(run: Run) -> str:
    """What is kept of a run as one text."""
    return str(run_item(run, 0)["body"]["S"])


def run_of(item: Mapping[str, Any]) -> Run:
    """The run that an item tells."""
    kept = json.loads(item["body"]["S"])
    kept |= {name: tuple(kept[name]) for name in ("feeds", "include")}
    return Run(
        **kept,
        kind=Kind(item["kind"]["S"]),
        stage=Stage(item["stage"]["S"]),
        children_run=item["children_run"]["S"],
        open=int(item["open"]["N"]),
        failed=int(item["failed"]["N"]),
        counts=Counts(**{name: int(item[name]["N"]) for name in COUNTS if name in item}),
    )


def part_item(run: Run, part: Part, expires_at: int) -> Item:
    """A part as it is written first; nobody has claimed it."""
    return {
        **part_key(run, part.name),
        "state": text(part.state.value),
        "claim": text(""),
        "claim_until": number(0),
        "body": text(part_body(part)),
        "expires_at": number(expires_at),
    }


def part_body(part: Part) -> str:
    """All of a part but its name and state."""
    kept = asdict(part)
    del kept["name"], kept["state"]
    return _json(kept)


def part_of(item: Mapping[str, Any]) -> Part:
    """The part that an item tells."""
    kept = json.loads(item["body"]["S"])
    scope = kept.pop("scope")
    scope["include"] = tuple(scope["include"])
    scope["parents"] = tuple((one, at) for one, at in scope["parents"])
    kept["spawned"] = tuple(kept["spawned"])
    return Part(
        name=item["sk"]["S"],
        state=PartState(item["state"]["S"]),
        stage=Stage(kept.pop("stage")),
        scope=Scope(**scope),
        counts=Counts(**kept.pop("counts")),
        **kept,
    )


def _json(kept: Mapping[str, Any]) -> str:
    return json.dumps(kept, separators=(",", ":"))
