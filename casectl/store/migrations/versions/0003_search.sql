-- Words as people typed them: all of them ('plain'), in this order ('phrase'), in this order with the last as a
-- beginning ('phrase_prefix'), or all as beginnings ('prefix').
CREATE OR REPLACE FUNCTION search_query(words text, mode text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = desk, pg_temp SET client_min_messages = warning AS $$
BEGIN
    CASE mode
        WHEN 'plain' THEN RETURN plainto_tsquery('pg_catalog.simple', left(words, 10000));
        WHEN 'phrase' THEN RETURN phraseto_tsquery('pg_catalog.simple', left(words, 10000));
        WHEN 'phrase_prefix' THEN
            RETURN (nullif(phraseto_tsquery('pg_catalog.simple', left(words, 10000))::text, '') || ':*')::tsquery;
        WHEN 'prefix' THEN RETURN (
            SELECT string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
            FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', left(words, 10000)))) AS word);
    END CASE;
END $$;
