"""The sandbox bank: one ledger of payments and refunds behind a Stripe-shaped and an iyzico-shaped door."""
