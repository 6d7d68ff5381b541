"""Payment gateways, one file each; none knows another. Which account uses which is in payments/accounts.py."""
