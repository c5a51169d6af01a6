-- For every service of a release: the places that pay most and least, and the spread between them.
-- :release text = RVU26A -- release
-- :setting text = nonfacility -- nonfacility or facility
-- :track text = non_qp -- non_qp, or qp for qualifying APM participants
-- Of places that pay the same, the one with the lower contractor and locality number is named.
WITH ranked AS (
    SELECT code, modifier, mac, locality, payment,
        ROW_NUMBER() OVER (PARTITION BY code, modifier ORDER BY payment DESC, mac, locality) AS from_top,
        ROW_NUMBER() OVER (PARTITION BY code, modifier ORDER BY payment, mac, locality) AS from_bottom
    FROM payments
    WHERE release = :release AND setting = :setting AND track = :track AND payment IS NOT NULL
)
SELECT high.code, high.modifier, high.mac AS highest_mac, high.locality AS highest_locality, high.payment AS highest,
    low.mac AS lowest_mac, low.locality AS lowest_locality, low.payment AS lowest,
    CAST(high.payment - low.payment AS DECIMAL(12,2)) AS spread
FROM ranked high
JOIN ranked low ON low.code = high.code AND low.modifier = high.modifier AND low.from_bottom = 1
WHERE high.from_top = 1
ORDER BY spread DESC, high.code, high.modifier
