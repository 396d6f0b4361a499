"""Input to begin from: a small good file of each kind, and files that were made to hurt."""

from __future__ import annotations

import gzip
import io
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

_LOOSE = (
    b"{'asin': 'P1', 'title': \"It's\", 'price': 9.5, 'related': {'also_bought': ['P2', 'P3']}, "
    b"'categories': [['A', 'B']]}\n{'asin': 'P2', 'brand': 'x', 'salesRank': {'A': 3}}\n"
)
_JSON_2018 = (
    b'{"asin": "P1", "title": "a &amp; b", "also_buy": ["P2"], "also_view": [], "category": ["A"], "main_cat": "A", '
    b'"price": "$1.50"}\n'
)
_JSON_2023 = b'{"parent_asin": "P1", "title": "a", "store": "b", "main_category": "A", "categories": ["A", "B"]}\n'
_REVIEWS = b'{"user_id": "U", "parent_asin": "P1", "timestamp": 1588687728923}\n' * 2
_SNAP = (
    b"Id:   0\nASIN: 0771044445\n  discontinued product\n\nId:   1\nASIN: 0827229534\n  title: A\n  group: Book\n"
    b"  salesrank: 396585\n  similar: 2  0804215715  156101074X\n  categories: 1\n   |Books[283155]|A[1]\n"
)
_PAIRS = b"product_a,product_b,weight\nP1,P2,1.5\nP2,P3,2\n"
_ORDERS = b'InvoiceNo;StockCode;Quantity;InvoiceDate;CustomerID\n1;"A";1;12/1/2010 8:26;7\n1;B;-1;12/1/2010 8:26;7\n'
_PRODUCTS = b"sku,title,price,category\nA,Tea,1.50,Food > Tea\nB,Cup,,\n"
_BASKETS = b"A1 B2 C3\nB2 C3\nA1 C3 D4\n"


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": ["P1", "P2"], "b": ["P2", "P3"], "n": [1.0, 2.0]}), sink)
    return sink.getvalue()


def _arrow() -> bytes:
    table = pa.table({"order_id": [1, 1], "product_id": ["A", "B"]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


GOOD: dict[str, bytes] = {
    "amazon2014": _LOOSE,
    "amazon2018": _JSON_2018,
    "amazon2023": _JSON_2023,
    "reviews": _REVIEWS,
    "snap": _SNAP,
    "pairs": _PAIRS,
    "orders": _ORDERS,
    "products": _PRODUCTS,
    "baskets": _BASKETS,
    "parquet": _parquet(),
    "arrow": _arrow(),
}

_GZIP = gzip.compress(_LOOSE * 20, mtime=0)
_DEEP = 100_000

HOSTILE: dict[str, bytes] = {
    "cut off gzip": _GZIP[: len(_GZIP) // 2],
    "concatenated gzip": _GZIP + gzip.compress(_LOOSE.replace(b"P1", b"P9"), mtime=0),
    "gzip with a wrong checksum": _GZIP[:-8] + b"\x00" * 8,
    "something behind gzip": _GZIP + b"and more",
    "a bomb": gzip.compress(bytes(80_000_000), mtime=0),
    "a bomb in a bomb": gzip.compress(gzip.compress(bytes(80_000_000), mtime=0), mtime=0),
    "zlib without gzip's header": zlib.compress(_LOOSE),
    "deep lists": b"{'asin': 'P1', 'x': " + b"[" * _DEEP + b"]" * _DEEP + b"}\n",
    "deep tables": b'{"asin": "P1", "also_buy": ' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}\n",
    "an expression": b"{'asin': __import__('os').system('true')}\n" * 3,
    "a very large power": b"{'asin': 'P1', 'price': 9**9**9}\n",
    "a number of ten thousand digits": b"{'asin': 'P1', 'price': " + b"9" * 10_000 + b"}\n",
    "latin 1": "{'asin': 'P1', 'title': 'Müll für Ölöfen'}\n".encode("latin-1"),
    "utf 16": "product_a,product_b\nP1,P2\n".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + _PAIRS,
    "byte order marks": b"\xef\xbb\xbf" * 3 + _PAIRS,
    "crlf": _PAIRS.replace(b"\n", b"\r\n"),
    "cr alone": _PAIRS.replace(b"\n", b"\r"),
    "nothing but line ends": b"\n\r\n" * 100,
    "zero bytes": b"\x00" * 1000,
    "mixed id types": b"{'asin': 7}\n{'asin': 'P2'}\n{'asin': None}\n{'asin': ['P3']}\n{'asin': 1.5}\n{'asin': True}\n",
    "ids that are not": b"product_a,product_b\nnan,P1\nP1,NaN\n,P2\nNone,P1\n P1 ,P2\nP\xc2\xa0,P2\n",
    "weights that cannot be": b"product_a,product_b,weight\nP1,P2,-1\nP1,P3,nan\nP1,P4,inf\nP1,P5,0\nP1,P6,1e400\n",
    "the same header twice": b"product_a,product_a,weight\nP1,P2,1\n",
    "the same order column twice": b"order_id,order_id,product_id\n1,1,A\n",
    "a line of ten megabytes": b"P1,P2\nP2," + b"x" * 10_000_000 + b"\nP3,P4\n",
    "ten megabytes without a line end": b"x" * 10_000_000,
    "a quotation mark that stays open": b'order_id,product_id\n1,"A\n' + b"2,B\n" * 200,
    "rows of many lengths": b"product_a,product_b\n" + b"".join(b"P1" + b",P" * i + b"\n" for i in range(60)),
    "a header alone": b"product_a,product_b,weight\n",
    "parquet cut off": _parquet()[:-30],
    "only parquet's name": b"PAR1",
    "only arrow's name": b"ARROW1\x00\x00",
    "an arrow stream that says it is huge": b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\x00" * 40,
    "html": b"<!doctype html><html><body>404</body></html>\n" * 5,
    "xml bomb": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "&b;&b;"><!ENTITY b "&a;">]><a>&a;</a>\n',
    "lone surrogates": b"{'asin': 'P1', 'title': '\\ud800 \\udfff'}\n",
    "directions of writing": "{'asin': 'P1', 'title': 'a\u202egnp.exe\u2066'}\n".encode(),
    "a lie about snap's lists": b"Id: 1\nASIN: 1\n similar: 99999999999 a b\n categories: 999999999\n",
}
