"""The contract of Allowance itself: what whoever runs it may expect of it, measured over its own /metrics."""

from __future__ import annotations

TEXT = """\
# What Allowance promises whoever runs it. Let a Prometheus scrape its /metrics every 15 to 60 seconds.
# A program cannot page about its own death: let another one watch this contract, or export it as rules
# (allowance export prometheus).
apiVersion: allowance/v1
kind: Service
metadata:
  name: allowance
  displayName: Allowance itself
spec:
  owner: {owner}
  tier: 2
  runbook: {runbook}
  source: {{prometheus: "{source}"}}
  slos:
    - name: ticks
      displayName: Every minute is judged in time
      description: The newest tick is at most two and a half minutes old.
      target: 99.9%
      noData: {{severity: page, after: 10m}}
      promql: {{gauge: 'max(allowance_tick_lag_seconds{{{job}}})', max: 150}}
    - name: deliveries
      displayName: Who must know is told in time
      description: No notice waits longer than two minutes for its channel.
      target: 99.5%
      noData: {{severity: ticket, after: 30m}}
      promql: {{gauge: 'max(allowance_outbox_oldest_seconds{{{job}}})', max: 120}}
    - name: api
      displayName: The API answers
      description: No answer is our own fault (5xx).
      target: 99.9%
      noData: {{severity: log, after: 1d}}
      promql:
        total: allowance_answers_total{{{job},door="api"}}
        bad: allowance_answers_total{{{job},door="api",result="failed"}}
    - name: acknowledgement
      displayName: What is sent is stored
      description: Telemetry that is sent to the OTLP receiver is stored before it is acknowledged; nobody is sent away.
      target: 99.9%
      noData: {{severity: log, after: 1d}}
      promql:
        total: allowance_answers_total{{{job},door="otlp"}}
        bad: allowance_answers_total{{{job},door="otlp",result="failed"}}
---
apiVersion: allowance/v1
kind: Journey
metadata:
  name: trust-the-numbers
spec:
  outcome: People ship and stop by numbers that are there and true.
  slos: [allowance/ticks, allowance/deliveries, allowance/acknowledgement]
---
apiVersion: allowance/v1
kind: Journey
metadata:
  name: ask-before-shipping
spec:
  outcome: Pipelines and people get an answer when they ask.
  slos: [allowance/api]
"""


def self_contract(*, source: str, job: str, owner: str, runbook: str) -> str:
    """The document; `source` is the address of the Prometheus that scrapes Allowance, as the job `job`."""
    return TEXT.format(source=source, job=f'job="{job}"', owner=owner, runbook=runbook)
