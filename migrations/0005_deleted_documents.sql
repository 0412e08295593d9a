-- The document that a waiting call is about, and the CRM event that tells of its end: with the document the process is gone, and a wait
-- that nobody waits at must not take the client's words.
ALTER TABLE wait ADD COLUMN document_id TEXT;
ALTER TABLE wait ADD COLUMN watch TEXT;
CREATE INDEX wait_document ON wait (portal, document_id) WHERE state = 'open';
CREATE INDEX wait_event ON wait (portal, watch) WHERE state = 'open';
