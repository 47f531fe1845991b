-- Work that a server does after its answer: which cases it is about is fixed when it is asked for.

CREATE TABLE jobs (
    tenant_id INTEGER NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT DEFAULT 'queued' NOT NULL,
    operation JSONB NOT NULL,
    case_numbers TEXT[] NOT NULL,
    actor_id INTEGER NOT NULL,
    rights TEXT[] NOT NULL,
    request_id TEXT NOT NULL,
    done INTEGER DEFAULT 0 NOT NULL,
    changed INTEGER DEFAULT 0 NOT NULL,
    unchanged INTEGER DEFAULT 0 NOT NULL,
    refused INTEGER DEFAULT 0 NOT NULL,
    outcomes JSONB DEFAULT '[]' NOT NULL,
    error JSONB,
    attempt INTEGER DEFAULT 0 NOT NULL,
    tries INTEGER DEFAULT 0 NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id),
    CONSTRAINT jobs_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled'))
);
CREATE INDEX jobs_waiting ON jobs (lease_until) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON jobs TO @owner@ USING (true) WITH CHECK (true);
CREATE POLICY of_actor ON jobs TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant())
           AND (actor_id = (SELECT current_actor()) OR (SELECT current_scope() = 'admin')));
GRANT SELECT ON jobs TO @app@, @read@;
GRANT INSERT ON jobs TO @app@;
GRANT UPDATE (state, done, changed, unchanged, refused, outcomes, error, tries, lease_until, finished_at) ON jobs TO @app@;

-- Take the job that has waited longest, of whatever tenant, for so many seconds; `attempt` tells this taking from
-- every other, so that who was slow or dead cannot write into it later. One that was taken five times without getting
-- on is given up; finished ones are forgotten after seven days.
CREATE FUNCTION claim_job(
    seconds int, OUT tenant_id int, OUT id bigint, OUT attempt int, OUT actor_id int, OUT rights text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    UPDATE jobs j SET state = 'failed', finished_at = now(),
        error = '{"code": "failure", "message": "it was begun five times and never got on"}'
    WHERE j.finished_at IS NULL AND j.tries >= 5 AND j.lease_until < now();
    UPDATE jobs j SET state = 'running', attempt = j.attempt + 1, tries = j.tries + 1,
        lease_until = now() + make_interval(secs => seconds), started_at = coalesce(j.started_at, now())
    FROM (SELECT w.tenant_id, w.id FROM jobs w
          WHERE w.finished_at IS NULL AND (w.lease_until IS NULL OR w.lease_until < now())
          ORDER BY w.lease_until NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED) c
    WHERE j.tenant_id = c.tenant_id AND j.id = c.id
    RETURNING j.tenant_id, j.id, j.attempt, j.actor_id, j.rights
    INTO claim_job.tenant_id, claim_job.id, claim_job.attempt, claim_job.actor_id, claim_job.rights;
    IF claim_job.id IS NULL THEN
        DELETE FROM jobs j WHERE j.finished_at < now() - interval '7 days';
    END IF;
END $$;

-- End a job that its actor may no longer go on with.
CREATE FUNCTION fail_job(wanted_tenant int, wanted_id bigint, wanted_attempt int, reason jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    UPDATE jobs SET state = 'failed', finished_at = now(), error = reason
    WHERE tenant_id = wanted_tenant AND id = wanted_id AND attempt = wanted_attempt AND finished_at IS NULL
$$;

REVOKE ALL ON FUNCTION claim_job(int), fail_job(int, bigint, int, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_job(int), fail_job(int, bigint, int, jsonb) TO @app@;
