"""What every page shares and no page owns: htmx headers, tables, filters, errors, formatting, assets, security headers."""
