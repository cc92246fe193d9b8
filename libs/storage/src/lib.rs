//! One SQL text, two databases; idempotency, outbox, inbox, leases.
