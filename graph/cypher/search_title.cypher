// Products whose title or id holds the words, best first.
// Parameters: $words (Lucene's syntax: words, 'kettle~' for one letter wrong, 'kett*' for what begins so), $k.
// :params {words: 'kettle', k: 10}
CALL db.index.fulltext.queryNodes('alsobought_title', $words, {limit: $k}) YIELD node AS p, score
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.price AS price, p.categories AS categories,
       coalesce(p.listed, true) AS listed, score
ORDER BY score DESC, product_id;
