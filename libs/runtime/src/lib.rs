//! What a process needs around its services: config layers, the hardened server, shutdown.
