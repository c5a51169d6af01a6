-- The services whose national payment changed most from one release to another, in dollars, both settings.
-- :from text = RVU25D -- release before
-- :to text = RVU26A -- release after
-- :count integer = 50 -- how many
-- The national payment has every GPCI at 1.000 and no cap. A share is in tenths of a percent, rounded half away from zero:
-- dividing a multiple by its divisor is exact in every engine, which a plain quotient is not.
WITH national AS (
    SELECT v.release, v.code, v.modifier, s.setting,
        ROUND((v.work + v.mp + CASE s.setting WHEN 'facility' THEN v.pe_facility ELSE v.pe_nonfacility END)
            * CAST(f.conversion_factor AS DECIMAL(9,4)), 2) AS amount
    FROM relative_values v
    JOIN conversion_factors f ON f.release = v.release AND f.service = 'physician' AND f.track = 'non_qp'
    CROSS JOIN (VALUES ('nonfacility'), ('facility')) AS s(setting)
    WHERE v.priced AND v.release IN (:from, :to)
        AND NOT (CASE s.setting WHEN 'facility' THEN v.pe_facility_na ELSE v.pe_nonfacility_na END)
), moved AS (
    SELECT after.code, after.modifier, after.setting, before.amount AS before, after.amount AS after,
        CAST(ROUND(before.amount * 100, 0) AS BIGINT) AS before_cents,
        CAST(ROUND(ABS(after.amount - before.amount) * 100, 0) AS BIGINT) AS moved_cents
    FROM national after
    JOIN national before ON before.code = after.code AND before.modifier = after.modifier
        AND before.setting = after.setting AND before.release = :from
    WHERE after.release = :to AND after.amount <> before.amount
), shared AS (
    SELECT moved.*, 2000 * moved_cents + before_cents AS dividend, 2 * before_cents AS divisor
    FROM moved
    WHERE before_cents > 0
)
SELECT m.code, m.modifier, m.setting, c.title, CAST(m.before AS DECIMAL(12,2)) AS before,
    CAST(m.after AS DECIMAL(12,2)) AS after, CAST(m.after - m.before AS DECIMAL(12,2)) AS change,
    CAST(CASE WHEN m.after < m.before THEN -1 ELSE 1 END * CAST((m.dividend - MOD(m.dividend, m.divisor)) / m.divisor AS BIGINT)
        AS BIGINT) AS change_permille
FROM shared m
JOIN codes c ON c.release = :to AND c.code = m.code
ORDER BY m.moved_cents DESC, m.code, m.modifier, m.setting
LIMIT :count
