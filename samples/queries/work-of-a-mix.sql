-- The work RVUs of a mix of services under each release: what a revaluation does to a practice's productivity.
-- :mix table (code text, modifier text, setting text, units integer) = mix.csv -- services, and how often they are given
-- The setting plays no part: work is the same in both. Services that a release does not list are counted as missing.
WITH each_release AS (
    SELECT r.release, r.effective_from, SUM(CASE WHEN v.code IS NULL THEN 1 ELSE 0 END) AS missing,
        SUM(m.units) AS units, SUM(v.work * m.units) AS work
    FROM releases r
    CROSS JOIN :mix m
    LEFT JOIN relative_values v ON v.release = r.release AND v.code = m.code AND v.modifier = m.modifier
    GROUP BY r.release, r.effective_from
)
SELECT release, effective_from, CAST(units AS BIGINT) AS units, CAST(missing AS BIGINT) AS missing,
    CAST(work AS DECIMAL(18,2)) AS work,
    CAST(work - LAG(work) OVER (ORDER BY effective_from, release) AS DECIMAL(18,2)) AS change
FROM each_release
ORDER BY effective_from, release
