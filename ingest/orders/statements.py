"""Order lines to baskets as SQL that DuckDB and Spark both speak, a statement a step; each reads the tables before it.

``lines`` comes in (:func:`ingest.orders.lines.schema`), and so do small tables that Python makes: ``rules`` (one row of
settings), ``dates`` (what ambiguous times mean), ``non_products``, ``bought`` (product, its id, its row), ``worths``
(what a basket of a time counts, in units of 1 / FULL). Whole numbers only are summed, so that no order of rows shows.
"""

from __future__ import annotations

from typing import Final

FACTS: Final = """
SELECT count(*) AS n, count(DISTINCT customer) AS customers,
  sum(CASE WHEN marked THEN 1 ELSE 0 END) AS marked, count(CASE WHEN marked AND quantity < 0 THEN 1 END) AS negative
FROM lines
"""
ORDER_FACTS: Final = """
SELECT count(*) AS n, count(CASE WHEN marked THEN 1 END) AS marked
FROM (SELECT ord, bool_or(marked) AS marked FROM lines GROUP BY ord)
"""
PRODUCT_LINES: Final = "SELECT product, count(*) AS n FROM lines GROUP BY product"
#: What is sold under several titles bears the most frequent one; titles of corrections count where there are no others.
TITLES: Final = """
SELECT product, title FROM (
  SELECT product, title, row_number() OVER (
    PARTITION BY product
    ORDER BY CASE WHEN sold > 0 THEN 0 ELSE 1 END, CASE WHEN sold > 0 THEN sold ELSE n END DESC, title) AS place
  FROM (
    SELECT product, title, count(*) AS n, sum(CASE WHEN quantity <= 0 OR price <= 0 THEN 0 ELSE 1 END) AS sold
    FROM lines WHERE title IS NOT NULL GROUP BY product, title)
) WHERE place = 1
"""
AMBIGUOUS_TIMES: Final = "SELECT time, count(*) AS n FROM lines WHERE time < 0 GROUP BY time"

#: Each line with the first reason to leave it out, or none.
PURCHASES: Final = """
SELECT l.product, l.ord, l.customer, CASE WHEN l.time < 0 THEN d.seconds ELSE l.time END AS time, l.quantity, l.price,
  CASE
    WHEN n.product IS NOT NULL THEN 'non_product'
    WHEN l.quantity < 0 OR (r.marks_are_returns AND l.marked) THEN 'return'
    WHEN l.quantity = 0 THEN 'zero'
    WHEN l.price <= 0 AND NOT r.keep_free THEN 'free'
    ELSE 'sale'
  END AS status
FROM lines l CROSS JOIN rules r
LEFT JOIN non_products n ON l.product = n.product
LEFT JOIN dates d ON l.time = d.time
"""
STATUSES: Final = "SELECT status, count(*) AS n FROM purchases GROUP BY status"
#: A customer and a product of which something came back; an order where the customer is unknown.
RETURNED: Final = """
SELECT DISTINCT product, coalesce(customer, ord) AS who, customer IS NULL AS nobody FROM purchases
WHERE status = 'return'
"""
#: Purchases and returns that belong together, for ``undo_returns``; ``part`` keeps those of one key in one place.
INVOLVED: Final = """
SELECT p.product, p.ord, p.customer, p.time, p.quantity, p.price, p.status, concat(k.who, ' ', k.product) AS part
FROM purchases p JOIN returned k
  ON p.product = k.product AND coalesce(p.customer, p.ord) = k.who AND (p.customer IS NULL) = k.nobody
WHERE p.status IN ('sale', 'return')
"""
JUDGED: Final = "SELECT verdict, count(*) AS n FROM judged GROUP BY verdict"
SALES: Final = """
SELECT p.product, p.ord, p.customer, p.time, p.price FROM purchases p LEFT JOIN returned k
  ON p.product = k.product AND coalesce(p.customer, p.ord) = k.who AND (p.customer IS NULL) = k.nobody
WHERE p.status = 'sale' AND k.product IS NULL
UNION ALL
SELECT product, ord, customer, time, price FROM judged WHERE verdict = 'sale'
"""
ALL_SALES: Final = "SELECT product, ord, customer, time, price FROM purchases WHERE status = 'sale'"

