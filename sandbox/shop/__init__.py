"""The sandbox shop: WooCommerce REST v3 with invented customers, real traps and switchable faults."""
