-- Which of these numbers, in upper case, no new case may have: that of a case the actor may not see among them, and
-- those of purged ones. An import asks it before it writes, and can so refuse the one line instead of all of them.
CREATE FUNCTION taken_numbers(wanted text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT upper(c.number) FROM cases c
    WHERE c.tenant_id = current_tenant()
      AND c.number = ANY (wanted || ARRAY(SELECT upper(number) FROM unnest(wanted) AS number))
    UNION SELECT upper(p.number) FROM purged_cases p
    WHERE p.tenant_id = current_tenant()
      AND lower(p.number) = ANY (ARRAY(SELECT lower(number) FROM unnest(wanted) AS number))
$$;
REVOKE ALL ON FUNCTION taken_numbers(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION taken_numbers(text[]) TO @app@;

-- Which of these external ids some case has, whether the actor may see it or not.
CREATE FUNCTION taken_external_ids(channels text[], external_ids text[])
RETURNS TABLE (channel text, external_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT c.channel, c.external_id FROM unnest(channels, external_ids) AS w(channel, external_id)
    JOIN cases c ON c.tenant_id = current_tenant() AND c.channel = w.channel AND c.external_id = w.external_id
$$;
REVOKE ALL ON FUNCTION taken_external_ids(text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION taken_external_ids(text[], text[]) TO @app@;
