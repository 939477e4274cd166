DROP TABLE quiet_hours, push_subscriptions;
