"""Public data sets and where their owners keep them: one table, and what they ask of those who use them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from graph.errors import UsageError

_SNAP: Final = "https://snap.stanford.edu/data"
_AMAZON_2014: Final = f"{_SNAP}/amazon/productGraph/categoryFiles"
_AMAZON_2018: Final = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2"
_AMAZON_2023: Final = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw"
_UCI_RETAIL: Final = "https://archive.ics.uci.edu/static/public/352"

_NO_LICENCE: Final = "none is stated; the owners publish it for research: ask them before any other use"


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Attributes:
        url: Its address; ``{category}`` stands for the chosen category.
        sha256: Checksum that its owner publishes, or None.
        optional: Only fetched on request: reviews, which ingestion reads as orders by customer and time.
        name: What it is called here, where its address does not say.
    """

    url: str
    sha256: str | None = None
    optional: bool = False
    name: str | None = None

    @property
    def file_name(self) -> str:
        """Name of the file on this machine."""
        return self.name or self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Source:
    """A data set, or a family of them with one for each category.

    Attributes:
        name: What people ask for.
        what: What it holds.
        page: The owners' page, for people.
        licence: What may be done with it.
        citation: What to cite.
        files: What it consists of.
        categories: Names to choose one from; empty where the set is whole.
    """

    name: str
    what: str
    page: str
    licence: str
    citation: str
    files: tuple[RemoteFile, ...]
    categories: tuple[str, ...] = ()


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CITE_2014: Final = (
    "R. He, J. McAuley: Ups and downs: modeling the visual evolution of fashion trends with one-class collaborative "
    "filtering. WWW 2016. J. McAuley, C. Targett, J. Shi, A. van den Hengel: Image-based recommendations on styles and "
    "substitutes. SIGIR 2015."
)
_CITE_2018: Final = (
    "J. Ni, J. Li, J. McAuley: Justifying recommendations using distantly-labeled reviews and fine-grained aspects. "
    "EMNLP 2019."
)
_CITE_2023: Final = (
    "Y. Hou, J. Li, Z. He, A. Yan, X. Chen, J. McAuley: Bridging language and items for retrieval and recommendation. "
    "arXiv 2403.03952, 2024."
)
_CITE_SNAP: Final = (
    "J. Leskovec, L. Adamic, B. Adamic: The dynamics of viral marketing. ACM Transactions on the Web 1(1), 2007."
)

