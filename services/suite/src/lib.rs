//! Roles composed into one process, and the command line.
