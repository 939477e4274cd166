-- What a rewound history is known by. Cluster and timeline are in the row since the beginning; a dump that is restored into another database of the
-- same cluster is known by that database's own number. None until a server of this version has looked.
ALTER TABLE installation ADD COLUMN database_oid bigint;
-- Whoever polls heads sees that a topic began anew.
GRANT SELECT (epoch) ON sync_topics TO floorline_poll;
