-- Limits that all servers of a fleet share.
-- Token buckets, by a key that says what is limited: an address, a client, a login that is tried. They are counted
-- before a tenant is known, so they are no tenant's, and only the functions below reach them. UNLOGGED: a crash fills
-- the buckets, which harms nobody, and a request waits for no disk.

CREATE UNLOGGED TABLE rate_buckets (
    bucket TEXT NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    filled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    full_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (bucket)
);
CREATE INDEX rate_buckets_full ON rate_buckets (full_at);
ALTER TABLE rate_buckets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON rate_buckets TO @owner@ USING (true) WITH CHECK (true);
REVOKE ALL ON rate_buckets FROM PUBLIC;

-- Take up to `want` tokens from a bucket that holds `burst` and fills at `rate` a second. `granted` 0: none is there
-- for `wait` seconds. `remaining` is what the bucket holds afterwards.
CREATE FUNCTION take_tokens(
    bucket text, rate double precision, burst int, want int,
    OUT granted int, OUT wait double precision, OUT remaining int
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
#variable_conflict use_column
DECLARE
    level double precision;
    filled timestamptz;
    instant timestamptz;
BEGIN
    IF NOT (rate > 0 AND burst > 0 AND want > 0 AND length(take_tokens.bucket) <= 200) THEN
        RAISE EXCEPTION 'a bucket needs a short name, a rate, a size and a wish above zero' USING ERRCODE = '22023';
    END IF;
    INSERT INTO rate_buckets VALUES (take_tokens.bucket, burst, clock_timestamp(), clock_timestamp())
    ON CONFLICT DO NOTHING;
    SELECT b.tokens, b.filled_at INTO level, filled FROM rate_buckets b WHERE b.bucket = take_tokens.bucket FOR UPDATE;
    -- Read after the lock is held: whoever waited for it must not fill the bucket for the time before.
    instant := clock_timestamp();
    -- A bucket that was pruned between the two statements was full.
    level := least(burst, coalesce(level, burst)
                          + rate * greatest(0, extract(epoch FROM instant - coalesce(filled, instant))));
    granted := least(want, floor(level)::int);
    level := level - granted;
    wait := CASE WHEN granted > 0 THEN 0 ELSE (1 - level) / rate END;
    remaining := floor(level)::int;
    UPDATE rate_buckets b SET tokens = level, filled_at = instant,
           full_at = instant + make_interval(secs => (burst - level) / rate)
    WHERE b.bucket = take_tokens.bucket;
END $$;

-- Forget buckets that are full again: they are as good as new ones.
CREATE FUNCTION prune_rate_buckets() RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    WITH gone AS (
        DELETE FROM rate_buckets WHERE bucket IN (
            SELECT b.bucket FROM rate_buckets b WHERE b.full_at < now() LIMIT 10000 FOR UPDATE SKIP LOCKED)
        RETURNING 1)
    SELECT count(*)::int FROM gone
$$;

REVOKE ALL ON FUNCTION take_tokens(text, double precision, int, int), prune_rate_buckets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_tokens(text, double precision, int, int), prune_rate_buckets() TO @app@;
