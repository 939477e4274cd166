-- Where in a trace a job was written, as a W3C `traceparent`: its run goes on from there. None where nothing was traced.
ALTER TABLE jobs ADD COLUMN traceparent text;
