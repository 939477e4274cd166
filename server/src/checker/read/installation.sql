-- Receipts are kept 13 months; in a younger installation none can have been pruned.
SELECT server_epoch, created_at < now() - interval '13 months' AS receipts_pruned FROM installation
