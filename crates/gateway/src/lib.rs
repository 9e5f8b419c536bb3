//! HTTP protocols over storages: the embedded registry.