#: Each product that was sold, with the median of its prices above zero.
PRODUCTS: Final = """
SELECT s.product, s.n, m.price FROM (SELECT product, count(*) AS n FROM sales GROUP BY product) s
LEFT JOIN (
  SELECT product, (min(CASE WHEN upto > floor((n - 1) / 2) THEN price END)
                 + min(CASE WHEN upto > floor(n / 2) THEN price END)) / 2 AS price
  FROM (
    SELECT product, price, sum(c) OVER (PARTITION BY product ORDER BY price) AS upto,
      sum(c) OVER (PARTITION BY product) AS n
    FROM (SELECT product, price, count(*) AS c FROM sales WHERE price > 0 GROUP BY product, price))
  GROUP BY product
) m ON s.product = m.product
"""
#: Orders that are left, at their earliest known time, of the customer with the smallest id.
PLACED: Final = "SELECT ord, min(time) AS time, min(customer) AS customer FROM sales GROUP BY ord"
SPAN: Final = "SELECT min(time) AS first_time, max(time) AS last_time, count(*) AS n FROM placed"
#: A basket is called by the smallest id of its orders.
BASKET_IS_ORDER: Final = "SELECT ord, ord AS label, time FROM placed"
SESSIONS: Final = """
SELECT ord, min(ord) OVER (PARTITION BY customer, session) AS label, time FROM (
  SELECT ord, customer, time, sum(starts) OVER (
    PARTITION BY customer ORDER BY time NULLS FIRST, ord ROWS UNBOUNDED PRECEDING) AS session
  FROM (
    SELECT p.ord, p.customer, p.time,
      CASE WHEN p.time - lag(p.time) OVER (PARTITION BY p.customer ORDER BY p.time NULLS FIRST, p.ord)
        <= r.session_seconds THEN 0 ELSE 1 END AS starts
    FROM placed p CROSS JOIN rules r WHERE p.customer IS NOT NULL))
UNION ALL
SELECT ord, ord AS label, time FROM placed WHERE customer IS NULL
"""
BASKET_TIMES: Final = "SELECT label, max(time) AS time FROM member GROUP BY label"
DISTINCT_TIMES: Final = "SELECT DISTINCT time FROM basket_times"
#: Distinct products of each basket.
COUPLES: Final = """
SELECT DISTINCT m.basket, b.item FROM sales s JOIN placed_in m ON s.ord = m.ord JOIN bought b ON s.product = b.product
"""
SIZES: Final = "SELECT basket, count(*) AS n FROM couples GROUP BY basket"
SIZE_FACTS: Final = """
SELECT coalesce(sum(s.n), 0) AS lines, max(s.n) AS longest, count(CASE WHEN s.n > r.max_items THEN 1 END) AS too_long
FROM sizes s CROSS JOIN rules r
"""
LONG: Final = """
SELECT c.basket, b.label, c.item, p.id, b.label AS part
FROM couples c JOIN sizes s ON c.basket = s.basket CROSS JOIN rules r JOIN baskets b ON c.basket = b.basket
JOIN bought p ON c.item = p.item WHERE s.n > r.max_items
"""
ITEMS: Final = """
SELECT k.basket, k.item, b.worth FROM (
  SELECT c.basket, c.item FROM couples c JOIN sizes s ON c.basket = s.basket CROSS JOIN rules r
  WHERE s.n <= r.max_items
  UNION ALL SELECT basket, item FROM drawn
) k JOIN baskets b ON k.basket = b.basket
"""
ITEM_FACTS: Final = """
SELECT count(*) AS n, count(CASE WHEN n = 1 THEN 1 END) AS single, sum(n) AS lines
FROM (SELECT basket, count(*) AS n FROM items GROUP BY basket)
"""
ALONE: Final = "SELECT item, CAST(sum(worth) AS BIGINT) AS alone FROM items GROUP BY item"
TOTAL: Final = "SELECT CAST(sum(worth) AS BIGINT) AS worth FROM baskets"
