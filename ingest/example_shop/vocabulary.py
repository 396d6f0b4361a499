"""The words of the example shop: departments, makers and kinds of product, read from ``departments/*.txt``.

A file is one department, a line one fact; ``#`` starts a comment. Lists are split at ``;``, fields at ``|``::

    department: Kitchen & Coffee
    palette metal: Matte Black; Brushed Steel       finishes that several kinds share, used as @metal
    makers gear: Alderbrook; Copperwren             brands that make one sort of thing, the dearest first
    series gear: Harbour; Tern                      product lines, dealt out among these makers: nobody shares one
    series* roaster: House Blend; Kenya Nyeri       the same, but every maker has all of them (origins, scents)
    project Pour-over coffee: what it is for        an occasion: its kinds are bought together
    * Kettle | Coffee > Kettles | gear | 39-149 | Gooseneck; _ | 0.6 L; 0.8 L | @metal | Tea and matcha

A kind's fields: role and name, aisle and leaf of the category path, makers, price from-to, features (``_`` is none),
sizes from small to large, finishes, and the other projects that use it too; trailing ones may be left out. Roles:
``*`` hub, what the project is about; ``-`` tool; ``~`` accessory; ``+`` consumable, bought again and again. The first
kinds of a project are the most popular. A title is "maker series feature name, size, finish" unless the name says
otherwise with {maker}, {series} and {feature}.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

ROLES: Final = {"*": "hub", "-": "tool", "~": "accessory", "+": "consumable"}


@dataclass(frozen=True)
class Maker:
    """A brand, what it charges (0 cheap to 1 dear) and its product lines."""

    name: str
    tier: float
    series: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of product, such as pour-over kettles: everything of one kind can stand in for another of it."""

    department: str
    project: str
    also: tuple[str, ...]
    position: int
    role: str
    name: str
    category: tuple[str, ...]
    makers: tuple[Maker, ...]
    price: tuple[float, float]
    features: tuple[str, ...]
    variants: tuple[tuple[int, str], ...]
    sizes: int

    @property
    def label(self) -> str:
        """The kind in a word or two, for people."""
        return self.category[-1] if "{" in self.name else self.name


@dataclass(frozen=True)
class Project:
    """An occasion people shop for, and the kinds of product it takes, in the order of their importance."""

    name: str
    department: str
    blurb: str
    kinds: tuple[Kind, ...]


@cache
def all_projects() -> tuple[Project, ...]:
    """Every project of every department, in a fixed order.

    Raises:
        ValueError: a table cannot be read; the message names file and line.
    """
    found: list[Project] = []
    for source in sorted(files(__package__).joinpath("departments").iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".txt"):
            found.extend(_Table(source.name).read(source.read_text(encoding="utf-8")))
    names = {project.name for project in found}
    for project in found:
        for kind in project.kinds:
            unknown = [name for name in kind.also if name not in names]
            if unknown:
                raise ValueError(f"{kind.label} of {project.name} names the unknown project {unknown[0]!r}")
    return tuple(found)


class _Table:
    """Reads one department's file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._department = ""
        self._palettes: dict[str, tuple[str, ...]] = {}
        self._maker_names: dict[str, tuple[str, ...]] = {}
        self._makers: dict[str, tuple[Maker, ...]] = {}
        self._projects: list[tuple[str, str, list[Kind]]] = []

    def read(self, text: str) -> list[Project]:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                try:
                    self._line(line)
                except (KeyError, ValueError, IndexError) as error:
                    raise ValueError(f"{self._file}, line {number}: {error!r} in {line!r}") from error
        return [Project(name, self._department, blurb, tuple(kinds)) for name, blurb, kinds in self._projects]

    def _line(self, line: str) -> None:
        if line[0] in ROLES:
            name, _, kinds = self._projects[-1]
            kinds.append(self._kind(ROLES[line[0]], line[2:], name, len(kinds)))
            return
        head, _, body = line.partition(":")
        what, _, name = head.partition(" ")
        if what == "department":
            self._department = body.strip()
        elif what == "palette":
            self._palettes[name] = _items(body)
        elif what == "makers":
            self._maker_names[name] = _items(body)
        elif what in ("series", "series*"):
            self._makers[name] = _deal(self._maker_names[name], _items(body), shared=what == "series*")
        elif what == "project":
            self._projects.append((name, body.strip(), []))
        else:
            raise ValueError(f"unknown keyword {what!r}")

    def _kind(self, role: str, text: str, project: str, position: int) -> Kind:
        fields = [field.strip() for field in text.split("|")]
        name, path, group, price, features, sizes, finishes, also = fields + [""] * (8 - len(fields))
        low, high = (float(bound) for bound in price.split("-"))
        aisle, leaf = path.split(" > ")
        size_names = _items(sizes) or ("",)
        finish_names = tuple(
            finish for item in _items(finishes) for finish in (self._palettes[item[1:]] if item[0] == "@" else (item,))
        ) or ("",)
        variants = tuple(
            (step, ", ".join(part for part in (size, finish) if part))
            for step, size in enumerate(size_names)
            for finish in finish_names
        )
        return Kind(
            department=self._department,
            project=project,
            also=_items(also),
            position=position,
            role=role,
            name=name,
            category=(self._department, aisle, leaf),
            makers=self._makers[group],
            price=(low, high),
            features=tuple("" if feature == "_" else feature for feature in _items(features)) or ("",),
            variants=variants,
            sizes=len(size_names),
        )


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(";") if item.strip())


def _deal(names: tuple[str, ...], series: tuple[str, ...], *, shared: bool) -> tuple[Maker, ...]:
    """Makers with their series: all of them each, or dealt like cards so that a series means one maker."""
    steps = max(1, len(names) - 1)
    return tuple(
        Maker(name, 1.0 - i / steps, series if shared else series[i :: len(names)]) for i, name in enumerate(names)
    )
