-- What followers of events need: an epoch, the stretch of the audit that a page looks at, and where a time begins.
-- Rows are ordered by (xid, seq) and followed only below the oldest transaction that still runs: what commits later
-- always comes later in this order.

INSERT INTO desk_secrets (name, value) VALUES ('event_epoch', uuid_send(gen_random_uuid()));

CREATE FUNCTION event_horizon() RETURNS xid8 LANGUAGE sql STABLE
    RETURN pg_snapshot_xmin(pg_current_snapshot());

-- After a restore into another server old transaction ids mean nothing: they become one, whose rows go by seq, and
-- cursors handed out before are refused by the new epoch. Only the owner may call this.
CREATE FUNCTION begin_event_epoch() RETURNS void
LANGUAGE plpgsql SET search_path = desk, pg_temp AS $$
BEGIN
    UPDATE audit SET xid = '1' WHERE xid <> '1';
    UPDATE desk_secrets SET value = uuid_send(gen_random_uuid()) WHERE name = 'event_epoch';
END $$;

-- The next `most` rows of the tenant behind a place, seen or not: policies may hide all of a large audit from a
-- reader, and a page must end all the same. Without a place, the newest rows. Only places are told, no rows.
CREATE FUNCTION event_window(
    after_xid xid8, after_seq bigint, most int,
    OUT epoch bytea, OUT from_xid xid8, OUT from_seq bigint, OUT to_xid xid8, OUT to_seq bigint, OUT is_full boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    tenant int := current_tenant();
    horizon xid8 := event_horizon();
BEGIN
    epoch := (SELECT s.value FROM desk_secrets s WHERE s.name = 'event_epoch');
    IF after_xid IS NULL THEN
        SELECT w.xid, w.seq INTO to_xid, to_seq FROM audit w
        WHERE w.tenant_id = tenant AND w.xid < horizon ORDER BY w.xid DESC, w.seq DESC LIMIT 1;
        SELECT w.xid, w.seq INTO from_xid, from_seq FROM audit w
        WHERE w.tenant_id = tenant AND w.xid < horizon ORDER BY w.xid DESC, w.seq DESC OFFSET most LIMIT 1;
        is_full := false;
    ELSE
        from_xid := after_xid;
        from_seq := after_seq;
        SELECT w.xid, w.seq, w.place = most INTO to_xid, to_seq, is_full FROM (
            SELECT a.xid, a.seq, row_number() OVER (ORDER BY a.xid, a.seq) AS place FROM audit a
            WHERE a.tenant_id = tenant AND (a.xid, a.seq) > (after_xid, after_seq) AND a.xid < horizon
            ORDER BY a.xid, a.seq LIMIT most) w ORDER BY w.place DESC LIMIT 1;
    END IF;
    from_xid := coalesce(from_xid, '0');
    from_seq := coalesce(from_seq, 0);
    to_xid := coalesce(to_xid, from_xid);
    to_seq := coalesce(to_seq, from_seq);
    is_full := coalesce(is_full, false);
END $$;

-- The place to begin at for what was written from a time on. seq follows the clock; the order of transactions does
-- so but roughly: those that ran for up to ten minutes are allowed for, and the caller leaves out what is older.
CREATE FUNCTION event_place(since timestamptz) RETURNS xid8
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    tenant int := current_tenant();
    low bigint := (SELECT a.seq FROM audit a WHERE a.tenant_id = tenant ORDER BY a.seq LIMIT 1);
    high bigint := (SELECT a.seq + 1 FROM audit a WHERE a.tenant_id = tenant ORDER BY a.seq DESC LIMIT 1);
    middle bigint;
    probe record;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT a.seq, a.recorded_at INTO probe FROM audit a
        WHERE a.tenant_id = tenant AND a.seq >= middle ORDER BY a.seq LIMIT 1;
        IF probe.recorded_at < since - interval '10 minutes' THEN
            low := probe.seq + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN coalesce((SELECT a.xid FROM audit a WHERE a.tenant_id = tenant AND a.seq >= low ORDER BY a.seq LIMIT 1),
                    event_horizon());
END $$;

-- Where the audit of each tenant ends for followers, as text: what a server watches for all of them at once.
CREATE FUNCTION event_ends(tenants int[]) RETURNS TABLE (tenant_id int, place text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    horizon xid8 := event_horizon();
BEGIN
    RETURN QUERY SELECT t.id, (
            SELECT a.xid::text || '.' || a.seq::text FROM audit a
            WHERE a.tenant_id = t.id AND a.xid < horizon ORDER BY a.xid DESC, a.seq DESC LIMIT 1)
        FROM unnest(tenants) AS t(id);
END $$;

REVOKE ALL ON FUNCTION event_horizon(), begin_event_epoch(), event_window(xid8, bigint, int), event_place(timestamptz),
    event_ends(int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_horizon(), event_window(xid8, bigint, int), event_place(timestamptz), event_ends(int[])
    TO @app@;