#: Every data set that can be asked for.
SOURCES: Final = (
    Source(
        "amazon-2014",
        "Amazon's products from May 1996 to July 2014 with their related lists",
        "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html",
        _NO_LICENCE,
        _CITE_2014,
        (
            RemoteFile(f"{_AMAZON_2014}/meta_{{category}}.json.gz"),
            RemoteFile(f"{_AMAZON_2014}/reviews_{{category}}.json.gz", optional=True),
        ),
        _names(
            """
            Amazon_Instant_Video Apps_for_Android Automotive Baby Beauty Books CDs_and_Vinyl Cell_Phones_and_Accessories
            Clothing_Shoes_and_Jewelry Digital_Music Electronics Grocery_and_Gourmet_Food Health_and_Personal_Care
            Home_and_Kitchen Kindle_Store Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden
            Pet_Supplies Sports_and_Outdoors Tools_and_Home_Improvement Toys_and_Games Video_Games
            """
        ),
    ),
    Source(
        "amazon-2018",
        "Amazon's products from May 1996 to October 2018 with their related lists",
        "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/",
        _NO_LICENCE,
        _CITE_2018,
        (
            RemoteFile(f"{_AMAZON_2018}/metaFiles2/meta_{{category}}.json.gz"),
            RemoteFile(f"{_AMAZON_2018}/categoryFiles/{{category}}.json.gz", optional=True),
        ),
        _names(
            """
            AMAZON_FASHION All_Beauty Appliances Arts_Crafts_and_Sewing Automotive Books CDs_and_Vinyl
            Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry Digital_Music Electronics Gift_Cards
            Grocery_and_Gourmet_Food Home_and_Kitchen Industrial_and_Scientific Kindle_Store Luxury_Beauty
            Magazine_Subscriptions Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden Pet_Supplies
            Prime_Pantry Software Sports_and_Outdoors Tools_and_Home_Improvement Toys_and_Games Video_Games
            """
        ),
    ),
    Source(
        "amazon-2023",
        "Amazon's products from May 1996 to September 2023, and the reviews that its pairs come from",
        "https://amazon-reviews-2023.github.io/",
        _NO_LICENCE,
        _CITE_2023,
        (
            RemoteFile(f"{_AMAZON_2023}/meta_categories/meta_{{category}}.jsonl.gz"),
            RemoteFile(f"{_AMAZON_2023}/review_categories/{{category}}.jsonl.gz"),
        ),
        _names(
            """
            All_Beauty Amazon_Fashion Appliances Arts_Crafts_and_Sewing Automotive Baby_Products
            Beauty_and_Personal_Care Books CDs_and_Vinyl Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry
            Digital_Music Electronics Gift_Cards Grocery_and_Gourmet_Food Handmade_Products Health_and_Household
            Health_and_Personal_Care Home_and_Kitchen Industrial_and_Scientific Kindle_Store Magazine_Subscriptions
            Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden Pet_Supplies Software
            Sports_and_Outdoors Subscription_Boxes Tools_and_Home_Improvement Toys_and_Games Unknown Video_Games
            """
        ),
    ),
    Source(
        "online-retail",
        "a British gift shop's invoices, December 2010 to December 2011",
        "https://archive.ics.uci.edu/dataset/352/online+retail",
        "Creative Commons Attribution 4.0 (CC BY 4.0)",
        "D. Chen: Online Retail. UCI Machine Learning Repository, 2015. https://doi.org/10.24432/C5BW33",
        (RemoteFile(f"{_UCI_RETAIL}/data.csv", name="online_retail.csv"),),
    ),
    Source(
        "snap-amazon-meta",
        "548,552 products of Amazon's in summer 2006 with what was bought with them",
        f"{_SNAP}/amazon-meta.html",
        _NO_LICENCE,
        _CITE_SNAP,
        (RemoteFile(f"{_SNAP}/bigdata/amazon/amazon-meta.txt.gz"),),
    ),
    *(
        Source(
            f"snap-amazon{day}",
            f"Amazon's co-purchases of {when} as bare edges",
            f"{_SNAP}/amazon{day}.html",
            _NO_LICENCE,
            _CITE_SNAP,
            (RemoteFile(f"{_SNAP}/amazon{day}.txt.gz"),),
        )
        for day, when in (
            ("0302", "2 March 2003"),
            ("0312", "12 March 2003"),
            ("0505", "5 May 2003"),
            ("0601", "1 June 2003"),
        )
    ),
)


@dataclass(frozen=True)
class Wanted:
    """A data set that somebody chose: its source, the category (empty where there is none), and the files to get."""

    source: Source
    category: str
    files: tuple[RemoteFile, ...]

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"{self.source.name}-{self.category}" if self.category else self.source.name


def wanted(name: str, *, reviews: bool = False, sources: tuple[Source, ...] = SOURCES) -> Wanted:
    """The data set ``NAME`` or ``NAME/CATEGORY``; case and the kind of line between words do not matter.

    Args:
        name: What was asked for.
        reviews: Get the optional files too.
        sources: What there is.

    Raises:
        UsageError: there is no such set or category; the message names those that come close.
    """
    asked, _, category = name.partition("/")
    known = {_plain(source.name): source for source in sources}
    source = known.get(_plain(asked))
    if source is None:
        near = get_close_matches(_plain(asked), known, n=3, cutoff=0.4)
        hint = "did you mean " + " or ".join(known[each].name for each in near) + "? " if near else ""
        raise UsageError(f"there is no data set {asked!r}", f"{hint}`alsobought download --list` shows them all")
    names = {_plain(each): each for each in source.categories}
    if bool(category) != bool(names):
        if category:
            raise UsageError(
                f"{source.name} is one whole and has no {category!r}", f"alsobought download {source.name}"
            )
        raise UsageError(
            f"{source.name} comes in categories: name one",
            f"for example alsobought download {source.name}/{source.categories[0]}; "
            f"there are: {', '.join(source.categories)}",
        )
    if category and _plain(category) not in names:
        near = get_close_matches(_plain(category), names, n=3, cutoff=0.4) or list(names)
        raise UsageError(
            f"{source.name} has no category {category!r}", "there are: " + ", ".join(names[each] for each in near)
        )
    chosen = names.get(_plain(category), "")
    files = tuple(
        RemoteFile(file.url.replace("{category}", chosen), file.sha256, file.optional, file.name)
        for file in source.files
        if reviews or not file.optional
    )
    return Wanted(source, chosen, files)


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
