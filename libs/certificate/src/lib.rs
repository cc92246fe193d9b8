//! Make and check certificates: COSE/CWT, QR, log proofs, status lists.
