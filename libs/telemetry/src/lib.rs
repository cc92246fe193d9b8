//! Traces, metrics, logs; returns a guard that flushes.
