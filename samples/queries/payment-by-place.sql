-- The whole fee schedule, place by place and release by release: how many amounts, their sum, and how many caps bind.
-- :track text = non_qp -- non_qp, or qp for qualifying APM participants
-- One of each service, whatever its use: good for comparing places, not for what Medicare spends. Reads every payment.
SELECT p.release, p.mac, p.locality, p.setting, COUNT(p.payment) AS paid,
    COUNT(*) - COUNT(p.payment) AS not_applicable, SUM(CASE WHEN p.payment < p.fee THEN 1 ELSE 0 END) AS capped,
    CAST(SUM(p.payment) AS DECIMAL(18,2)) AS total, MIN(p.payment) AS lowest, MAX(p.payment) AS highest
FROM payments p
WHERE p.track = :track
GROUP BY p.release, p.mac, p.locality, p.setting
ORDER BY p.release, p.mac, p.locality, p.setting
