"""The one base of every view: who may enter, which rows and columns are shown, what leaves as a file.

Flask-Admin as it comes lets everybody in, edits every column, deletes without a token and exports formulas. Here a
view that forgets to say its permission, columns, form and service does not start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, make_response, request
from flask_admin.base import expose
from flask_admin.contrib.sqla import ModelView
from flask_wtf import FlaskForm
from sqlalchemy.orm import Query

from webapp.admin.access import Guarded
from webapp.admin.export import csv_response
from webapp.auth.login import safe_next
from webapp.auth.permissions import audit_context
from webapp.core import reference
from webapp.core.audit import record
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound
from webapp.core.reference import Kind
from webapp.ui.filters import LONGEST_TEXT, Pill, query_names
from webapp.ui.htmx import is_htmx

PAGE_SIZE = 50
DEEPEST_PAGE = 2000  # OFFSET reads what it leaves out: 100,000 rows are enough to page through by hand.


@dataclass(frozen=True)
class Pager:
    """Which rows are shown, counted from 1, and the addresses of the pages before and after."""

    first: int
    last: int
    previous_url: str | None
    next_url: str | None


class HardenedView(Guarded, ModelView):
    """A list of one table for people with one permission. Subclasses say what, never how."""

    # What every view must say, besides its permission.
    endpoint_name: ClassVar[str]
    url_name: ClassVar[str]
    kind: ClassVar[Kind[Any]]
    title: ClassVar[Any]
    # What a row is called: "Carrier “Aras” was added."
    singular: ClassVar[Any]
    # One sentence for the index page.
    summary: ClassVar[Any]

    # Names of the views that a subclass adds.
    own_views: ClassVar[tuple[str, ...]] = ()

    list_template = "admin/list.html"
    form_base_class = FlaskForm
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_export = True
    can_set_page_size = False
    simple_list_pager = True
    page_size = PAGE_SIZE
    # Flask-Admin's own write yes and no as pictures of an icon font that we do not have.
    column_type_formatters: ClassVar[dict[Any, Any]] = {}
    # Its own bulk deed deletes past the services.
    action_disallowed_list = ("delete",)

    def __init__(self) -> None:
        for name in (
            "permission",
            "endpoint_name",
            "url_name",
            "kind",
            "title",
            "singular",
            "summary",
            "form",
        ):
            if getattr(self, name, None) is None:
                raise TypeError(f"{type(self).__name__} does not say its {name}.")
        if not self.column_list or not self.column_default_sort:
            raise TypeError(f"{type(self).__name__} does not say its columns and their order.")
        offered = self._offered()
        # Flask-Admin's other ways to write and to look things up are not even routes.
        self._urls = [rule for rule in vars(type(self))["_urls"] if rule[1] in offered]
        super().__init__(self.kind.model, db, name=self.title, endpoint=self.endpoint_name, url=self.url_name)

    def _offered(self) -> set[str]:
        deeds = {
            "export": self.can_export,
            "create_view": self.can_create,
            "edit_view": self.can_edit,
            "delete_view": self.can_delete,
            "action_view": self.can_delete,
        }
        return {"index_view", *self.own_views} | {name for name, may in deeds.items() if may}

    def pills(self) -> Sequence[Pill]:
        """Filters beside the search; `narrowed` applies them."""
        return ()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        """The query with the request's filters."""
        return query

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        """The rows this person may know of; views of channel data narrow it to their channels."""
        return query

    def get_query(self) -> "Query[Any]":
        """The rows this person may know of, with the request's filters."""
        return self.narrowed(self.visible(super().get_query()))

    def get_one(self, id: str) -> Any:
        """The row. Raises NotFound also for one that is not this person's."""
        key = str(id)
        if not (key.isascii() and key.isdigit()) or len(key) > 18:
            raise NotFound(reference.GONE)
        column = self.kind.model.__mapper__.primary_key[0]
        row = self.visible(db.session.query(self.kind.model)).filter(column == int(key)).one_or_none()
        if row is None:
            raise NotFound(reference.GONE)
        return row

    def get_list(
        self, page: int | None, *args: Any, page_size: int | None = None, **values: Any
    ) -> tuple[None, list[Any]]:
        """One row more than a page is read, to know whether there is another page without counting."""
        page = min(max(page or 0, 0), DEEPEST_PAGE)
        size = page_size or self.page_size
        _, rows = super().get_list(page, *args, page_size=size, **values)
        self._template_args.update(has_next=len(rows) > size, page_number=page)
        return None, rows[:size]

    def _pager(self, values: dict[str, Any]) -> Pager:
        number, url_of = self._template_args["page_number"], values["pager_url"]
        first = number * self.page_size + 1
        return Pager(
            first=first,
            last=first + len(values["data"]) - 1,
            previous_url=url_of(number - 1) if number else None,
            next_url=url_of(number + 1) if self._template_args["has_next"] else None,
        )

    def _apply_pagination(self, query: "Query[Any]", page: int | None, page_size: int | None) -> "Query[Any]":
        if not page_size:
            return query
        return query.limit(page_size + 1).offset((page or 0) * page_size)

    def _get_list_extra_args(self) -> Any:
        # A filter with several ticks is several values under one name; Flask-Admin would keep one of them.
        view_args = super()._get_list_extra_args()
        # PostgreSQL refuses NUL.
        view_args.search = (view_args.search or "").replace("\0", "").strip()[:LONGEST_TEXT] or None
        mine = query_names(self.pills())
        view_args.extra_args = {name: request.args.getlist(name) for name in request.args if name in mine}
        return view_args

    def get_url(self, endpoint: str, **values: Any) -> str:
        """An address without what says nothing: our lists have one page size."""
        values.pop("page_size", None)
        url: str = super().get_url(endpoint, **values)
        return url

    def render(self, template: str, **values: Any) -> Response:
        """The page; of a list for htmx the fragment alone."""
        if template == self.list_template:
            values.update(
                pills=self.pills(), pager=self._pager(values), here_url=request.full_path.rstrip("?")
            )
            template = "admin/_list.html" if is_htmx() else template
        response = make_response(super().render(template, **values))
        response.vary.add("HX-Request")
        return response

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Response:
        """Exactly this list as CSV; the audit log keeps who took it."""
        if export_type != "csv":
            raise NotFound(reference.GONE)
        with unit_of_work() as session:
            record(session, audit_context(), f"{self.kind.word}.exported", subject=(self.kind.word, "list"))
        return csv_response(self, self._export_query())

    def _export_query(self) -> "Query[Any]":
        view_args = self._get_list_extra_args()
        column = self._get_column_by_idx(view_args.sort)
        chosen = (column[0] if column else None, view_args.sort_desc, view_args.search, view_args.filters)
        query: Query[Any] = super().get_list(0, *chosen, execute=False, page_size=0)[1]
        return query

    def row_url(self, row: Any, back_url: str) -> str | None:
        """Where a row's first column leads."""
        return self.get_url(".edit_view", id=reference.key_of(row), url=back_url) if self.can_edit else None

    def name_of(self, row: Any) -> str:
        """What people call the row: its first column."""
        return str(getattr(row, self.column_list[0]))

    def back_url(self) -> str:
        """Where the person came from, if it is ours; else the list."""
        return safe_next(request.values.get("url")) or self.get_url(".index_view")
