"""The promise, judged by the clock: what was sent after `add` had returned and answered before
`delete` was begun was blocked for sure; what was sent after `delete` had returned and answered
before the next `add` was begun was free for sure. What overlaps an edit may go either way."""

import bisect
from typing import NamedTuple


class Edit(NamedTuple):
    """One `add` and the `delete` that followed it, by time.monotonic()."""
    add_begun: float
    add_returned: float
    delete_begun: float
    delete_returned: float


class Act(NamedTuple):
    """Something the daemon was asked, and how it went."""
    moment: str  # "auth", "rcpt", "end"
    who: str
    asked: float
    answered: float
    accepted: bool


class Verdict(NamedTuple):
    violations: list  # texts
    blocked: dict  # moment: number of acts that were blocked for sure
    free: dict


def judge(acts, edits):
    """`edits` in order, none overlapping the next."""
    verdict = Verdict([], {}, {})
    begun = [edit.add_begun for edit in edits]
    for act in acts:
        index = bisect.bisect_right(begun, act.asked) - 1  # the last edit begun before it
        edit = edits[index] if index >= 0 else None
        following = begun[index + 1] if index + 1 < len(begun) else float("inf")
        if edit and edit.add_returned <= act.asked and act.answered <= edit.delete_begun:
            verdict.blocked[act.moment] = verdict.blocked.get(act.moment, 0) + 1
            if act.accepted:
                verdict.violations.append(
                    f"{act.moment} of {act.who} accepted {act.asked - edit.add_returned:.6f} s "
                    f"after add returned")
        elif (not edit or edit.delete_returned <= act.asked) and act.answered <= following:
            verdict.free[act.moment] = verdict.free.get(act.moment, 0) + 1
            if not act.accepted:
                since = act.asked - edit.delete_returned if edit else 0
                verdict.violations.append(
                    f"{act.moment} of {act.who} refused {since:.6f} s after delete returned")
    return verdict
