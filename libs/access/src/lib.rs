//! Who is asking: tokens, tenants, scopes, policy read from the descriptors.
