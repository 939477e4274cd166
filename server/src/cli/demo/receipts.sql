-- Receipts of the phones' streams, and of anything that was offered again or booked from them. `booked`: it has events.
SELECT r.stream_id, r.seq, encode(r.hash, 'hex') AS hash, r.outcome, r.reason, r.verdict, r.origin_stream_id, r.origin_seq,
       EXISTS (SELECT FROM events e WHERE e.org_id = r.org_id AND e.stream_id = r.stream_id AND e.seq = r.seq AND e.kind <> 'case.opened') AS booked
FROM sync_receipts r
WHERE r.stream_id = ANY ($1) OR r.origin_stream_id IS NOT NULL
