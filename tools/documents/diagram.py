"""The states of a grant as an SVG, with the rows of the judging table at the edges they stand for."""

from documents.judging import numbers
from evergrant.core.facts import GrantState
from evergrant.core.grant import TABLE

_STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1f2937; text-anchor: middle; }
    .small { font-size: 12px; fill: #4b5563; }
    .state { fill: #eef2ff; stroke: #4338ca; stroke-width: 1.5; }
    .ended { fill: #fef2f2; stroke: #b91c1c; stroke-width: 1.5; }
    .edge { fill: none; stroke: #374151; stroke-width: 1.5; marker-end: url(#tip); }
    .tip { fill: #374151; }
    .name { font-weight: 600; font-size: 16px; }
    .left { text-anchor: start; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e5e7eb; } .small { fill: #9ca3af; } .state { fill: #1e1b4b; stroke: #818cf8; }
      .ended { fill: #450a0a; stroke: #f87171; } .edge { stroke: #d1d5db; } .tip { fill: #d1d5db; }
    }
"""


def diagram() -> str:
    """The drawing. States come from `GrantState`, row numbers from `TABLE`."""
    pending, active, revoked = GrantState.PENDING, GrantState.ACTIVE, GrantState.REVOKED
    renews, redelivers = ", ".join(numbers("renew")), ", ".join(numbers("redeliver"))
    ends = numbers("revoke")
    by_policy = ", ".join(row.number for row in TABLE if row.number in ends and "policy" in row.outcome)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 400" role="img" aria-labelledby="t d">
  <title id="t">The states of a grant</title>
  <desc id="d">Approval makes a pending grant. The code exchange makes it active. Renewals keep it active and raise its
  generation. Reuse, idleness, a policy or somebody's wish end it: revoked, for ever.</desc>
  <style>{_STYLE}  </style>
  <defs>
    <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
      <path class="tip" d="M0 0 L10 5 L0 10 z"/>
    </marker>
  </defs>
  <circle class="tip" cx="30" cy="110" r="7"/>
  <path class="edge" d="M38 110 H150"/>
  <text x="94" y="100">approve</text>
  <rect class="state" x="150" y="75" width="150" height="70" rx="10"/>
  <text class="name" x="225" y="106">{pending}</text>
  <text class="small" x="225" y="127">generation 0: the code</text>
  <path class="edge" d="M300 110 H500"/>
  <text x="400" y="100">exchange (row {renews})</text>
  <text class="small" x="400" y="130">the family secret is drawn</text>
  <rect class="state" x="500" y="75" width="170" height="70" rx="10"/>
  <text class="name" x="585" y="106">{active}</text>
  <text class="small" x="585" y="127">generation 1, 2, 3 …</text>
  <path class="edge" d="M550 75 C540 15 630 15 620 75"/>
  <text x="585" y="22">renew: generation + 1 (row {renews})</text>
  <path class="edge" d="M670 95 C745 75 745 145 670 125"/>
  <text class="left" x="735" y="106">retry: the same</text>
  <text class="left" x="735" y="124">successor (row {redelivers})</text>
  <rect class="ended" x="330" y="290" width="210" height="80" rx="10"/>
  <text class="name" x="435" y="322">{revoked}</text>
  <text class="small" x="435" y="343">keeps when, by whom and why</text>
  <text class="small" x="435" y="360">no way leads out</text>
  <path class="edge" d="M225 145 C225 240 270 320 330 325"/>
  <text x="140" y="230">policy (row {by_policy})</text>
  <text class="small" x="140" y="248">logout, operator</text>
  <path class="edge" d="M585 145 C585 240 590 320 540 325"/>
  <text class="left" x="600" y="220">row {", ".join(ends)}; the streak in {redelivers}</text>
  <text class="left small" x="600" y="240">reuse, idleness, policy, revocation by the</text>
  <text class="left small" x="600" y="257">client, operator, logout, made room</text>
</svg>
"""
