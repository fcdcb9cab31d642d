SELECT
  (CAST(EXTRACT(EPOCH FROM "at") * 1000000 AS BIGINT) + 62135596800000000) / 60000000 * 60 - 62135596800 AS "bucket",
  COALESCE(CAST("region" AS TEXT), '') AS "group",
  CAST(SUM(CASE WHEN ("route" = 'checkout' AND "path" NOT LIKE '/health%') AND "status" < 500 THEN 1 ELSE 0 END) AS BIGINT) AS good_0,
  CAST(SUM(CASE WHEN ("route" = 'checkout' AND "path" NOT LIKE '/health%') THEN 1 ELSE 0 END) AS BIGINT) AS total_0,
  CAST(SUM(CASE WHEN "route" = 'checkout' AND "duration_ms" IS NOT NULL AND "duration_ms" <= 300.1 THEN 1 ELSE 0 END) AS BIGINT) AS good_1,
  CAST(SUM(CASE WHEN "route" = 'checkout' AND "duration_ms" IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS total_1,
  CAST(SUM(CASE WHEN ("path" ~ '^/api/v[0-9]+/' AND NOT ("user-agent" ILIKE '%bot%' OR "status" IS NULL)) AND ("status" BETWEEN 200 AND 399 OR ("status" = 404 AND STARTS_WITH(REVERSE("path"), REVERSE('.ico')))) THEN 1 ELSE 0 END) AS BIGINT) AS good_2,
  CAST(SUM(CASE WHEN ("path" ~ '^/api/v[0-9]+/' AND NOT ("user-agent" ILIKE '%bot%' OR "status" IS NULL)) THEN 1 ELSE 0 END) AS BIGINT) AS total_2
FROM events
WHERE "at" IS NOT NULL AND "at" >= TIMESTAMPTZ '2026-03-28 22:00:00+00' AND "at" < TIMESTAMPTZ '2026-03-29 00:00:00+00'
GROUP BY 1, 2
ORDER BY 1, 2;

-- Predicates as written, and as this engine reads them.

-- status < 500
"status" < 500

-- status BETWEEN 200 AND 299 OR status = 304
"status" BETWEEN 200 AND 299 OR "status" = 304

-- NOT (status >= 500)
NOT ("status" >= 500)

-- status NOT IN (500, 503)
"status" NOT IN (500, 503)

-- status IS NULL OR status <> 404
"status" IS NULL OR "status" <> 404

-- path LIKE '/api/%'
"path" LIKE '/api/%'

-- path NOT LIKE '%\%'
"path" NOT LIKE '%\\%'

-- path LIKE 'back\slas_'
"path" LIKE 'back\\slas_'

-- path LIKE '%!%%' ESCAPE '!'
"path" LIKE '%\%%'

-- path LIKE '/a\_b' ESCAPE '\'
"path" LIKE '/a\_b'

-- path LIKE 'two_lines' OR path LIKE '/_n_'
"path" LIKE 'two_lines' OR "path" LIKE '/_n_'

-- path ILIKE '/aPi/%cart'
"path" ILIKE '/aPi/%cart'

-- lower(path) = '/api/v1/cart' AND upper(path) <> 'X'
LOWER("path") = '/api/v1/cart' AND UPPER("path") <> 'X'

-- path IN ('it''s', 'say "hi"', 'back\slash', 'x;--')
"path" IN ('it''s', 'say "hi"', 'back\slash', 'x;--')

-- regexp_matches(path, '^/api/v\d+/[\w.-]+$')
"path" ~ '^/api/v[0-9]+/[A-Za-z0-9_.-]+$'

-- path ~ 't.o|\\|^$' OR path ~ 'two.lines'
"path" ~ 't[^\n]o|\\|^$' OR "path" ~ 'two[^\n]lines'

-- "user-agent" IS NULL OR NOT starts_with(lower("user-agent"), 'bot')
"user-agent" IS NULL OR NOT STARTS_WITH(LOWER("user-agent"), 'bot')

-- ends_with(path, 'cart') OR contains(path, '%') OR contains(path, '\')
STARTS_WITH(REVERSE("path"), REVERSE('cart')) OR STRPOS("path", '%') > 0 OR STRPOS("path", '\') > 0

-- length(path) = 4 AND substr(path, 2) <> 'a_b' AND substr(path, 1, 2) <> '/1'
LENGTH("path") = 4 AND SUBSTR("path", 2) <> 'a_b' AND SUBSTR("path", 1, 2) <> '/1'

-- TRY_CAST(code AS INTEGER) < 500
(CASE WHEN CAST("code" AS TEXT) ~ '^\s*[-+]?[0-9]{1,18}\s*$' THEN CAST(CAST("code" AS TEXT) AS BIGINT) END) < 500

-- CAST(status AS VARCHAR) LIKE '5__'
CAST("status" AS TEXT) LIKE '5__'

-- bytes / (status - 200) > 1.5
CAST("bytes" AS DOUBLE PRECISION) / NULLIF(CAST(("status" - 200) AS DOUBLE PRECISION), 0) > 1.5

-- bytes % 3 = 1 AND bytes * 2 + 1 > -3
"bytes" % 3 = 1 AND ("bytes" * 2) + 1 > -3

-- bytes / 1024 = 1.5
CAST("bytes" AS DOUBLE PRECISION) / 1024 = 1.5

-- coalesce(status, 200) < 500
COALESCE("status", 200) < 500

-- nullif(status, 500) IS NULL
NULLIF("status", 500) IS NULL

-- CASE WHEN cached THEN duration_ms < 10 ELSE duration_ms < 100.5 END
CASE WHEN "cached" THEN "duration_ms" < 10 ELSE "duration_ms" < 100.5 END

-- round(duration_ms) IN (3, 4, -3)
(CASE WHEN "duration_ms" < 0 THEN CEIL("duration_ms" - 0.5) ELSE FLOOR("duration_ms" + 0.5) END) IN (3, 4, -3)

-- floor(duration_ms) = 2 OR ceil(abs(duration_ms)) = 100
FLOOR("duration_ms") = 2 OR CEIL(ABS("duration_ms")) = 100

-- duration_ms <= 300.1
"duration_ms" <= 300.1

-- greatest(status, bytes) > 1000
GREATEST("status", "bytes") > 1000

-- cached
"cached"

-- NOT cached AND cached IS NOT TRUE
NOT "cached" AND NOT COALESCE("cached", FALSE)

-- cached IS NOT FALSE
NOT COALESCE(NOT "cached", FALSE)

-- amount = 0.3 OR amount + 0.1 = 0.401
"amount" = 0.3 OR "amount" + 0.1 = 0.401

-- year(ts) = 2026 AND month(ts) = 3 AND day(ts) = 29 AND minute(ts) < 30
EXTRACT(YEAR FROM "ts") = 2026 AND EXTRACT(MONTH FROM "ts") = 3 AND EXTRACT(DAY FROM "ts") = 29 AND EXTRACT(MINUTE FROM "ts") < 30

-- hour(ts) = 23 AND dayofweek(ts) = 6
EXTRACT(HOUR FROM "ts") = 23 AND EXTRACT(DOW FROM "ts") = 6

-- ts >= TIMESTAMP '2026-03-28 23:00:00'
"ts" >= CAST('2026-03-28 23:00:00' AS TIMESTAMP)

-- TRUE
TRUE
