-- What the provider last said of the account behind a channel: JSON in the provider's own words (quality, limit, throughput). Nothing secret.
ALTER TABLE channel ADD COLUMN health TEXT;
