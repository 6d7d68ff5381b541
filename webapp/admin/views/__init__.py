"""Which reference data staff keep, and which of its columns and fields they see."""

from webapp.admin.views.catalog import CargoCompanyView, PriceListView, ProductView, StockListView
from webapp.admin.views.channels import ChannelListView, DataSourceView, MappingView
from webapp.admin.views.orders import CancellationReasonView, InstallmentView, PaymentOptionView, TagView

__all__ = [
    "CancellationReasonView",
    "CargoCompanyView",
    "ChannelListView",
    "DataSourceView",
    "InstallmentView",
    "MappingView",
    "PaymentOptionView",
    "PriceListView",
    "ProductView",
    "StockListView",
    "TagView",
]
