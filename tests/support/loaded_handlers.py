"""Import it to load what the first request to the handlers loads: processes that are forked then have it already."""

from tests.support.contract import document
from tests.support.gateway import template_routes

template_routes()
document()
