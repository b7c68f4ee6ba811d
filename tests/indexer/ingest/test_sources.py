"""What must stand nowhere in the sources: pickles, code out of data, HTML out of documents."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STAGES = ("embedder", "indexer", "rag", "training", "footnote")
SOURCES = [
    ROOT / "app.py",
    *(path for one in STAGES for path in sorted((ROOT / one).rglob("*.py"))),
]

# Modules that make objects, and so run code, out of bytes.
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
# Calls that do, or that can be told to, by the name that stands before the bracket.
CALLS = {"eval", "exec", "compile", "__import__", "torch.load", "yaml.load", "yaml.unsafe_load",
         "pandas.read_pickle", "numpy.load", "np.load", "os.system", "os.popen"}  # fmt: skip
OPTIONS = {"allow_pickle", "allow_dangerous_deserialization", "unsafe_allow_html", "shell"}


def faults(source: str) -> list[str]:
    """What stands in a Python file that must not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found += [name] if name in CALLS else []
            for option in node.keywords:
                off = isinstance(option.value, ast.Constant) and not option.value.value
                if option.arg in OPTIONS and not off:
                    found.append(f"{name}({option.arg})")
                if option.arg == "trust_remote_code" and not off:
                    found.append(f"{name}({option.arg})")
            if name in ("st.html", "components.html", "st.components.v1.html"):
                found += [name] if ast.unparse(node.args[0]) != "HERE / 'style.css'" else []
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled_evaluated_or_put_into_html(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "eval(text)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(base, trust_remote_code=True)",
        "st.markdown(text, unsafe_allow_html=True)",
        "st.html(document)",
        "subprocess.run(name, shell=True)",
    ],
)
def test_the_faults_are_seen(source):
    assert faults(source)


def test_the_pages_scripts_make_no_html_of_text():
    scripts = sorted((ROOT / "footnote" / "web").rglob("*.js"))
    assert scripts
    made = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|srcdoc")
    for path in scripts:
        assert not made.search(path.read_text(encoding="utf-8")), path.name


def test_versions_with_known_holes_are_refused():
    """CVE-2026-33682 is mended in Streamlit 1.54; pip must not settle for less."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "streamlit>=1.67" in project["dependencies"]
    installed = importlib.metadata.version("streamlit").split(".")
    assert (int(installed[0]), int(installed[1])) >= (1, 54)


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=!~ ]", one)[0].lower() for one in needed}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().splitlines()
    pinned = {line.split("==")[0] for line in lines if re.fullmatch(r"[a-z0-9._-]+==\S+.*", line)}
    assert names <= pinned
