"""WooCommerce's REST API v3. README.md lists each field with its source."""
