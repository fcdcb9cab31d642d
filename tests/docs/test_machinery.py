"""The readers and comparers of the documentation do what they say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from bench.__main__ import programs

from tests.docs.blocks import blocks, prose
from tests.docs.generate import regenerated, table
from tests.docs.shell import DocumentError, Shell, agrees, is_setup, steps

ROOT = Path(__file__).parents[2]
TEXT = """\
Words.

```console exit=1
$ allowance check
bad
```

- a list

  ~~~yaml wrong file=a.yaml
  apiVersion: x
    deeper: 1
  ~~~

````text
```
inner
```
````
"""


def test_blocks_are_found_with_marks_places_and_without_their_indent() -> None:
    console, yaml, text = blocks(TEXT, "x.md")
    assert (console.place, console.language, console.mark("exit")) == ("x.md:3", "console", "1")
    assert console.text == "$ allowance check\nbad\n"
    assert (yaml.line, yaml.marks, yaml.mark("file")) == (10, ("wrong", "file=a.yaml"), "a.yaml")
    assert yaml.text == "apiVersion: x\n  deeper: 1\n"
    assert text.text == "```\ninner\n```\n"


def test_prose_is_what_stands_outside_blocks() -> None:
    assert prose(TEXT).split() == ["Words.", "-", "a", "list"]


def test_steps_keep_the_output_and_the_line_of_each_command() -> None:
    text = "$ allowance a \\\n    --b 1\nout\n\nmore\n$ echo $?\n0\n"
    first, second = steps(text, 10)
    assert (first.line, first.command, first.shown) == (11, "allowance a --b 1", "out\n\nmore")
    assert (second.line, second.command, second.shown) == (16, "echo $?", "0")


def test_output_without_a_command_is_refused() -> None:
    with pytest.raises(DocumentError, match="begins with"):
        list(steps("just text\n", 1))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a  \nb", "\na\nb   \n\n", True),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("a\n...", "a\n", True),
        ("...\nd", "d\n", True),
        ("took ... ms", "took 12 ms\n", True),
        ("took ... ms", "took 12\nms\n", False),
        ("a", "a\nb\n", False),
        ("a\n...\nd", "a\nb\n", False),
        ("1.5", "1x5\n", False),
        ("64 699", "64\u202f699\n", True),
    ],
)
def test_agrees(shown: str, printed: str, same: bool) -> None:
    assert agrees(shown, printed) is same


def test_only_known_commands_may_be_shown_and_not_run() -> None:
    assert is_setup("make demo")
    assert is_setup("git clone https://example.org/allowance")
    assert not is_setup("make demolish")
    assert not is_setup("curl example.org")


def test_the_shell_runs_allowance_and_little_else(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run("allowance --version > version.txt") == ""
    assert shell.run("cat version.txt  # the version").strip() == "0.1.0"
    assert shell.run("echo $?") == "0\n"
    shell.run("allowance no-such-command")
    assert shell.run("echo $?") == "2\n"
    for refused in ("rm -r /", "cat ../secret", "allowance --version > /tmp/x"):
        with pytest.raises(DocumentError):
            shell.run(refused)


def test_a_generated_part_is_replaced_and_an_unknown_one_refused() -> None:
    stale = "a\n<!-- generated: alert-presets -->\nold\n<!-- end -->\nb\n"
    fresh = regenerated(stale, "x.md")
    assert "old" not in fresh
    assert "| `workbook` | page | 1h | 5m | 2 % | 14.4 | 13.44 |" in fresh
    assert regenerated(fresh, "x.md") == fresh
    with pytest.raises(ValueError, match="nothing generates"):
        regenerated(stale.replace("alert-presets", "nonsense"), "x.md")


def test_a_bar_in_a_table_cell_is_escaped() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"


@pytest.mark.parametrize("name", programs())
def test_a_measuring_program_also_runs_as_a_module_of_its_own(name: str) -> None:
    tree = ast.parse((ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8"))
    assert ast.unparse(tree.body[-1]).startswith("if __name__ == '__main__':")
    assert "main(sys.argv[1:])" in ast.unparse(tree.body[-1])
