"""A general store that does not exist, written as a real loose-JSON file, with related products planted in it.

What is planted, so that the right answer is known:

- Every product is of one *kind* (pour-over kettles), and every kind belongs to a *project*, an occasion people shop
  for (pour-over coffee); some kinds serve a second or third project too. ``ExampleShop.project_of`` and ``.kind_of``
  tell them.
- *Complements*: also-bought lists hold products of other kinds of the same projects. Within a project, people buy
  what is popular, hubs before accessories, dear with dear and cheap with cheap, one maker's and one series' things
  together, and to one taste, which is hidden; sizes and colours of one product share it.
- *Substitutes*: also-viewed lists hold products of the same kind, other sizes and colours first, and some strays.
- *Bought together*: up to three of the first also-bought products, of different kinds.
- About 6 % of also-bought entries are *noise*, popular products from anywhere. About an eighth of all entries name
  products *outside* the file.
- Popularity is heavy-tailed, and so are the lists' lengths (also-bought: median about 8, at most 60). Lists are
  directed: what many name does not name them all back.
- About 1 % of the products are *quiet*: no list names them and they have none.
- Real files lack fields, and so does this one: about 40 % have no description, 10 % no price, 8 % no brand, 7 % no
  rank, a few no title. File order and ids say nothing.

Makers, titles and ids are invented; ids start with ``EX``, which no real one does.
"""

from __future__ import annotations

from ingest.example_shop.shop import ExampleShop, make_example_shop, write_example_shop

__all__ = ["ExampleShop", "make_example_shop", "write_example_shop"]
