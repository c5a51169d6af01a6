-- What another conversion factor does to a mix of services in a place: each service, and all of them.
-- :mix table (code text, modifier text, setting text, units integer) = mix.csv -- services, and how often they are given
-- :release text = RVU26A -- release whose relative values and GPCIs hold
-- :mac text = 15202 -- Medicare Administrative Contractor
-- :locality text = 00 -- locality number
-- :factor decimal = 32.3465 -- conversion factor to try
-- A fee is rounded once, half up to the cent, and is no more than its OPPS imaging cap, which changes with the factor too.
-- A service of the mix that the release does not pay in its setting has no amount and is in no sum: see `reason`.
WITH factor AS (
    SELECT CAST(conversion_factor AS DECIMAL(9,4)) AS present, CAST(:factor AS DECIMAL(9,4)) AS other
    FROM conversion_factors
    WHERE release = :release AND service = 'physician' AND track = 'non_qp'
), weighted AS (
    SELECT m.code, m.modifier, m.setting, m.units, f.present, f.other,
        v.work * l.gpci_work + v.mp * l.gpci_mp
            + CASE m.setting WHEN 'facility' THEN v.pe_facility ELSE v.pe_nonfacility END * l.gpci_pe AS fee,
        CASE WHEN v.opps_pe_nonfacility <> 0 OR v.opps_pe_facility <> 0 OR v.opps_mp <> 0
            THEN v.work * l.gpci_work + v.opps_mp * l.gpci_mp
                + CASE m.setting WHEN 'facility' THEN v.opps_pe_facility ELSE v.opps_pe_nonfacility END * l.gpci_pe
            END AS cap,
        CASE WHEN v.code IS NULL THEN 'not_on_fee_schedule' WHEN NOT v.priced THEN v.unpriced_reason
            WHEN CASE m.setting WHEN 'facility' THEN v.pe_facility_na ELSE v.pe_nonfacility_na END
            THEN 'not_applicable_in_setting' END AS reason
    FROM :mix m
    CROSS JOIN factor f
    JOIN localities l ON l.release = :release AND l.mac = :mac AND l.locality = :locality
    LEFT JOIN relative_values v ON v.release = :release AND v.code = m.code AND v.modifier = m.modifier
), paid AS (
    SELECT code, modifier, setting, units, reason,
        CAST(CASE WHEN reason IS NULL THEN ROUND(LEAST(fee, COALESCE(cap, fee)) * present, 2) END AS DECIMAL(12,2)) AS payment,
        CAST(CASE WHEN reason IS NULL THEN ROUND(LEAST(fee, COALESCE(cap, fee)) * other, 2) END AS DECIMAL(12,2)) AS payment_then
    FROM weighted
), line AS (
    SELECT 1 AS part, code, modifier, setting, units, payment, payment_then, payment * units AS total,
        payment_then * units AS total_then, reason
    FROM paid
    UNION ALL
    SELECT 2, 'all', '', '', SUM(units), NULL, NULL, SUM(payment * units), SUM(payment_then * units), NULL
    FROM paid
)
SELECT code, modifier, setting, CAST(units AS BIGINT) AS units, payment, payment_then,
    CAST(total AS DECIMAL(18,2)) AS total, CAST(total_then AS DECIMAL(18,2)) AS total_then,
    CAST(total_then - total AS DECIMAL(18,2)) AS change, reason
FROM line
ORDER BY part, code, modifier, setting, units
