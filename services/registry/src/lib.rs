//! Which vehicle is this, who holds it, what burdens it, what was known when.
