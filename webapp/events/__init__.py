"""What happened to orders, plans and refunds, for systems that want to hear of it (webapp/webhooks delivers it).

A service calls `announce(session, news)` in the transaction of the change. Where nobody wants the event nothing is
written. This package knows no order: what news of an order look like is orders/service/news.py.
"""
