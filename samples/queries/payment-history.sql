-- What Medicare pays for a service, quarter by quarter and place by place, and how it changed since the quarter before.
-- :code text = 99213 -- HCPCS code
-- :modifier text =  -- modifier, such as 26; blank for the whole service
-- :setting text = nonfacility -- nonfacility or facility
-- :track text = non_qp -- non_qp, or qp for qualifying APM participants
-- A place that has no payment in a quarter (the setting is NA) has none here.
SELECT p.mac, p.locality, l.state, l.name, p.release, r.effective_from, p.fee, p.cap, p.payment,
    CAST(p.payment - LAG(p.payment) OVER (PARTITION BY p.mac, p.locality ORDER BY r.effective_from, p.release)
        AS DECIMAL(12,2)) AS change
FROM payments p
JOIN releases r ON r.release = p.release
JOIN localities l ON l.release = p.release AND l.mac = p.mac AND l.locality = p.locality
WHERE p.code = :code AND p.modifier = :modifier AND p.setting = :setting AND p.track = :track
    AND p.payment IS NOT NULL
ORDER BY p.mac, p.locality, r.effective_from, p.release
