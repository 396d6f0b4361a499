// Products whose title or id holds the words. Parameters: $words (Lucene syntax), $k.
CALL db.index.fulltext.queryNodes('alsobought_title', $words, {limit: $k}) YIELD node AS p, score
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.listed AS listed, score
ORDER BY score DESC, product_id;
