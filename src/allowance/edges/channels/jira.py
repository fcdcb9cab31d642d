"""Jira: one issue per alert, however often it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from allowance.alerting.alert import Event, Notice
from allowance.alerting.delivery import Outcome, Refused, Sent, incident
from allowance.edges.channels.given import Given
from allowance.edges.channels.http import Answer, Receiver
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.words import cut

MOST_SUMMARY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Jira:
    """A project of Jira Cloud. `user` is the e-mail address that the API token belongs to.

    An issue carries a label made from the alert's identity and is searched by it before it is created, so a retry
    makes no second one. Later notices become comments, each marked by its key and written once.
    """

    name: str
    url: str
    project: str
    user: str
    token: Secret
    issue_type: str = "Task"

    @property
    def hears(self) -> frozenset[Event]:
        """Who has taken it becomes a comment."""
        return frozenset({"taken"})

    def send(self, notice: Notice) -> Outcome:
        """Create the issue, or comment on it; a word about an alert without an issue is nothing to tell."""
        found = self._find(label_of(notice))
        if not isinstance(found, str):
            return found
        if found:
            return self._comment(found, notice)
        return Sent() if notice.says in ("resolved", "taken") else self._create(notice)

    def _find(self, label: str) -> str | Outcome:
        """The key of the issue with a label, empty where there is none."""
        body = {"jql": f'labels = "{label}" ORDER BY created ASC', "maxResults": 1, "fields": ["key"]}
        answer = self._ask("POST", "/rest/api/3/search/jql", body)
        if answer.status != 200:
            return self._receiver().outcome(answer)
        issues = _read(answer).get("issues")
        if not isinstance(issues, list):
            return Refused(reason="Jira answered the search with something else than a list of issues")
        return str(issues[0].get("key", "")) if issues and isinstance(issues[0], dict) else ""

    def _create(self, notice: Notice) -> Outcome:
        fields = {
            "project": {"key": self.project},
            "issuetype": {"name": self.issue_type},
            "summary": cut(" ".join(notice.message.title.split()), MOST_SUMMARY),
            "description": document(notice),
            "labels": ["allowance", label_of(notice)],
        }
        mark = {"key": f"allowance.{digest(notice.key)}", "value": {"at": notice.at}}
        body = {"fields": fields, "properties": [mark]}
        return self._receiver().outcome(self._ask("POST", "/rest/api/3/issue", body))

    def _comment(self, issue: str, notice: Notice) -> Outcome:
        """Each notice is one property of the issue: where it is, the notice is in the issue already."""
        mark = f"/rest/api/3/issue/{issue}/properties/allowance.{digest(notice.key)}"
        seen = self._ask("GET", mark, None)
        if seen.status == 200:
            return Sent()
        if seen.status != 404:
            return self._receiver().outcome(seen)
        written = self._receiver().outcome(
            self._ask("POST", f"/rest/api/3/issue/{issue}/comment", {"body": document(notice)})
        )
        if not isinstance(written, Sent):
            return written
        return self._receiver().outcome(self._ask("PUT", mark, {"at": notice.at}))

    def _ask(self, method: str, path: str, body: object) -> Answer:
        url = self.url.rstrip("/") + path
        return self._receiver().ask(method, url, json=body, auth=(self.user, self.token.reveal()))

    def _receiver(self) -> Receiver:
        return Receiver(called="Jira", secrets=(self.token,))


def build(name: str, given: Given) -> Jira | None:
    """`url`, `project`, `user`, `tokenEnv`, `issueType` (Task)."""
    url, token = given.url("url"), given.secret("tokenEnv")
    project, user = given.text("project"), given.text("user")
    issue_type = given.fields.text("issueType") or "Task"
    if not (url and token and project and user):
        return None
    return Jira(name=name, url=url, project=project, user=user, token=token, issue_type=issue_type)


def label_of(notice: Notice) -> str:
    """The label of an alert's issue: Jira allows no spaces, and every alert has its own."""
    return f"allowance-{digest(incident(notice))}"


def digest(text: str) -> str:
    """A short name for any text."""
    return sha256(text.encode()).hexdigest()[:24]


def document(notice: Notice) -> dict[str, object]:
    """The message in Atlassian's document format."""
    message = notice.message
    lines = [line for line in (message.title, *message.lines, message.first_step) if line]
    content: list[object] = [_paragraph(_text(line)) for line in lines]
    if message.link:
        mark = {"type": "link", "attrs": {"href": message.link}}
        content.append(_paragraph(_text("The budget at that instant") | {"marks": [mark]}))
    facts = [_paragraph(_text(f"{name}: {value}")) for name, value in message.facts.items()]
    if facts:
        rows = [{"type": "listItem", "content": [fact]} for fact in facts]
        content.append({"type": "bulletList", "content": rows})
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(inside: object) -> dict[str, object]:
    return {"type": "paragraph", "content": [inside]}


def _text(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def _read(answer: Answer) -> dict[str, object]:
    try:
        value = json.loads(answer.text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
