"""Finding template files, and reading what they extend."""

from __future__ import annotations

import io
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from reelnet.config.source import Node, find_position, to_plain
from reelnet.errors import TemplateError, UsageError
from reelnet.template import search_path as search_path_module
from reelnet.template.load import load_node, read_template_file
from reelnet.template.search_path import ENTRY_POINT_GROUP, SearchPath, find_builtin_folder
from reelnet.template.settings import parse_options


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, an empty user's folder, no other packages, and two built-in templates."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    offer(monkeypatch)
    write(tmp_path / "builtin" / "article.yaml", "about: built-in\ntheme: {base: dark}\n")
    write(tmp_path / "builtin" / "plain.yaml", "about: plain\n")
    return tmp_path


def search_path() -> SearchPath:
    """The search path of the folders that `home` makes."""
    return SearchPath(Path.cwd().parent / "user", Path.cwd().parent / "builtin")


def offer(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Makes entry points of these names and values the only ones."""
    points = [metadata.EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in values.items()]
    monkeypatch.setattr(search_path_module, "list_entry_points", lambda: points)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def load(name: str, *settings: str) -> Any:
    return to_plain(load_node(name, parse_options(settings), search_path=search_path()))


def refused(name: str, text: str) -> str:
    write(Path(name), text)
    with pytest.raises(TemplateError) as caught:
        load_node(name, search_path=search_path())
    return str(caught.value)


def test_the_order_of_lookup(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_path().find("article") == home / "builtin" / "article.yaml"
    package = write(home / "package" / "article.yaml", "about: package\n")
    write(home / "package" / "paths.py", f"FOLDER = {str(package.parent)!r}\n")
    monkeypatch.syspath_prepend(str(home / "package"))
    offer(monkeypatch, lab="paths:FOLDER")
    assert search_path().find("article") == package
    user = write(home / "user" / "article.yml", "about: user\n")
    assert search_path().find("article") == user
    write(Path("templates/article.yaml"), "about: mine\n")
    assert search_path().find("article") == Path("templates/article.yaml")
    assert list(search_path().list_templates().items()) == [
        ("article", Path("templates/article.yaml")),
        ("plain", home / "builtin" / "plain.yaml"),
    ]
    sys.modules.pop("paths")


def test_paths(home: Path) -> None:
    file = write(Path("deep/mine.yaml"), "about: mine\n")
    assert search_path().find("deep/mine.yaml") == file
    assert search_path().find(str(file.absolute())) == file.absolute()
    write(Path("bare"), "about: bare\n")
    assert load("bare") == {"about": "bare"}
    assert to_plain(load_node(file, search_path=search_path())) == {"about": "mine"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("artical", "no template 'artical'; did you mean 'article'?"),
        ("zzz", "no template 'zzz'; choose from article, plain"),
        ("artical.yaml", "artical.yaml: no such file; did you mean 'article'?"),
        ("./no.yaml", "no.yaml: no such file"),
        ("templates/", "is a folder, not a template"),
        ("", "no template ''"),
        ("..", "no template '..'"),
        ("a\0/b", "no such file"),
        ("x" * 5000, "no template"),
    ],
)
def test_what_is_not_there(name: str, words: str) -> None:
    Path("templates").mkdir()
    with pytest.raises(TemplateError) as caught:
        search_path().find(name)
    assert words in str(caught.value)


def test_a_missing_path_given_as_a_path() -> None:
    with pytest.raises(TemplateError, match="no such file"):
        load_node(Path("article"), search_path=search_path())


@pytest.mark.parametrize("value", ["one:FILE", "one:PATH", "holder", "holder.inside", "one"])
def test_what_an_entry_point_may_be(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    folder = home / "package"
    write(folder / "lab.yaml", "about: lab\n")
    code = f"from pathlib import Path\nFILE = {str(folder / 'lab.yaml')!r}\nPATH = Path(FILE).parent\n"
    write(folder / "one.py", code)
    write(folder / "holder" / "__init__.py", "")
    write(folder / "holder" / "lab.yaml", "about: lab\n")
    write(folder / "holder" / "inside.py", "")
    monkeypatch.syspath_prepend(str(folder))
    offer(monkeypatch, lab=value)
    assert load("lab") == {"about": "lab"}
    assert "lab" in search_path().list_templates()
    for name in ("one", "holder", "holder.inside"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module_here", "No module named"),
        ("os:no_such_name", "AttributeError"),
        ("os:linesep", "which does not exist"),
        ("os:environ", "not a file or folder"),
        ("a b c", "cannot be loaded"),
    ],
)
def test_a_broken_entry_point_hurts_only_its_own_name(
    monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    offer(monkeypatch, lab=value)
    with pytest.raises(TemplateError) as caught:
        search_path().find("lab")
    assert "entry point 'lab'" in str(caught.value)
    assert words in str(caught.value)
    assert load("plain") == {"about": "plain"}
    assert list(search_path().list_templates()) == ["article", "plain"]


def test_extending_a_name_a_file_and_a_list() -> None:
    write(Path("shared/base.yaml"), "timeline: {fps: 5, frames: 9}\nabout: base\n")
    write(Path("shared/more.yml"), "timeline: {fps: 6}\ntheme: {text: 3}\n")
    write(Path("mine/top.yaml"), "extends: [article, ../shared/base.yaml, ../shared/more.yml]\nabout: top\n")
    assert load("mine/top.yaml") == {
        "about": "top",
        "theme": {"base": "dark", "text": 3},
        "timeline": {"fps": 6, "frames": 9},
    }
    assert load("mine/top.yaml", "theme=light", "about=")["theme"] == {"base": "light", "text": 3}


def test_places_name_the_files(home: Path) -> None:
    write(Path("top.yaml"), "extends: article\nabout: top\n")
    node = load_node("top.yaml", search_path=search_path())
    assert str(find_position(node, ("about",))) == "top.yaml:2:1"
    assert str(find_position(node, ("theme", "base"))) == f"{home / 'builtin' / 'article.yaml'}:2:9"
    assert str(find_position(node, ())) == "top.yaml:1:1"


def test_short_words_of_both_files_are_spelled_out_first() -> None:
    write(Path("base.yaml"), "theme: {text: 3}\ncanvas: 100x200\n")
    write(Path("top.yaml"), "extends: ./base.yaml\ntheme: light\ncanvas: 9:16\n")
    assert load("top.yaml") == {"theme": {"text": 3, "base": "light"}, "canvas": {"aspect": "9:16"}}


def test_adapting_a_template_under_its_own_name(home: Path) -> None:
    write(Path("templates/article.yaml"), "extends: article\nlayer: mine\n")
    user = home / "user" / "article.yaml"
    assert load("article") == {"theme": {"base": "dark"}, "layer": "mine"}
    write(user, "extends: article\nabout: user\n")
    assert load("article") == {"theme": {"base": "dark"}, "layer": "mine"}
    # A file that no lookup finds gets the first one of that name.
    write(Path("elsewhere/article.yaml"), "extends: article\nabout: elsewhere\n")
    assert load("elsewhere/article.yaml")["layer"] == "mine"


def test_the_last_of_its_name_has_nothing_to_extend(home: Path) -> None:
    write(Path("templates/own.yaml"), "extends: own\n")
    # In a checkout the working folder's templates are the built-in ones, by two paths.
    checkout = SearchPath(home / "user", home / "work" / "templates")
    with pytest.raises(TemplateError, match=r"own.yaml:1:10: extends: there is no other"):
        load_node("own", search_path=checkout)


def test_in_a_diamond_what_both_extend_counts_once_and_first() -> None:
    write(Path("a.yaml"), "x: {one: a}\ny: {two: a}\n")
    write(Path("b.yaml"), "extends: ./a.yaml\nx: {one: b}\n")
    write(Path("c.yaml"), "extends: ./a.yaml\ny: {two: c}\n")
    assert load_keys("d.yaml", "extends: [./b.yaml, ./c.yaml]\n") == {"x": {"one": "b"}, "y": {"two": "c"}}


def load_keys(name: str, text: str) -> Any:
    write(Path(name), text)
    return load(name)


def test_many_diamonds_take_no_time() -> None:
    write(Path("f0.yaml"), "layer: deep\n")
    for number in range(1, 19):
        below = ", ".join([f"./f{number - 1}.yaml"] * 20)
        write(Path(f"f{number}.yaml"), f"extends: [{below}]\n")
    assert load("f18.yaml") == {"layer": "deep"}


@pytest.mark.parametrize("extends", ["~", "[]"])
def test_extending_nothing(extends: str) -> None:
    assert load_keys("a.yaml", f"extends: {extends}\nabout: a\n") == {"about": "a"}


def test_circles_are_named() -> None:
    write(Path("b.yaml"), "extends: ./a.yaml\n")
    assert refused("a.yaml", "extends: ./b.yaml\n") == (
        "b.yaml:1:10: extends: templates extend each other: a.yaml → b.yaml → a.yaml"
    )
    assert "c.yaml → c.yaml" in refused("c.yaml", "about: me\nextends: [c.yaml]\n")


def test_chains_that_are_too_long() -> None:
    for number in range(25):
        write(Path(f"f{number}.yaml"), f"extends: ./f{number + 1}.yaml\n")
    write(Path("f25.yaml"), "layer: deep\n")
    assert load("f6.yaml") == {"layer": "deep"}
    with pytest.raises(TemplateError, match=r"^f19.yaml:1:10: extends: more than 20 templates in a chain"):
        load_node("f0.yaml", search_path=search_path())


def test_a_result_that_is_too_large() -> None:
    for name in ("a", "b"):
        write(Path(f"{name}.yaml"), "x:\n" + "".join(f"  {name}{number}: 1\n" for number in range(9_000)))
    assert "with what it extends" in refused("c.yaml", "extends: [./a.yaml, ./b.yaml]\n")


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ("./no.yaml", ":1:10: extends: no.yaml: no such file"),
        ("folder.yaml", ":1:10: extends: folder.yaml: is a folder"),
        ("latin.yaml", ":1:10: extends: latin.yaml:2:4: the byte 0xe9 is not UTF-8"),
        ("large.yaml", ":1:10: extends: large.yaml: has more than 1,000,000 bytes"),
        ("artical", ":1:10: extends: no template 'artical'; did you mean 'article'?"),
        ("[article, zzz]", ":1:20: extends: no template 'zzz'"),
        ("./secret.txt", "does not end in .yaml"),
        ("/etc/passwd", "does not end in .yaml"),
        ("secret", "no template 'secret'"),
        ("3", "needs the name or the path"),
        ("''", "needs the name or the path"),
        ("[[article]]", "needs the name or the path"),
        ("{a: 1}", "needs the name or the path"),
        ("[" + "article, " * 21 + "]", "names 21 templates; the limit is 20"),
    ],
)
def test_what_cannot_be_extended(extends: str, words: str) -> None:
    for name in ("secret", "secret.txt"):
        write(Path(name), "password: 1\n")
    Path("folder.yaml").mkdir()
    Path("latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    write(Path("large.yaml"), "#" * 1_000_001)
    message = refused("a.yaml", f"extends: {extends}\n")
    assert message.startswith("a.yaml:1:")
    assert words in message


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(file: Path, mode: str) -> Any:
        return (
            io.BytesIO(b"extends: closed.yaml") if file.name == "a.yaml" else os.open("/no/such", os.O_RDONLY)
        )

    write(Path("closed.yaml"), "about: closed\n")
    write(Path("a.yaml"), "extends: closed.yaml\n")
    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(
        TemplateError, match=r"^a.yaml:1:10: extends: closed.yaml: cannot be read: No such file"
    ):
        load_node("a.yaml", search_path=search_path())


@pytest.mark.skipif(os.name == "nt", reason="no pipes in folders")
def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("pipe.yaml")
    with pytest.raises(TemplateError, match="not a template"):
        load_node("pipe.yaml", search_path=search_path())


def test_links_in_a_circle() -> None:
    Path("a.yaml").symlink_to("b.yaml")
    Path("b.yaml").symlink_to("a.yaml")
    with pytest.raises(TemplateError, match="no such file"):
        load_node("a.yaml", search_path=search_path())


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "3\n"])
def test_what_is_no_map_is_no_template(text: str) -> None:
    assert (
        refused("a.yaml", text) == "a.yaml:1:1: a template is a map of keys such as panels, layout and theme"
    )


@pytest.mark.parametrize("text", ["", "~\n", "# empty\n"])
def test_an_empty_file_is_an_empty_template(text: str) -> None:
    assert load_keys("a.yaml", text) == {}


def test_not_utf_8() -> None:
    Path("a.yaml").write_bytes("a: 1\n".encode("utf-16"))
    with pytest.raises(TemplateError, match=r"^a.yaml:1:1: the byte 0xff is not UTF-8"):
        read_template_file(Path("a.yaml"))


def test_a_setting_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="has no '='"):
        load_node("article", parse_options(["theme"]), search_path=search_path())


def test_built_in_templates_are_found_and_read() -> None:
    files = sorted(find_builtin_folder().glob("*.yaml"))
    assert files
    assert all(isinstance(load_node(file), Node) for file in files)
