-- A table, an index, joins and groups; AMOUNT is replaced by a number.
CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER, name TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < AMOUNT)
INSERT INTO item SELECT i, i * 7919 % 101, 'item ' || (i * 104729 % 9973), i % 997 / 7.0 FROM n;
CREATE INDEX by_name ON item (name);
SELECT kind, count(*), sum(price), min(name) FROM item GROUP BY kind ORDER BY sum(price) DESC LIMIT 3;
SELECT count(*) FROM item a JOIN item b ON b.id = a.id * 3 WHERE a.price > b.price;
SELECT count(DISTINCT name), max(length(name)) FROM item WHERE name LIKE '%7%';
UPDATE item SET price = price * 1.1 WHERE kind % 2 = 0;
SELECT round(sum(price), 2), group_concat(name) FROM (SELECT * FROM item ORDER BY name, id LIMIT 5);
